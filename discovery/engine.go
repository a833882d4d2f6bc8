package discovery

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/ingress"
	"github.com/fedns/fedns/discovery/state"
	"github.com/fedns/fedns/discovery/store"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/discovery/tide"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// A Publisher puts edits into the zones that are served. Publish routes each
// edit to the deepest zone that holds its owner name, drops those that no zone
// holds, and returns when the rest can be answered. The error names what was
// refused; how much of edits was made then is not known, and the Engine will
// publish the Services concerned once more, whole. Publish is called by one
// goroutine at a time and may block; edits are not changed afterwards.
type Publisher interface {
	Publish(edits []zone.Edit) error
}

// A Resolver keeps LoadBalancer hostnames resolved: see ingress.Resolver, whose
// contract it has.
type Resolver interface {
	Acquire(hostname string, last ...netip.Addr) error
	Release(hostname string)
	Run(ctx context.Context, changes chan<- ingress.Change)
}

// Member is one member cluster as the configuration has it.
type Member struct {
	ID cluster.ID
	// Place is where the cluster is. An empty Region, or no Zones, is filled in
	// from what its nodes tell.
	Place synth.Place
	// Word is what the configuration says of the cluster. It and what SetWord said
	// last both count: the stronger one is heeded.
	Word evidence.Word
	// Source is run by the Engine, and run again, one run after the other, when a
	// run failed. A tide.User is told how far the cluster's store had come.
	Source cluster.Source
	// Revision stands for all that Source was made from. While it stays the same a
	// new Source is not looked at: the one that runs goes on.
	Revision string
}

// Config is what an Engine needs. The zero Config works: there are no names then.
type Config struct {
	Federation synth.Federation
	Resolver   Resolver      // Defaults to none: hostnames stay unresolved
	Keeper     Keeper        // Defaults to none: nothing is kept over a restart
	Journey    Journey       // Defaults to none: nobody wants to know
	Follower   Follower      // Defaults to none: Origins matter to nobody
	Log        *slog.Logger  // Defaults to slog.Default()
	Batch      int           // Services published at a time. Defaults to 1000
	RestartMin time.Duration // wait before a failed Source runs again, doubled each time. Defaults to 1 s
	RestartMax time.Duration // Defaults to 1 min
	RetryMin   time.Duration // wait before refused records are published again, doubled each time. Defaults to 1 s
	RetryMax   time.Duration // Defaults to 1 min

	// Seen hears whether an API server is reached whenever that changes. It is called
	// by Run's goroutine, and must return soon. Defaults to nobody.
	Seen func(cluster.ID, cluster.Liveness)

	// Notify hears what the operator should: a cluster that steps behind or is held, or
	// withdrawals that are. It is called like Seen. Defaults to nobody.
	Notify func(Notice)

	Evidence    evidence.Policy // how clusters are judged
	Withdrawals evidence.Limits // what may be withdrawn at a time
}

// Notice is something that the operator should hear of.
type Notice struct {
	Cluster cluster.ID
	Warning bool
	Reason  string // one word: StandingChanged, StandingHeld, WithdrawalsHeld, WithdrawalsMade
	Message string
}

// Engine is the wing's one moving part. All methods but Run return at once, or
// nearly so, and may be called from any goroutine, before Run and after it.
type Engine struct {
	cfg Config
	log *slog.Logger
	pub Publisher

	wake     chan struct{} // the desired state changed
	events   chan event
	resolved chan ingress.Change
	asked    chan dnsname.Name // by clients, and not there
	sources  sync.WaitGroup
	resolve  synth.Resolve // addresses

	// mu guards what follows. The loop alone writes it, but for desired, members
	// and what is in them, and so reads the rest without the lock.
	mu      sync.RWMutex
	desired desired
	members map[cluster.ID]*member
	store   *store.Store
	// attic is what was kept over a restart of clusters that are no members yet.
	attic      map[cluster.ID]*state.Cluster
	atticWhole bool // nothing that was kept is missing from it
	hosts      map[string]*host
	// hostsBefore are the addresses that were kept over a restart of hostnames that no
	// Service has asked for yet.
	hostsBefore map[string][]netip.Addr
	findings    map[cluster.ServiceKey][]synth.Finding
	refused     map[cluster.ServiceKey]*refusal
	words       map[cluster.ID]spoken // of clusters that are no members
	names       *synth.Synthesizer    // as the members' places make them
	stats       Stats

	loop loop // of Run's goroutine only
}

// waiting is how many reports of Sources wait for the loop, beside the one that each
// Source holds: few, for with a hundred clusters being listed they are what memory
// is taken by.
const waiting = 128

// desired is what was asked for and the loop has not taken up yet.
type desired struct {
	federation *synth.Federation
	removed    []cluster.ID
	members    bool // members or places are others
	complete   bool // there are no members but those
	judge      bool // signals or words are others
	policy     *evidence.Policy
	limits     *evidence.Limits
	release    []cluster.ID
	republish  []func() // to be called when everything was
}

