package probe

import (
	"context"
	"math/rand/v2"
	"time"
)

// follow tries one target until it is stopped.
func (p *Prober) follow(ctx context.Context, t *prober) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // it ends with the function around it
		select {
		case <-t.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	pace := p.paceOf(t)
	timer := time.NewTimer(rand.N(pace.Interval)) // all targets at once would be a burst
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		pace = p.paceOf(t)
		o := p.try(ctx, t.target, pace.Timeout)
		if ctx.Err() != nil {
			return // a try that was broken off says nothing
		}
		p.saw(t, o)
		timer.Reset(pace.Interval - pace.Interval/10 + rand.N(pace.Interval/5+1))
	}
}

func (p *Prober) paceOf(t *prober) Pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	return t.pace
}

func (p *Prober) try(ctx context.Context, t Target, limit time.Duration) outcome {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return try(ctx, t, p.cfg.Dial)
}

// saw takes in what a try of t said.
func (p *Prober) saw(t *prober, o outcome) {
	p.mu.Lock()
	select {
	case <-t.stopped:
		p.mu.Unlock()
		return
	default:
	}
	before := t.streak.said
	t.streak.see(o, t.pace)
	after := t.streak.said
	p.fold(t.id)
	p.mu.Unlock()
	if after != before {
		p.cfg.Log.Info("probe target has changed", "cluster", string(t.id), "target", t.target.String(), "before", before.String(), "after", after.String(), "reason", o.why)
	}
}
