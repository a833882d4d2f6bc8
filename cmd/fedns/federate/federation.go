package federate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/federation"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/kubefed"
	"github.com/fedns/fedns/federation/propagation"
	"github.com/fedns/fedns/federation/work"
)

// lookEvery is how often it is looked whether the members are others than before.
const lookEvery = time.Second

// Config is what a Federation is made of. What has no default is required.
type Config struct {
	Propagation config.Propagation
	Host        func() (*rest.Config, error) // read anew each time; the caller's
	Namespace   string                       // of the Lease, and of Bindings that have none
	Replica     string
	// Members are all there are; complete says that there are no others. Both are
	// asked every second.
	Members func() (all []Member, complete bool)
	// Access is how a member is reached, as of now; the caller's.
	Access func(name string) (*rest.Config, error)
	// Names tell what is answered, and Zones what names of Services are made of. Default
	// to nobody and to none.
	Names kubefed.Names
	Zones []kubefed.Zone
	// Tell hears what the operator should. It must not block. Defaults to nobody.
	Tell func(warning bool, reason, message string)
	Log  *slog.Logger
}

// Federation propagates while this replica leads. Its methods may be called from
// any goroutine.
type Federation struct {
	cfg   Config
	meter *meter

	mu    sync.Mutex
	term  *term // nil: this replica does not lead
	fault string
	seen  map[string]Member // each member as it was seen last, by which it is told that it can be reached anew
}

// term is a time of leadership with all that acts in it.
type term struct {
	engine     *federation.Engine
	propagator *propagation.Propagator
	lease      *Term
	details    *details
	kinds      *kinds

	mu       sync.Mutex
	clusters []*cluster.Cluster
	complete bool
}

// New makes a Federation; nothing is done before Run.
func New(cfg Config) *Federation {
	if cfg.Tell == nil {
		cfg.Tell = func(bool, string, string) {}
	}
	access := cfg.Host
	cfg.Host = func() (*rest.Config, error) {
		rc, err := access()
		if err != nil {
			return nil, err
		}
		// The Engine bounds how many calls there are at a time. client-go's own limit
		// of 5 a second would have a thousand Bindings take minutes.
		rc.QPS = -1
		return rc, nil
	}
	return &Federation{cfg: cfg, meter: newMeter()}
}

// Run propagates until ctx is done, whenever this replica leads.
func (f *Federation) Run(ctx context.Context) {
	election{f.cfg.Host, f.cfg.Namespace, f.cfg.Replica, f.cfg.Log}.run(ctx, func(ctx context.Context, lease *Term) {
		err := f.lead(ctx, lease)
		f.set(nil, err)
		if err != nil {
			f.cfg.Log.Error("propagation ended, and is begun anew", "error", err)
		}
	})
}

func (f *Federation) set(t *term, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.term, f.fault = t, ""
	if err != nil {
		f.fault = err.Error()
	}
}

func (f *Federation) now() *term {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.term
}

// lead is one term.
func (f *Federation) lead(ctx context.Context, lease *Term) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	host, err := f.open()
	if err != nil {
		return err
	}
	rc, err := f.cfg.Host()
	if err != nil {
		return err
	}
	number, _ := lease.Now()
	var void sync.Once
	confirm := func(ctx context.Context) error {
		err := lease.Confirm(ctx)
		if err == nil {
			void.Do(func() {
				f.cfg.Log.Warn("objects have marks of later terms, though nobody has led since: was the Lease deleted, or the host restored? They are written all the same", "lease", LeaseName, "term", number)
			})
		}
		return err
	}
	store, err := NewBindings(rc, f.cfg.Namespace, lease.Now, confirm, f.cfg.Log)
	if err != nil {
		return err
	}
	home, err := identify(ctx, rc)
	if err != nil {
		return err
	}
	t := &term{lease: lease, details: newDetails(host), kinds: newKinds(f.cfg.Access, f.cfg.Log)}
	referred := newReferred(ctx, host, func(key work.Key) { t.engine.Changed(key) }, f.cfg.Log)
	if t.propagator, err = propagation.New(propagation.Config{
		Members: f.cfg.Access, Home: home, Term: lease.Now, Confirm: confirm, CreateNamespaces: f.cfg.Propagation.CreateNamespaces, Called: f.meter.called, Log: f.cfg.Log,
		Tell: func(o work.Outcome) { t.engine.Outcome(o) },
		Outrun: func(name string, key work.Key, number int64) {
			f.cfg.Log.Warn("a leader of a later term has written: it is left alone", "cluster", name, "object", key.String(), "term", number)
		},
	}); err != nil {
		return err
	}
	spoken, err := f.dialects(host, t.cluster)
	if err != nil {
		return err
	}
	events, err := newEvents(rc, f.cfg.Replica, f.cfg.Tell)
	if err != nil {
		return err
	}
	defer events.end()
	t.engine = federation.New(federation.Config{
		Dialects: spoken, Store: store, Propagator: t.propagator, Clusters: t.members, Definitions: host, Referred: referred, Failover: f.cfg.Propagation.Failover,
		Withdrawals: f.cfg.Propagation.Withdrawals, DryRun: f.cfg.Propagation.DryRun, Leads: lease.leads, Tell: events.tell, Log: f.cfg.Log,
	})
	f.cfg.Log.Info("this replica propagates", "term", number)
	f.look(t)
	f.set(t, nil)
	watch := func(ctx context.Context) error {
		return store.Watch(ctx, rc, t.engine.Lost, t.engine.Edited, f.cfg.Log)
	}
	return f.run(ctx, cancel, t, host, referred, watch)
}

