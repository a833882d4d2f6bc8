package manifest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/join"
)

const (
	// debounce is how long the folder has to be quiet before it is read: a
	// save is several events. maxDebounce bounds that for one never quiet.
	debounce    = 30 * time.Millisecond
	maxDebounce = 200 * time.Millisecond

	// look is how often the folder is looked at without an event: not every
	// file system tells, a link to a folder may be turned elsewhere, a folder
	// may come and go. Where nothing changed a look is one stat a file.
	look      = 2 * time.Second
	lookBlind = 250 * time.Millisecond // while there is nothing to watch

	tell  = 5 * time.Second // between two reports of LastSync
	batch = 500             // the most Groups in one Update
)

// Config says which folder is which cluster. Cluster and Dir are required.
type Config struct {
	Cluster cluster.ID
	Dir     string         // need not exist yet
	Rules   cluster.Export // which export rules are switched on; Defaults to all
	Log     *slog.Logger   // hears what is wrong with the manifests; Defaults to slog.Default()
}

// Source follows one folder; see cluster.Source. A Source may be Run again
// after Run returned, but not twice at once.
type Source struct {
	cfg Config
	log *slog.Logger
}

var _ cluster.Source = (*Source)(nil)

// New prepares a Source. It does not look at the folder.
func New(cfg Config) (*Source, error) {
	if cfg.Dir == "" {
		return nil, fmt.Errorf("cluster %s: want the path of a folder of manifests", cfg.Cluster)
	}
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	return &Source{cfg: cfg, log: cfg.Log.With("cluster", string(cfg.Cluster))}, nil
}

// Check reads a folder once and returns all that is wrong with it, each on one
// line, and how many objects count.
func Check(dir string) (objects int, wrong []error) {
	f := newFolder(dir, slog.New(slog.DiscardHandler))
	if _, err := f.read(); err != nil {
		return 0, []error{fmt.Errorf("folder %s: %w", dir, err)}
	}
	for _, file := range f.inOrder() {
		wrong = append(wrong, file.faults...)
	}
	all, doubles := f.objects()
	for _, d := range doubles {
		wrong = append(wrong, d)
	}
	return len(all), wrong
}

// Run follows the folder until ctx is done; see cluster.Source. It returns an
// error only where the system has no way to watch files left.
func (s *Source) Run(ctx context.Context, up chan<- cluster.Update) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cluster %s: watch %s: %w", s.cfg.Cluster, s.cfg.Dir, err)
	}
	defer watcher.Close()
	r := &run{
		Source: s, up: up, watcher: watcher, folder: newFolder(s.cfg.Dir, s.log),
		join:  join.New(join.Config{Cluster: s.cfg.Cluster, Rules: s.cfg.Rules, Log: s.cfg.Log}),
		state: cluster.State{Phase: cluster.Syncing, Since: time.Now()},
	}
	if r.tell(ctx) {
		r.loop(ctx)
	}
	return nil
}

// run is one Run of a Source; it belongs to one goroutine.
type run struct {
	*Source
	up      chan<- cluster.Update
	watcher *fsnotify.Watcher
	folder  *folder
	join    *join.Join
	state   cluster.State
	toldAt  time.Time
	fed     int   // folder.changes when the join was last fed
	lived   bool  // the cluster was Live once
	watched bool  // the watcher has the folder
	blind   error // why it has not
}

func (r *run) loop(ctx context.Context) {
	timer := time.NewTimer(0) // the first look is now
	defer timer.Stop()
	var first time.Time // event since the last look
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-r.watcher.Events:
			if !ok {
				return
			}
			now := time.Now()
			if first.IsZero() {
				first = now
			}
			timer.Reset(min(debounce, max(0, maxDebounce-now.Sub(first))))
		case <-r.watcher.Errors: // the kernel's queue ran over: something has changed
			timer.Reset(debounce)
		case <-timer.C:
			first = time.Time{}
			again, ok := r.look(ctx)
			if !ok {
				return
			}
			timer.Reset(again)
		}
	}
}

