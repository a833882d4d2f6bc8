package providers

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// Config is what a Sync needs.
type Config struct {
	// Name is the provider's in the configuration; with Apex it names the Sync.
	Name  string
	Apex  dnsname.Name
	Zone  hosted.Zone
	Rules plan.Rules
	Shape plan.Shape
	// Holder names this process in the fence.
	Holder string
	// Origins tells where the records of an owner name come from. wanted is false for
	// names that this provider does not get. It must not block. Defaults to none of
	// them known and all wanted.
	Origins func(owner dnsname.Name) (o Origin, wanted bool)
	// Ready says that the zone can be trusted to be whole; nothing is written before.
	// Defaults to true.
	Ready func() bool
	// Retire takes everything of ours out of the hosted zone: see PhaseRetired. Rules
	// should have neither Unheard nor a Drift then.
	Retire bool
	// DryRun decides and tells, and writes nothing.
	DryRun bool

	Window   time.Duration // for which changes are gathered. Defaults to 50 ms
	Audit    time.Duration // between listings. Defaults to 1 h; each varies by a tenth
	Deadline time.Duration // of each call but listings. Defaults to 30 s
	Listing  time.Duration // the longest that a listing may take. Defaults to 15 min
	Guard    Guard
	// Jitter gives numbers in [0, 1) that spread retries and audits. It is called by
	// one goroutine at a time. Defaults to math/rand/v2's Float64.
	Jitter func() float64

	Observer Observer     // Defaults to nobody
	Log      *slog.Logger // Defaults to slog.Default()
}

// Origin is where the records of an owner name come from.
type Origin struct {
	Object string       // as in plan.Part, of what no shard has
	Shards []plan.Shard // of address records
	// Routing goes before Shape's; nil: it does not.
	Routing *hosted.Policy
}

// Observer hears what a Sync did. It is called by one goroutine at a time, and must
// not block.
type Observer interface {
	// InSync hears that the change of a name, published at since, is on all of the
	// provider's name servers now.
	InSync(owner dnsname.Name, since time.Time)
	// Refused hears that the provider, or its known limits, refuse an Entry.
	Refused(key hosted.Key, objects []string, reason string)
	// Held hears that so many losses wait for a word; 0: no longer.
	Held(n int, reason string)
	// Retired hears that nothing of ours is left in the hosted zone.
	Retired()
}

type nobody struct{}

func (nobody) InSync(dnsname.Name, time.Time)       {}
func (nobody) Refused(hosted.Key, []string, string) {}
func (nobody) Held(int, string)                     {}
func (nobody) Retired()                             {}

// maxDirty bounds the names to look at; more than that, and all are.
const maxDirty = 100_000

// Sync keeps one hosted zone. All methods are safe for concurrent use, but Run, which
// is called once at a time, by whoever leads.
type Sync struct {
	cfg Config

	mu       sync.Mutex
	snapshot *zone.Snapshot
	dirty    map[dnsname.Name]time.Time // since when
	all      bool                       // look at every name
	status   Status
	released bool
	waiters  map[dnsname.Name]bool // whose losses are held; nil: nobody has looked yet
	adopt    []ownership.Adoption  // by somebody's word, not taken up yet

	wake     chan struct{} // holds one
	planning chan struct{} // holds one: who asked for a Plan that is being made
}

