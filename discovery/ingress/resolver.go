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
	Workers int           // hostnames asked at a time. Defaults to 8

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
	cfg.Workers = max(cmp.Or(cfg.Workers, 8), 1)
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
	return &Resolver{cfg: cfg, lookup: lookup, wake: make(chan struct{}, 1), schedule: newSchedule()}
}

// Acquire asks for hostname's addresses until Release was called as often. The
// first Change follows when the first answer, or the first failure, is there.
// The error says that the text is no name; then there is nothing to release.
// Acquire does not block.
func (r *Resolver) Acquire(hostname string) error {
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
	r.schedule.add(&entry{hostname: hostname, name: name, wanted: 1}, time.Now())
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

// answer is what a worker brings back.
type answer struct {
	entry *entry
	got   [2]outcome
	err   error
}

// Run asks what is due until ctx is done, and sends Changes; a send waits for
// the receiver. It owns all goroutines, and they are gone when it returns.
func (r *Resolver) Run(ctx context.Context, changes chan<- Change) {
	ctx, cancel := context.WithCancel(ctx)
	jobs := make(chan *entry)
	answers := make(chan answer, r.cfg.Workers) // so that no worker waits for a slow receiver of Changes
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	for range r.cfg.Workers {
		workers.Go(func() { r.work(ctx, jobs, answers) })
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		job, wait := r.due(time.Now())
		give := jobs
		if job == nil {
			give = nil
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		case give <- job:
			r.taken(job)
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

// due is the entry to ask now, or how long there is none.
func (r *Resolver) due(now time.Time) (*entry, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.schedule.next()
	if e == nil {
		return nil, time.Hour // Acquire wakes
	}
	if wait := e.due.Sub(now); wait > 0 {
		return nil, wait
	}
	return e, 0
}

// taken takes what a worker accepted out of the queue, unless it was released meanwhile.
func (r *Resolver) taken(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.at >= 0 {
		r.schedule.take(e)
	}
}

func (r *Resolver) work(ctx context.Context, jobs <-chan *entry, answers chan<- answer) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-jobs:
			a := answer{entry: e}
			if r.cfg.Own(e.name) {
				a.err = ownError(e.name)
			} else {
				a.got, a.err = r.lookup(ctx, e.name)
			}
			select {
			case answers <- a:
			case <-ctx.Done():
				return
			}
		}
	}
}

// observe takes an answer in, sets when to ask again, and tells what is new.
func (r *Resolver) observe(a answer) (Change, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := a.entry
	if r.schedule.entries[e.hostname] != e {
		return Change{}, false // released
	}
	before := e.state.addrs()
	again := e.state.observe(a.got, a.err, timing{r.cfg.MinTTL, r.cfg.MaxTTL})
	if errors.As(a.err, new(ownError)) {
		e.state = state{err: a.err} // nothing of it may stand
		again = r.cfg.MaxTTL
	}
	r.schedule.wait(e, time.Now().Add(jitter(again)))
	now, finding := e.state.addrs(), ""
	if a.err != nil {
		finding = fmt.Sprintf("load balancer hostname %s: %v", e.hostname, a.err)
	}
	if e.told && finding == e.finding && slices.Equal(before, now) {
		return Change{}, false
	}
	e.told, e.finding = true, finding
	return Change{e.hostname, now, finding}, true
}

// ownError refuses a hostname that this daemon answers itself.
type ownError dnsname.Name

func (e ownError) Error() string {
	return fmt.Sprintf("%s lies in a zone served here: its answer would be made of itself", dnsname.Name(e))
}