// run has all parts of a term work until ctx is done, or one ends by a fault.
func (f *Federation) run(ctx context.Context, cancel context.CancelFunc, t *term, host hostCluster, referred *referred, watch func(context.Context) error) error {
	var parts sync.WaitGroup
	faults := make(chan error, 6)
	part := func(run func(context.Context) error) {
		parts.Go(func() {
			defer cancel()
			if err := run(ctx); err != nil && ctx.Err() == nil {
				faults <- err
			}
		})
	}
	part(host.Run)
	part(t.details.run)
	part(t.kinds.run)
	part(t.engine.Run)
	part(watch)
	part(func(ctx context.Context) error {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				f.look(t)
			}
		}
	})
	parts.Wait()
	referred.wait()
	close(faults)
	var err error
	for fault := range faults {
		err = errors.Join(err, fault)
	}
	return err
}

// look takes in the members as they are now.
func (f *Federation) look(t *term) {
	all, complete := f.cfg.Members()
	t.kinds.of(all)
	complete = complete && t.details.synced() // which taints and labels they have counts as well
	next := make([]*cluster.Cluster, 0, len(all))
	var reached []string
	f.mu.Lock()
	seen := make(map[string]Member, len(all))
	for _, m := range all {
		c := t.details.cluster(m)
		c.Kinds = t.kinds.served(m.Name)
		if was := t.cluster(m.Name); was != nil && equal(was, c) {
			c = was // one that is known to be the same need not be compared again
		}
		next = append(next, c)
		if was, known := f.seen[m.Name]; known && m.reachedAnew(was) {
			reached = append(reached, m.Name)
		}
		seen[m.Name] = m
	}
	f.seen = seen
	f.mu.Unlock()
	cluster.Sort(next)
	t.mu.Lock()
	same := t.complete == complete && slices.EqualFunc(t.clusters, next, equal)
	if !same {
		t.clusters, t.complete = next, complete
	}
	t.mu.Unlock()
	if !same {
		t.engine.Recheck()
	}
	for _, name := range reached {
		t.propagator.Changed(name)
	}
}

// members are those of a term (federation.Config).
func (t *term) members() ([]*cluster.Cluster, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clusters, t.complete
}

func (t *term) cluster(name string) *cluster.Cluster {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := slices.BinarySearchFunc(t.clusters, name, func(c *cluster.Cluster, name string) int {
		if c.Name < name {
			return -1
		} else if c.Name > name {
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return t.clusters[i]
}

// errFollows says that another replica is to be asked.
var errFollows = errors.New("another replica propagates: ask that one")

// Release has all withdrawals made that are held.
func (f *Federation) Release() (int, error) {
	t := f.now()
	if t == nil {
		return 0, fmt.Errorf("nothing is released here: %w", errFollows)
	}
	return t.engine.Release(), nil
}

// Status is how propagation stands. The JSON names are part of the API.
type Status struct {
	Leads   bool   `json:"leads"`
	Term    int64  `json:"term,omitempty"`
	DryRun  bool   `json:"dryRun,omitempty"`
	Error   string `json:"error,omitempty"`
	Orders  int    `json:"orders"`
	Queued  int    `json:"queued"`
	Held    int    `json:"held"` // withdrawals that wait for fedns release --federation
	Synced  bool   `json:"synced"`
	Leaving int    `json:"leaving"`
}

// Status tells how propagation stands on this replica.
func (f *Federation) Status() Status {
	f.mu.Lock()
	s := Status{DryRun: f.cfg.Propagation.DryRun, Error: f.fault}
	t := f.term
	f.mu.Unlock()
	if t == nil {
		return s
	}
	stats := t.engine.Stats()
	s.Leads, s.Orders, s.Queued, s.Held, s.Synced, s.Leaving = true, stats.Orders, stats.Queued, stats.Held, stats.Synced, stats.Leaving
	s.Term, _ = t.lease.Now()
	return s
}

// Bindings are what is placed, where this replica leads; with reasons, why each
// cluster gets what it gets.
func (f *Federation) Bindings(reasons bool) ([]federation.Placed, error) {
	t := f.now()
	if t == nil {
		return nil, errFollows
	}
	return t.engine.Bindings(reasons), nil
}

// Plan is what would be written to members, where this replica leads.
func (f *Federation) Plan() ([]federation.Action, error) {
	t := f.now()
	if t == nil {
		return nil, errFollows
	}
	return t.engine.Plan(), nil
}

// Shares is what each cluster has, by its name; nil where this replica does not lead.
func (f *Federation) Shares() map[string]federation.Share {
	if t := f.now(); t != nil {
		return t.engine.Shares()
	}
	return nil
}
