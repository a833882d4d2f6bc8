package probe

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// Config is what a Prober needs. Report is required.
type Config struct {
	// Report hears of each change of a cluster: a new signal, or why it is one. It
	// is called by Run, one call at a time; while it blocks, tries go on, and of a
	// cluster that changes meanwhile the newest is reported; only targets that are
	// new wait to be begun. A cluster that is no
	// longer probed is reported Unknown, once.
	Report func(cluster.ID, cluster.Liveness)
	// Dial connects. Defaults to a net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Log hears of each change of a target. Defaults to slog.Default().
	Log *slog.Logger
}

// Prober tries the targets of clusters. All methods may be called from any goroutine.
type Prober struct {
	cfg  Config
	wake chan struct{} // of Run: something is to be started, stopped or reported

	mu       sync.Mutex
	clusters map[cluster.ID]*probed
	dirty    map[cluster.ID]bool // to be reported
	fresh    []*prober           // to be started
}

// probed is one cluster.
type probed struct {
	targets []*prober // in the order of the configuration
	now     cluster.Liveness
}

// prober tries one target. The Prober's mu guards it, but for what never changes.
type prober struct {
	id      cluster.ID
	target  Target
	stopped chan struct{} // closed when the target is no longer wanted

	pace   Pace
	streak streak
}

// Stats is how the clusters stand that are probed.
type Stats struct {
	Clusters map[cluster.ID]cluster.Signal
	Targets  int
}

// New makes a Prober of nothing; Set gives it clusters.
func New(cfg Config) *Prober {
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
	}
	return &Prober{cfg: cfg, wake: make(chan struct{}, 1), clusters: map[cluster.ID]*probed{}, dirty: map[cluster.ID]bool{}}
}

// Set says what is probed from now on: these clusters and no others. A target
// that its cluster had before goes on with what is known of it, at the new pace. A
// cluster without targets is as if it were not there.
func (p *Prober) Set(clusters []Cluster) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.clusters
	p.clusters = map[cluster.ID]*probed{}
	for _, c := range clusters {
		if len(c.Targets) == 0 {
			continue
		}
		old := before[c.ID]
		delete(before, c.ID)
		if old == nil {
			old = &probed{}
		}
		p.clusters[c.ID] = p.renew(c, old)
		p.fold(c.ID)
	}
	for id, old := range before {
		for _, t := range old.targets {
			close(t.stopped)
		}
		p.dirty[id] = true
	}
	p.signal()
}

// renew is a cluster as c says, with the targets of old that stay.
func (p *Prober) renew(c Cluster, old *probed) *probed {
	next := &probed{now: old.now}
	kept := map[Target]*prober{}
	for _, t := range old.targets {
		kept[t.target] = t
	}
	pace := c.Pace.complete()
	for i, target := range c.Targets {
		if slices.Contains(c.Targets[:i], target) {
			continue
		}
		t := kept[target]
		delete(kept, target)
		if t == nil {
			t = &prober{id: c.ID, target: target, stopped: make(chan struct{})}
			p.fresh = append(p.fresh, t)
		}
		t.pace = pace
		next.targets = append(next.targets, t)
	}
	for _, t := range kept {
		close(t.stopped)
	}
	return next
}

// fold computes a cluster anew; mu is held.
func (p *Prober) fold(id cluster.ID) {
	c := p.clusters[id]
	var all []verdict
	for _, t := range c.targets {
		all = append(all, verdict{t.target, t.streak.said, t.streak.why})
	}
	if now := fold(all, c.now, time.Now()); now != c.now {
		c.now = now
		p.dirty[id] = true
		p.signal()
	}
}

func (p *Prober) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run tries targets and reports until ctx is done, and returns when every try has
// ended. It is called once.
func (p *Prober) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		fresh, reports := p.due()
		for _, t := range fresh {
			running.Go(func() { p.follow(ctx, t) })
		}
		for _, id := range slices.Sorted(maps.Keys(reports)) {
			if ctx.Err() != nil {
				return
			}
			p.cfg.Report(id, reports[id])
		}
	}
}

// due takes what is to be started and reported.
func (p *Prober) due() (fresh []*prober, reports map[cluster.ID]cluster.Liveness) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh, p.fresh = p.fresh, nil
	reports = map[cluster.ID]cluster.Liveness{}
	for id := range p.dirty {
		if c := p.clusters[id]; c != nil {
			reports[id] = c.now
		} else {
			reports[id] = fold(nil, cluster.Liveness{}, time.Now())
		}
	}
	clear(p.dirty)
	return fresh, reports
}

// Stats is how the clusters stand now.
func (p *Prober) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Clusters: map[cluster.ID]cluster.Signal{}}
	for id, c := range p.clusters {
		s.Clusters[id] = c.now.Signal
		s.Targets += len(c.targets)
	}
	return s
}