// loop is the state that no one but Run's goroutine sees.
type loop struct {
	federation synth.Federation
	places     map[cluster.ID]synth.Place
	synth      *synth.Synthesizer
	uses       map[cluster.ID]synth.Use // of synth
	policy     evidence.Policy
	limits     evidence.Limits
	guard      evidence.Guard               // of all names
	unjudged   bool                         // something that verdicts depend on has changed
	judgeAt    time.Time                    // when time changes them; zero: never
	judgeTimer *time.Timer                  // nil: never
	mendAt     time.Time                    // when mend ends
	mend       *time.Timer                  // nil: nothing that is held can be let go
	stale      map[cluster.ServiceKey]stale // Services whose published records another Synthesizer made
	queue      []cluster.ServiceKey         // of stale, in the order they are worked off
	// gathering ends when the clusters have made a pause; nil: it has ended.
	gathering   *time.Timer
	gathered    bool // once is enough
	gatherUntil time.Time
	heard       bool // a cluster reported something just now
	emptied     bool // queue was worked off
	batch       batch
	travellers  []traveller   // reports in the batch whose Journey goes on
	states      []stateChange // wait until what they rest on is published
	retry       *time.Timer   // nil: nothing is refused
	retryWait   time.Duration
	told        map[tellKey]bool
	runs        uint32          // of all Sources: each has a number of its own
	gone        []cluster.ID    // removed members whose Groups are to be withdrawn
	adopted     []cluster.ID    // whose kept Groups are not all published yet
	done        []func()        // to be called when no Service is stale
	redo        bool            // a panic left unknown what was done: make all anew
	always      chan struct{}   // closed: a receiver never waits
	groups      []cluster.Group // scratch, as is others
	others      []cluster.Group
}

// New makes an Engine without members; nothing happens before Run.
func New(cfg Config, pub Publisher) *Engine {
	cfg.Batch = cmp.Or(cfg.Batch, 1000)
	cfg.RestartMin = cmp.Or(cfg.RestartMin, time.Second)
	cfg.RestartMax = cmp.Or(cfg.RestartMax, time.Minute)
	cfg.RetryMin = cmp.Or(cfg.RetryMin, time.Second)
	cfg.RetryMax = cmp.Or(cfg.RetryMax, time.Minute)
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	e := &Engine{
		cfg: cfg, log: cfg.Log, pub: pub,
		wake: make(chan struct{}, 1), events: make(chan event, waiting), resolved: make(chan ingress.Change), asked: make(chan dnsname.Name, maxAsked),
		members: map[cluster.ID]*member{}, store: store.New(), hosts: map[string]*host{},
		findings: map[cluster.ServiceKey][]synth.Finding{}, refused: map[cluster.ServiceKey]*refusal{},
		words: map[cluster.ID]spoken{},
	}
	e.loop = loop{
		policy: cfg.Evidence, limits: cfg.Withdrawals,
		federation: cfg.Federation, stale: map[cluster.ServiceKey]stale{}, told: map[tellKey]bool{},
		batch: batch{old: map[cluster.ServiceKey]change{}}, always: make(chan struct{}),
	}
	close(e.loop.always)
	e.resolve = e.addresses
	e.loop.synth, _ = synth.New(cfg.Federation, nil)
	e.names = e.loop.synth
	e.loop.stale[fixed] = stale{} // not published yet
	e.loop.queue = []cluster.ServiceKey{fixed}
	return e
}

// SetMembers says which member clusters there are: all of them. New ones are
// started, missing ones stopped and their Groups withdrawn (that is the
// operator's act), those with another Revision restarted, with what is known of
// them standing until the new run has reported. The last of several with one ID
// counts. What was kept over a restart of clusters not among them is dropped.
func (e *Engine) SetMembers(ms []Member) { e.setMembers(ms, true) }

// SetMembersSoFar is SetMembers for a list that is not complete yet: what was
// kept over a restart of clusters not among ms goes on being kept, unanswered.
func (e *Engine) SetMembersSoFar(ms []Member) { e.setMembers(ms, false) }

func (e *Engine) setMembers(ms []Member, complete bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	want := make(map[cluster.ID]bool, len(ms))
	for _, m := range ms {
		want[m.ID] = true
		have := e.members[m.ID]
		switch {
		case have == nil:
			now := &member{Member: m, state: cluster.State{Since: time.Now()}, tides: tide.New(nil)}
			now.kept.word, now.kept.wordAt = e.words[m.ID].word, e.words[m.ID].at
			e.members[m.ID] = now
			delete(e.words, m.ID)
		case have.unstated || have.Revision != m.Revision:
			have.stop()
			have.Member, have.unstated = m, false
			have.state = cluster.State{Since: time.Now(), LastSync: have.state.LastSync}
		default:
			have.Place, have.Word = m.Place, m.Word
		}
	}
	for id, m := range e.members {
		if !want[id] && (complete || !m.unstated) {
			if m.kept.word != evidence.NoWord { // it holds until it is taken back
				e.words[id] = spoken{m.kept.word, m.kept.wordAt}
			}
			m.stop()
			delete(e.members, id)
			e.desired.removed = append(e.desired.removed, id)
		}
	}
	e.desired.members, e.desired.judge, e.desired.complete = true, true, complete
	e.nudge()
}

// SetFederation changes which names there are, and republishes what differs.
func (e *Engine) SetFederation(f synth.Federation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.desired.federation = &f
	e.nudge()
}

// Republish publishes every Service whole, as is due when a zone was added: its
// edits were dropped until then. When all that is known was published, or
// refused, done is called, by Run's goroutine; it must return soon.
func (e *Engine) Republish(done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.desired.republish = append(e.desired.republish, done)
	e.nudge()
}

func (e *Engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// addresses gives the last good addresses of a hostname (synth.Resolve).
func (e *Engine) addresses(hostname string) (addrs []netip.Addr, stale bool) {
	if h := e.hosts[hostname]; h != nil {
		return h.addrs, !h.answered
	}
	return nil, false
}
