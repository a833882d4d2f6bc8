package forward

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
)

// exchanger asks upstream i once, over a stream where stream says so. The reply
// has key's question, and is whole. It returns when ctx ends at the latest.
type exchanger func(ctx context.Context, i int, key zone.Key, stream bool) ([]byte, error)

// try is one question to one upstream.
type try struct {
	upstream int
	stream   bool
}

// outcome is what came of a try.
type outcome struct {
	try
	found found
	err   error
	took  time.Duration
}

// ask puts one question to the upstreams and returns the first answer. Each is
// asked once, in order of health: the next when one fails, or when it was silent
// for the hedge delay, two at a time at the most. One that was silent is
// asked once more, over a stream, after the others.
func (r *Resolver) ask(ctx context.Context, key zone.Key) (found, error) {
	var tries sync.WaitGroup
	defer tries.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var queue []try
	for _, i := range r.health.order(time.Now()) {
		queue = append(queue, try{upstream: i})
	}
	results := make(chan outcome, 2*len(queue))
	running := 0
	next := func() {
		if len(queue) == 0 {
			return
		}
		t := queue[0]
		queue = queue[1:]
		running++
		tries.Go(func() { results <- r.once(ctx, key, t) })
	}
	next()
	hedge := time.NewTimer(r.cfg.Hedge)
	defer hedge.Stop()
	for {
		select {
		case o := <-results:
			running--
			if o.err == nil {
				return o.found, nil
			}
			r.stats.upstreamErrors.Add(1)
			if errors.Is(o.err, errTimeout) && !o.stream {
				queue = append(queue, try{o.upstream, true})
			}
			if next(); running == 0 {
				return found{}, fmt.Errorf("%s: %w", r.cfg.Upstreams[o.upstream].Addr, o.err)
			}
			hedge.Reset(r.cfg.Hedge)
		case <-hedge.C:
			if running < 2 {
				next()
			}
			hedge.Reset(r.cfg.Hedge)
		case <-ctx.Done():
			return found{}, errTimeout
		}
	}
}

// once makes one try and tells health of it.
func (r *Resolver) once(ctx context.Context, key zone.Key, t try) outcome {
	begin := time.Now()
	o := outcome{try: t}
	var msg []byte
	if msg, o.err = r.exchange(ctx, t.upstream, key, t.stream); o.err == nil {
		o.found, o.err = parse(msg, key, r.cfg.Own)
	}
	o.took = time.Since(begin)
	var rcode rcodeError
	switch {
	case o.err == nil:
		r.health.answered(t.upstream, o.took)
	case ctx.Err() != nil:
		r.health.overtaken(t.upstream, o.took)
	case errors.As(o.err, &rcode) && rcode == dns.RcodeServerFailure:
		// The name's servers are to blame, not this one: no more than that it is alive is known.
		r.health.answered(t.upstream, o.took)
	default:
		r.health.failed(t.upstream, time.Now(), o.err)
	}
	return o
}

// chase asks until the chain of aliases from key's owner has an end: a
// recursive server gives all of it, others do not.
func (r *Resolver) chase(ctx context.Context, key zone.Key) (found, error) {
	f, err := r.ask(ctx, key)
	for err == nil && !f.rest.IsZero() {
		at := f.rest
		for _, link := range f.answer {
			if link.Owner == at {
				return found{}, errors.New("chain of aliases is a loop")
			}
		}
		var more found
		if more, err = r.ask(ctx, zone.Key{Owner: at, Type: key.Type}); err != nil {
			return found{}, err
		}
		more.answer = append(f.answer, more.answer...)
		if f = more; len(f.answer) > maxChain+1 {
			return found{}, errors.New("chain of aliases is too long")
		}
	}
	return f, err
}
