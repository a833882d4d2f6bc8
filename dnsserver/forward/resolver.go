package forward

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Why a name was not asked for. All but ErrBusy are final for that question.
var (
	ErrBusy    = errors.New("too much is being resolved already")
	ErrOwn     = errors.New("name is in a zone of ours")
	ErrType    = errors.New("type cannot be forwarded")
	ErrStopped = errors.New("resolver has stopped")
)

// Resolver resolves names through upstreams. Its methods may be called from any
// goroutine.
type Resolver struct {
	cfg       Config
	cache     *cache
	health    *health
	upstreams []*upstream
	exchange  exchanger
	stats     counters

	base   context.Context // of all flights
	cancel context.CancelFunc
	flying sync.WaitGroup
	traffic
}

// New makes a Resolver. It starts nothing; an error says what in cfg is wrong.
func New(cfg Config) (*Resolver, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Resolver{cfg: cfg, health: newHealth(cfg.Upstreams, cfg.Log), traffic: newTraffic(cfg.MaxInFlight)}
	if r.cache, err = newCache(cfg.CacheSize, cfg.CacheOctets); err != nil {
		return nil, err
	}
	for _, u := range cfg.Upstreams {
		r.upstreams = append(r.upstreams, &upstream{Upstream: u, streams: newStreams(u, cfg.RootCAs), timeout: cfg.Timeout})
	}
	r.exchange = func(ctx context.Context, i int, key zone.Key, stream bool) ([]byte, error) {
		return r.upstreams[i].exchange(ctx, key, stream)
	}
	r.base, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Run closes connections that are idle and, when ctx ends, everything: flights
// are given up, Resolve fails with ErrStopped, and Run returns once no goroutine
// of the Resolver is left. Cached goes on. Run it once; without it the Resolver
// works, but nobody ends it.
func (r *Resolver) Run(ctx context.Context) {
	tick := time.NewTicker(idleFor / 2)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, u := range r.upstreams {
				u.streams.expire(now.Add(-idleFor))
			}
			continue
		case <-ctx.Done():
		}
		r.stop()
		r.cancel()
		r.flying.Wait()
		for _, u := range r.upstreams {
			u.streams.close()
		}
		return
	}
}

// Cached is the answer for name and typ if it can be given at once: it has not
// expired, or it has, but was asked for in vain less than 30 s ago. It never
// waits; if it is not ok, call Resolve. An answer whose time is nearly over is
// refreshed in the background.
func (r *Resolver) Cached(name dnsname.Name, typ uint16) (a Answer, ok bool) {
	if r.cfg.Own(name) {
		return Answer{}, false // it may have become ours since
	}
	key := zone.Key{Owner: name, Type: typ}
	g := r.cache.look(key, time.Now())
	switch g.state {
	case fresh:
		r.stats.hits.Add(1)
		if g.refresh {
			r.refresh(key)
		}
	case held:
		r.stats.stale.Add(1)
	default:
		return Answer{}, false
	}
	return g.answer, true
}

// Resolve is the answer for name and typ, from the cache or from upstream. It
// waits until ctx ends at the longest, and no longer than Config.StaleAfter
// where it has a stale answer. Client is who asks, for its share of the bounds;
// the zero Addr has no share to keep to.
//
// With an error the Answer is SERVFAIL. It is ErrBusy past a bound, ErrOwn and
// ErrType for what never goes upstream, ErrStopped after Run, ctx's own, or what
// the last upstream asked had to say.
func (r *Resolver) Resolve(ctx context.Context, client netip.Addr, name dnsname.Name, typ uint16) (Answer, error) {
	if err := r.admits(name, typ); err != nil {
		return servFail, err
	}
	if a, ok := r.Cached(name, typ); ok {
		return a, nil
	}
	key := zone.Key{Owner: name, Type: typ}
	r.stats.misses.Add(1)
	old := r.cache.look(key, time.Now())
	instead := func(err error) (Answer, error) {
		if old.state == none {
			return servFail, err
		}
		if old.answer.Stale {
			r.stats.stale.Add(1)
		}
		return old.answer, nil
	}
	f, leave, err := r.join(key, client)
	if err != nil {
		if errors.Is(err, ErrBusy) {
			r.stats.busy.Add(1)
		}
		return instead(err)
	}
	defer leave()
	var tooLong <-chan time.Time // for a client that could have the stale answer
	if old.state != none {
		t := time.NewTimer(time.Until(f.begun.Add(r.cfg.StaleAfter)))
		defer t.Stop()
		tooLong = t.C
	}
	select {
	case <-f.done:
		if f.err != nil {
			return instead(f.err)
		}
		return f.answer, nil
	case <-tooLong:
		return instead(nil)
	case <-ctx.Done():
		return instead(ctx.Err())
	}
}

// Flush forgets all answers. Call it when a zone of ours is added: chains that
// were kept before may lead into it.
func (r *Resolver) Flush() { r.cache.flush() }

// admits says whether a question may go upstream.
func (r *Resolver) admits(name dnsname.Name, typ uint16) error {
	switch {
	case name.IsZero(), typ == 0, typ == wire.TypeOPT, typ >= 128 && typ <= wire.TypeANY: // meta types: RFC 6895 §3.1
		return ErrType
	case r.cfg.Own(name):
		return ErrOwn
	}
	return nil
}
