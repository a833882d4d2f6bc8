package forward

import (
	"context"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
)

// flight asks upstream for one name and type, for all who wait for it. It
// outlives them: what it finds is kept for the next.
type flight struct {
	begun  time.Time
	done   chan struct{} // closed once answer and err are set
	answer Answer
	err    error
}

// join makes the caller wait for key's flight, which it starts if there is none.
// Leave must be called when it waits no longer.
func (r *Resolver) join(key zone.Key, client netip.Addr) (f *flight, leave func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	who := clientOf(client)
	switch f = r.flights[key]; {
	case r.stopped:
		return nil, nil, ErrStopped
	case !r.wait(who):
		return nil, nil, ErrBusy
	case f != nil:
		r.stats.coalesced.Add(1)
	default:
		// One may have landed since the caller looked.
		if g := r.cache.look(key, time.Now()); g.state == fresh || g.state == held {
			f = &flight{begun: time.Now(), answer: g.answer, done: make(chan struct{})}
			close(f.done)
			break
		}
		if !r.mayFly(who) {
			r.leave(who)
			return nil, nil, ErrBusy
		}
		f = r.start(key, who)
	}
	return f, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.leave(who)
	}, nil
}

// refresh starts a flight that nobody waits for, if there is room for it.
func (r *Resolver) refresh(key zone.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || r.flights[key] != nil || !r.mayFly(background) {
		return
	}
	r.stats.prefetches.Add(1)
	r.start(key, background)
}

// start starts key's flight on who's account. The caller holds mu.
func (r *Resolver) start(key zone.Key, who netip.Prefix) *flight {
	f := &flight{begun: time.Now(), done: make(chan struct{})}
	r.takeOff(key, who, f)
	r.flying.Go(func() {
		r.fly(key, f)
		r.land(key, who)
		close(f.done)
	})
	return f
}

// fly asks, and keeps what it learns: before the flight is over, so that who
// finds no flight finds the answer.
func (r *Resolver) fly(key zone.Key, f *flight) {
	ctx, cancel := context.WithTimeout(r.base, flightTimeouts*r.cfg.Timeout)
	defer cancel()
	got, err := r.chase(ctx, key)
	switch {
	case err == nil:
		e := r.cfg.newEntry(got, time.Now())
		f.answer = e.answer
		r.cache.store(key, e)
	case r.base.Err() != nil:
		f.err = ErrStopped
	default:
		f.err = err
		r.cache.fail(key, time.Now())
	}
}