// look reads the folder, tells what differs, and says when to look again.
// ok is false when ctx is done.
func (r *run) look(ctx context.Context) (again time.Duration, ok bool) {
	r.watch()
	settling, err := r.folder.read()
	phase, reason := cluster.Live, ""
	if err != nil {
		phase, reason = cluster.Unreachable, fmt.Sprintf("folder %s: %v", r.cfg.Dir, err)
		r.unwatch()
	} else {
		r.feed()
		// Later a new file that is malformed is only an error in the log: all
		// that was ever told stands.
		if unknown := r.folder.unknown(); unknown != nil && !r.lived {
			// Not Syncing: that passes by itself, this waits for an operator.
			phase, reason = cluster.Unreachable, unknown.Error()
		}
		r.lived = r.lived || phase == cluster.Live
		r.state.LastSync = time.Now()
	}
	changed := phase != r.state.Phase
	if changed {
		r.state.Phase, r.state.Since = phase, time.Now()
	}
	changed = changed || reason != r.state.Reason
	r.state.Reason = reason
	if faults := r.folder.lines(maxFaults); !slices.Equal(faults, r.state.Faults) {
		r.state.Faults, changed = faults, true
	}
	if !r.groups(ctx) || (changed || time.Since(r.toldAt) >= tell && err == nil) && !r.tell(ctx) {
		return 0, false
	}
	switch {
	case settling:
		return settle, true
	case !r.watched:
		return lookBlind, true
	}
	return look, true
}

// watch makes the watcher watch the folder that is there now. Adding it before
// reading it leaves no gap between the two.
func (r *run) watch() {
	if r.watched && (r.folder.moved() || len(r.watcher.WatchList()) == 0) {
		r.unwatch()
	}
	if r.watched {
		return
	}
	err := r.watcher.Add(r.cfg.Dir)
	r.watched = err == nil
	if err != nil && r.blind == nil && r.folder.exists() {
		r.log.Warn("folder cannot be watched; looking at it now and then", "folder", r.cfg.Dir, "error", err)
	}
	r.blind = err
}

func (r *run) unwatch() {
	if r.watched {
		// It fails when the folder is gone, and the watch with it.
		_ = r.watcher.Remove(r.cfg.Dir)
		r.watched = false
	}
}

// feed gives the objects that stand to the join, if they differ from before.
func (r *run) feed() {
	if r.fed == r.folder.changes {
		return
	}
	r.fed = r.folder.changes
	var services []join.Service
	var parts []join.Slice
	var exports []join.Export
	var nodes []join.Node
	var ingresses []join.Ingress
	var gateways []join.Gateway
	var routes []join.Route
	all, _ := r.folder.objects()
	for _, o := range all {
		switch fact := o.fact.(type) {
		case join.Service:
			services = append(services, fact)
		case join.Slice:
			parts = append(parts, fact)
		case join.Export:
			exports = append(exports, fact)
		case join.Node:
			nodes = append(nodes, fact)
		case join.Ingress:
			ingresses = append(ingresses, fact)
		case join.Gateway:
			gateways = append(gateways, fact)
		case join.Route:
			routes = append(routes, fact)
		}
	}
	r.log.Info("manifests are read", "folder", r.cfg.Dir, "services", len(services), "endpointslices", len(parts),
		"serviceexports", len(exports), "nodes", len(nodes), "ingresses", len(ingresses), "gateways", len(gateways), "httproutes", len(routes), "ignored", r.folder.ignored())
	// What the files were seen to hold no longer somebody took out of them.
	r.join.ReplaceServices(services, cluster.Deleted)
	r.join.ReplaceSlices(parts, cluster.Deleted)
	r.join.ReplaceExports(exports, cluster.Deleted)
	r.join.ReplaceIngresses(ingresses, cluster.Deleted)
	r.join.ReplaceGateways(gateways, cluster.Deleted)
	r.join.ReplaceRoutes(routes, cluster.Deleted)
	r.join.ReplaceNodes(nodes)
}

// groups sends what differs from what was last told. false: ctx is done.
func (r *run) groups(ctx context.Context) bool {
	if topology := r.join.TakeTopology(); topology != nil {
		if !r.send(ctx, cluster.Update{Cluster: r.cfg.Cluster, Topology: topology}) {
			return false
		}
	}
	for more := true; more; {
		var groups []cluster.Group
		groups, more = r.join.Take(batch, true)
		if len(groups) > 0 && !r.send(ctx, cluster.Update{Cluster: r.cfg.Cluster, Groups: groups, Losing: r.join.Losing(groups)}) {
			return false
		}
	}
	return true
}

// tell sends the State. false: ctx is done.
func (r *run) tell(ctx context.Context) bool {
	r.toldAt = time.Now()
	state := r.state
	return r.send(ctx, cluster.Update{Cluster: r.cfg.Cluster, State: &state})
}

func (r *run) send(ctx context.Context, u cluster.Update) bool {
	select {
	case r.up <- u:
		return true
	case <-ctx.Done():
		return false
	}
}