// New makes a Sync that knows nothing of its hosted zone yet.
func New(cfg Config) *Sync {
	setDefault(&cfg.Window, 50*time.Millisecond)
	setDefault(&cfg.Audit, time.Hour)
	setDefault(&cfg.Deadline, 30*time.Second)
	setDefault(&cfg.Listing, 15*time.Minute)
	if cfg.Origins == nil {
		cfg.Origins = func(dnsname.Name) (Origin, bool) { return Origin{}, true }
	}
	if cfg.Ready == nil {
		cfg.Ready = func() bool { return true }
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.Log = cfg.Log.With("provider", cfg.Name, "zone", cfg.Apex.String())
	s := &Sync{cfg: cfg, dirty: map[dnsname.Name]time.Time{}, wake: make(chan struct{}, 1), planning: make(chan struct{}, 1)}
	s.status = Status{Provider: cfg.Name, Zone: cfg.Apex.String(), Kind: cfg.Rules.Limits.Provider, DryRun: cfg.DryRun, Retire: cfg.Retire, Phase: PhaseStandby}
	return s
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Publish tells of the zone's next Snapshot, and what changed to it; nil: any name
// may have. It does not block. changes are only read.
func (s *Sync) Publish(next *zone.Snapshot, changes []zone.Change) {
	s.mu.Lock()
	s.all = s.all || s.snapshot == nil || changes == nil
	s.snapshot = next
	for _, c := range changes {
		s.mark(c.Key.Owner)
	}
	s.mu.Unlock()
	s.rouse()
}

// Recheck has all names looked at: what Rules.Unheard says may be otherwise.
func (s *Sync) Recheck() {
	s.mu.Lock()
	s.all = true
	s.mu.Unlock()
	s.rouse()
}

// Touch has names looked at, though the zone's records of them are the same: what
// their Origin says has changed.
func (s *Sync) Touch(owners ...dnsname.Name) {
	s.mu.Lock()
	for _, o := range owners {
		s.mark(o)
	}
	s.mu.Unlock()
	s.rouse()
}

// mark has a name looked at; mu is held.
func (s *Sync) mark(owner dnsname.Name) {
	if len(s.dirty) >= maxDirty {
		s.all = true
	}
	if _, ok := s.dirty[owner]; !ok && !s.all {
		s.dirty[owner] = time.Now()
	}
}

// Release lets the losses pass that are held now.
func (s *Sync) Release() {
	s.mu.Lock()
	s.released = true
	s.mu.Unlock()
	s.rouse()
}

func (s *Sync) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// work is what is to be looked at.
type work struct {
	snapshot *zone.Snapshot
	names    map[dnsname.Name]time.Time
	all      bool
	adopt    []ownership.Adoption
}

// take takes what is to be looked at.
func (s *Sync) take() work {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := work{s.snapshot, s.dirty, s.all, s.adopt}
	s.dirty, s.all, s.adopt = map[dnsname.Name]time.Time{}, false, nil
	return w
}

// waiting says that there is something to look at, and since when.
func (s *Sync) waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot != nil && (s.all || len(s.dirty) > 0 || s.released || s.adopt != nil)
}

// Run keeps the hosted zone until ctx is done. Whoever runs it leads: of all
// processes with the same owner one should, and the fence sees to it that only one
// succeeds at a time.
func (s *Sync) Run(ctx context.Context) {
	w := newWriter(s)
	defer w.end()
	w.run(ctx)
}

// want is what is wanted of a name, by type.
func (s *Sync) want(snapshot *zone.Snapshot, owner dnsname.Name) map[uint16]plan.Want {
	if s.cfg.Retire {
		return nil
	}
	origin, wanted := s.cfg.Origins(owner)
	if !wanted {
		return nil
	}
	shape := s.cfg.Shape
	if origin.Routing != nil {
		shape.Routing = *origin.Routing
	}
	var out map[uint16]plan.Want
	for r := range snapshot.Node(owner).RRsets() {
		if !s.ours(r) {
			continue
		}
		if w := shape.New(r, origin.Object, origin.Shards); !w.Entry.IsEmpty() {
			if out == nil {
				out = map[uint16]plan.Want{}
			}
			out[r.Type] = w
		}
	}
	return out
}

// ours leaves out what a hosted zone has of its own: its SOA, its name servers, its
// signatures, and a registry that has got into our zone.
func (s *Sync) ours(r zone.RRset) bool {
	switch r.Type {
	case zone.TypeSOA, zone.TypeRRSIG, zone.TypeNSEC, zone.TypeDNSKEY:
		return false
	case zone.TypeNS:
		return r.Owner != s.cfg.Apex
	}
	return !ownership.IsClaim(r.Key()) && !ownership.IsFence(r.Key())
}
