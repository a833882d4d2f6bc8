package transfer

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Secondary is a server to tell of changes.
type Secondary struct {
	Addr netip.AddrPort
	Key  dnsname.Name // signs what it is told; zero: nothing does
}

// NotifierConfig says whom to tell, and how often. All functions are called
// from any goroutine.
type NotifierConfig struct {
	// Secondaries lists a zone's. It is called for each change and must not block.
	Secondaries func(apex dnsname.Name) []Secondary
	// Keys is the Keyring as it is now; nil when no Secondary has a Key.
	Keys func() *tsig.Keyring
	// Failed hears why a secondary did not acknowledge; may be nil. It must not block for long.
	Failed func(apex dnsname.Name, to Secondary, err error)
	// Settle is how long a change waits for more. Defaults to 50 ms.
	Settle time.Duration
	// MaxGap is the most time between two NOTIFYs while a zone goes on changing;
	// the gap begins at Settle and doubles. Defaults to 1 s.
	MaxGap time.Duration
	// Tries is how often a secondary is told before it counts as failed. Defaults to 5.
	Tries int
	// Retry is how long the first try waits for its answer; each one waits twice as
	// long as the one before. Defaults to 1 s.
	Retry time.Duration
	// Dial opens a connected socket. Defaults to UDP.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
}

// maxExchanges is how many zones one secondary is told of at once. Those that
// wait behind a silent one are its own.
const maxExchanges = 16

// Notifier tells secondaries that zones changed (RFC 1996). For each zone and
// secondary there is at most one message outstanding, and one change waiting,
// the last. Its methods may be called from any goroutine.
type Notifier struct {
	cfg  NotifierConfig
	wake chan struct{} // ready is not empty

	mu      sync.Mutex // of what follows
	notices map[target]*notice
	ready   []target // notices whose goroutine has not begun
	slots   map[netip.AddrPort]chan struct{}

	sent, acknowledged, failed atomic.Uint64
}

type target struct {
	apex dnsname.Name
	to   Secondary
}

// notice is what a secondary is to be told of a zone.
type notice struct {
	soa     zone.RRset
	untold  bool
	changed chan struct{} // untold became true
}

// NewNotifier makes one that tells nobody before Run.
func NewNotifier(cfg NotifierConfig) *Notifier {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&cfg.Settle, 50*time.Millisecond)
	def(&cfg.MaxGap, time.Second)
	def(&cfg.Retry, time.Second)
	if cfg.Tries <= 0 {
		cfg.Tries = 5 // as RFC 1996 §3.6 suggests
	}
	if cfg.Keys == nil {
		cfg.Keys = func() *tsig.Keyring { return nil }
	}
	if cfg.Dial == nil {
		cfg.Dial = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "udp", to.String())
		}
	}
	return &Notifier{cfg: cfg, wake: make(chan struct{}, 1), notices: map[target]*notice{}, slots: map[netip.AddrPort]chan struct{}{}}
}

// NotifierCounts count messages, acknowledgements, and changes given up on.
type NotifierCounts struct{ Sent, Acknowledged, Failed uint64 }

// Counts tells what was done so far.
func (n *Notifier) Counts() NotifierCounts {
	return NotifierCounts{n.sent.Load(), n.acknowledged.Load(), n.failed.Load()}
}

// Changed says that a zone has a new SOA. It does not block, and keeps soa.
func (n *Notifier) Changed(apex dnsname.Name, soa zone.RRset) {
	list := n.cfg.Secondaries(apex)
	if len(list) == 0 {
		return
	}
	soa = own(soa)
	n.mu.Lock()
	for _, to := range list {
		t := target{apex, to}
		c := n.notices[t]
		if c == nil {
			c = &notice{changed: make(chan struct{}, 1)}
			n.notices[t] = c
			n.ready = append(n.ready, t)
		}
		c.soa, c.untold = soa, true
		nudge(c.changed)
	}
	n.mu.Unlock()
	nudge(n.wake)
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run tells secondaries until ctx is done, and returns when all its goroutines
// have. It is called once. The error is ctx's.
func (n *Notifier) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		n.mu.Lock()
		ready := n.ready
		n.ready = nil
		for _, t := range ready {
			c := n.notices[t]
			all.Go(func() { n.follow(ctx, t, c) })
		}
		n.mu.Unlock()
		select {
		case <-n.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow tells one secondary of one zone until there is nothing to tell for a while.
//
//	change            change                   changes all the time
//	  │ Settle → told   │ told                   │ told   │  told    │      told …
//	  └─────────────────┴─ gap ─┴─ quiet ─► end  └─ gap ──┴─ 2 gap ──┴─ 4 gap … MaxGap
func (n *Notifier) follow(ctx context.Context, t target, c *notice) {
	for gap := n.cfg.Settle; wait(ctx, n.cfg.Settle, nil); gap = min(2*gap, n.cfg.MaxGap) {
		told := time.Now()
		n.tell(ctx, t, c)
		if !wait(ctx, time.Until(told.Add(gap)), nil) {
			return
		}
		if !wait(ctx, time.Until(told.Add(quiet*n.cfg.Settle)), c.changed) || n.done(t, c) {
			return
		}
	}
}

// quiet is after how many times Settle without a change the next one counts as
// the first: four NOTIFYs a second are few.
const quiet = 5

// done ends a notice unless there is something to tell.
func (n *Notifier) done(t target, c *notice) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.untold {
		return false
	}
	delete(n.notices, t)
	return true
}

// take is the SOA to tell now.
func (n *Notifier) take(c *notice) zone.RRset {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.untold = false
	select {
	case <-c.changed:
	default:
	}
	return c.soa
}

// slot is what to hold while a secondary is told.
func (n *Notifier) slot(to netip.AddrPort) chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.slots[to] == nil {
		n.slots[to] = make(chan struct{}, maxExchanges)
	}
	return n.slots[to]
}

// wait lets time pass, or until early has something; false: ctx is done.
func wait(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-ctx.Done():
		return false
	}
	return ctx.Err() == nil
}
