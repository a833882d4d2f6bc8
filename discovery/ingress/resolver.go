package ingress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Config is what a Resolver needs. The zero Config works where /etc/resolv.conf names a server.
type Config struct {
	Servers []string      // host:port, asked in this order. Defaults to those of /etc/resolv.conf
	MinTTL  time.Duration // no hostname is asked more often. Defaults to 5 s
	MaxTTL  time.Duration // nor less often. Defaults to 5 min
	Timeout time.Duration // of one question to one server. Defaults to 2 s
	Workers int           // hostnames asked at a time. Defaults to 64

	// Own says that a name is answered by this very daemon. Such hostnames are
	// never asked, nor believed as the target of an alias: the answer would be
	// made of itself for ever. It is called from several goroutines and must not
	// block. Defaults to never.
	Own func(dnsname.Name) bool
}

// Change tells that a hostname's addresses, or what there is to say of it, are
// others now. It owns Addrs.
type Change struct {
	Hostname string
	Addrs    []netip.Addr // all there are, sorted; empty: none known
	Finding  string       // why a hostname cannot be resolved, or not any more; empty: it can
	Open     bool         // no server has answered for it yet: what it resolves to is not known
}

// Resolver resolves hostnames for as long as they are wanted. Its methods may be
// called from any goroutine.
type Resolver struct {
	cfg    Config
	lookup func(context.Context, dnsname.Name) ([2]outcome, error)
	wake   chan struct{} // something was acquired

	mu       sync.Mutex
	schedule schedule
}

// New makes a Resolver; nothing is asked before Run. The error is that no server
// is known.
func New(cfg Config) (*Resolver, error) {
	cfg.MinTTL = cmp.Or(cfg.MinTTL, 5*time.Second)
	cfg.MaxTTL = max(cmp.Or(cfg.MaxTTL, 5*time.Minute), cfg.MinTTL)
	cfg.Timeout = cmp.Or(cfg.Timeout, 2*time.Second)
	cfg.Workers = max(cmp.Or(cfg.Workers, 64), 1)
	if cfg.Own == nil {
		cfg.Own = func(dnsname.Name) bool { return false }
	}
	up, err := newUpstream(cfg)
	if err != nil {
		return nil, err
	}
	return newResolver(cfg, up.lookup), nil
}

func newResolver(cfg Config, lookup func(context.Context, dnsname.Name) ([2]outcome, error)) *Resolver {
	return &Resolver{cfg: cfg, lookup: lookup, wake: make(chan struct{}, 1), schedule: newSchedule(cfg.Workers)}
}

// Acquire asks for hostname's addresses until Release was called as often. The
// first Change follows when the first answer, or the first failure, is there.
// last are the addresses that were known before, if any: they are the last good
// ones until there is an answer. Only those of the first Acquire count.
// The error says that the text is no name; then there is nothing to release.
// Acquire does not block.
func (r *Resolver) Acquire(hostname string, last ...netip.Addr) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.schedule.entries[hostname]; e != nil {
		e.wanted++
		return nil
	}
	name, err := dnsname.Parse(hostname)
	if err != nil {
		return fmt.Errorf("load balancer hostname: %w", err)
	}
	e := &entry{hostname: hostname, name: name, wanted: 1}
	e.state.recall(last)
	r.schedule.add(e, time.Now())
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// Release gives up one Acquire. After the last one the hostname is forgotten
// and no Change of it begins any more. Release does not block.
func (r *Resolver) Release(hostname string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.schedule.entries[hostname]
	if e == nil {
		return
	}
	if e.wanted--; e.wanted == 0 {
		r.schedule.remove(e)
	}
}

// Len counts the hostnames wanted.
func (r *Resolver) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.schedule.entries)
}

// answer is what asking came to.
type answer struct {
	entry *entry
	got   [2]outcome
	err   error
}

// Run asks what is due until ctx is done, and sends Changes; a send waits for
// the receiver. It owns all goroutines, and they are gone when it returns.
func (r *Resolver) Run(ctx context.Context, changes chan<- Change) {
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan answer, r.cfg.Workers) // so that no answer waits for a slow receiver of Changes
	var asking sync.WaitGroup
	defer r.putBack()
	defer asking.Wait()
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(r.begin(ctx, &asking, answers))
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		case a := <-answers:
			change, tell := r.observe(a)
			if !tell {
				continue
			}
			select {
			case changes <- change:
			case <-ctx.Done():
				return
			}
		}
	}
}

// begin asks all that may be asked now, and tells for how long that is all.
func (r *Resolver) begin(ctx context.Context, asking *sync.WaitGroup, answers chan<- answer) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		e, wait := r.schedule.next(time.Now())
		if e == nil {
			return wait
		}
		var ask context.Context
		ask, e.stop = context.WithCancel(ctx)
		asking.Go(func() { answers <- r.ask(ask, e) })
	}
}

func (r *Resolver) ask(ctx context.Context, e *entry) answer {
	a := answer{entry: e}
	if r.cfg.Own(e.name) {
		a.err = ownError(e.name)
	} else {
		a.got, a.err = r.lookup(ctx, e.name)
	}
	return a
}

// putBack makes what was being asked when Run ended due for the next Run.
func (r *Resolver) putBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range slices.Clone(r.schedule.asked) {
		if r.schedule.landed(e) {
			r.schedule.wait(e, e.class, time.Now())
		}
	}
}

// errLate is told when one of A and AAAA was answered, and the other gave way.
var errLate = fmt.Errorf("no answer to one of A and AAAA within %s", patience)

// observe takes an answer in, sets when to ask again, and tells what is new.
func (r *Resolver) observe(a answer) (Change, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := a.entry
	if !r.schedule.landed(e) {
		return Change{}, false // released
	}
	own := isOwn(a.err)
	if e.late && !own {
		switch {
		case a.got[0].kind == failed && a.got[1].kind == failed: // it was not given its time: no failure
			r.schedule.wait(e, slow, time.Now())
			return Change{}, false
		case a.got[0].kind == failed || a.got[1].kind == failed:
			a.err = errLate
		}
	}
	before, was := e.state.addrs(), e.state.answered
	again := e.state.observe(a.got, a.err, timing{r.cfg.MinTTL, r.cfg.MaxTTL})
	if own {
		e.state = state{err: a.err, answered: true} // nothing of it may stand
		again = r.cfg.MaxTTL
	}
	next := prompt
	if e.state.failures > 0 {
		next = slow
	}
	r.schedule.wait(e, next, time.Now().Add(jitter(again)))
	now, finding := e.state.addrs(), ""
	if a.err != nil {
		finding = fmt.Sprintf("load balancer hostname %s: %v", e.hostname, a.err)
	}
	if e.told && finding == e.finding && slices.Equal(before, now) && was == e.state.answered {
		return Change{}, false
	}
	e.told, e.finding = true, finding
	return Change{e.hostname, now, finding, !e.state.answered}, true
}

// ownError refuses a hostname that this daemon answers itself.
type ownError dnsname.Name

func (e ownError) Error() string {
	return fmt.Sprintf("%s lies in a zone served here: its answer would be made of itself", dnsname.Name(e))
}

func isOwn(err error) bool { return errors.As(err, new(ownError)) }
