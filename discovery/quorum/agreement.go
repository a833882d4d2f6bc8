package quorum

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// fresh is for how long a replica counts after its Lease moved: three renewals.
const fresh = 15 * time.Second

// Config is what an Agreement needs. Report is required, and Identity with Connect.
type Config struct {
	// Identity is this replica's name, other than all others': a DNS label.
	Identity string
	// Connect makes a client of the host cluster's Leases, in the namespace where
	// the replicas keep theirs. It is called again after a failure, so that changed
	// credentials are taken up; it connects to nothing itself. nil: there is no host
	// cluster, and this is the only replica.
	Connect func() (Leases, error)
	// Report hears of each change of a cluster that was set. It is called by Run,
	// one call at a time.
	Report func(cluster.ID, Agreed)
	// Log hears of what Stats.Findings tells. Defaults to slog.Default().
	Log *slog.Logger
}

// Agreed is what the replicas agree on.
type Agreed struct {
	Data, API cluster.Liveness
	Findings  []string // who disagrees, a line each
}

// Stats is how the replicas stand.
type Stats struct {
	Fresh    int      // replicas, this one among them
	Findings []string // what keeps replicas from agreeing, a line each
}

// Agreement is one replica's part. All methods may be called from any goroutine;
// none blocks but Run.
type Agreement struct {
	cfg  Config
	wake chan struct{} // of the decision
	say  chan struct{} // of the exchange: the own view has changed

	mu      sync.Mutex
	own     map[cluster.ID]*subject
	peers   peers
	begun   time.Time // of Run
	trouble troubles
	stats   Stats
}

// subject is a cluster.
type subject struct {
	data, api cluster.Liveness // as this replica sees it
	agreed    Agreed           // as last decided
	told      bool             // agreed was taken to be reported
}

func (s *subject) opinion() Opinion { return Opinion{s.data.Signal, s.api.Signal} }

// New makes an Agreement on nothing.
func New(cfg Config) *Agreement {
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	return &Agreement{
		cfg: cfg, wake: make(chan struct{}, 1), say: make(chan struct{}, 1),
		own: map[cluster.ID]*subject{}, stats: Stats{Fresh: 1},
	}
}

// SetData says what this replica sees of a cluster's data plane.
func (a *Agreement) SetData(id cluster.ID, l cluster.Liveness) {
	a.set(id, func(s *subject) { s.data = l })
}

// SetAPI says whether this replica reaches a cluster's API server.
func (a *Agreement) SetAPI(id cluster.ID, l cluster.Liveness) {
	a.set(id, func(s *subject) { s.api = l })
}

func (a *Agreement) set(id cluster.ID, change func(*subject)) {
	a.mu.Lock()
	s := a.own[id]
	if s == nil {
		s = &subject{}
		a.own[id] = s
	}
	before := s.opinion()
	change(s)
	changed := s.opinion() != before
	a.mu.Unlock()
	signalTo(a.wake)
	if changed {
		signalTo(a.say)
	}
}

// Forget drops a cluster: nothing is reported of it any more.
func (a *Agreement) Forget(id cluster.ID) {
	a.mu.Lock()
	delete(a.own, id)
	a.mu.Unlock()
	signalTo(a.say)
}

// Stats is how the replicas stand now.
func (a *Agreement) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	s.Findings = slices.Clone(s.Findings)
	return s
}

// view is what this replica sees.
func (a *Agreement) view() View {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.viewLocked()
}

func (a *Agreement) viewLocked() View {
	v := View{}
	for id, s := range a.own {
		v[id] = s.opinion()
	}
	return v
}

// Run exchanges views and reports until ctx is done. It is called once.
func (a *Agreement) Run(ctx context.Context) {
	a.mu.Lock()
	a.begun = time.Now()
	a.mu.Unlock()
	var running sync.WaitGroup
	defer running.Wait()
	if a.cfg.Connect != nil {
		x := newExchange(a)
		running.Go(func() { x.run(ctx) })
	}
	ticker := time.NewTicker(time.Second) // replicas get old without an event
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-ticker.C:
		}
		due, findings := a.decide(time.Now())
		for _, f := range findings {
			a.cfg.Log.Warn("replicas may not agree", "finding", f)
		}
		for _, id := range slices.Sorted(maps.Keys(due)) {
			if ctx.Err() != nil {
				return
			}
			a.cfg.Report(id, due[id])
		}
	}
}

func signalTo(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
