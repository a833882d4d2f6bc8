package discovery

import (
	"context"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// staleChunk is how many Services are moved to another Synthesizer between two
// looks at what the clusters report: a hundred or so milliseconds at most.
const staleChunk = 200

// Run works until ctx is done and returns when all goroutines it started are
// gone; what it published stands. Each Source must return soon after its context
// is done. Run is called once.
//
// A panic ends nothing but what it hit. Records that cannot be made or published
// are refused, and tried again as such; a cluster whose report cannot be taken in
// is read again from the start. After a panic of anything else the loop pauses
// and publishes all Services whole, for it is not known how far it came.
func (e *Engine) Run(ctx context.Context) {
	e.restore()
	defer e.runKeeper()() // it ends last, and writes the last of it
	ctx, cancel := context.WithCancel(ctx)
	defer e.sources.Wait()
	defer cancel()
	if e.cfg.Resolver != nil {
		e.sources.Go(func() { e.runResolver(ctx) })
	}
	e.nudge() // what was desired before
	wait := e.cfg.RestartMin
	for more := true; more; {
		err := e.guard("discovery", func() { more = e.step(ctx) })
		if err == nil {
			wait = e.cfg.RestartMin
			continue
		}
		e.logPanic("discovery panicked, records stand as they are until it goes on", err, "wait", wait)
		more = pause(ctx, wait)
		wait = min(2*wait, e.cfg.RestartMax)
		e.loop.redo = true
		e.nudge()
	}
}

// runResolver runs the Resolver again when it panicked.
func (e *Engine) runResolver(ctx context.Context) {
	for more := true; more; {
		err := e.guard("resolver", func() { e.cfg.Resolver.Run(ctx, e.resolved) })
		if err == nil {
			return
		}
		e.logPanic("the resolver of load balancers' hostnames panicked, it will be run again", err)
		more = pause(ctx, e.cfg.RestartMax)
	}
}

// step waits for something to do and does it; false: ctx is done.
func (e *Engine) step(ctx context.Context) bool {
	var idle chan struct{}
	var gathered <-chan time.Time
	var asked <-chan dnsname.Name
	switch {
	case e.loop.gathering != nil:
		gathered, asked = e.loop.gathering.C, e.asked
	case len(e.loop.queue) > 0:
		idle = e.loop.always
	}
	var retry <-chan time.Time
	if e.loop.retry != nil {
		retry = e.loop.retry.C
	}
	var judge <-chan time.Time
	if e.loop.judgeTimer != nil {
		judge = e.loop.judgeTimer.C
	}
	var mend <-chan time.Time
	if e.loop.mend != nil {
		mend = e.loop.mend.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-judge:
	case <-mend:
		e.mendAll()
	case <-gathered:
		e.endGathering()
	case name := <-asked:
		e.raise(name)
	case <-e.wake:
		e.takeDesired(ctx)
		if e.loop.gathering == nil {
			e.publishAll()
		}
	case ev := <-e.events:
		e.take(ev)
		e.drain()
	case c := <-e.resolved:
		e.takeAddresses(c)
		e.drain()
	case <-retry:
		e.loop.retry = nil
		e.retryRefused()
	case <-idle:
	}
	e.goOnGathering()
	if e.loop.gathering == nil {
		e.refresh()
	}
	e.commit()
	e.settle()
	e.judge()
	return true
}

// drain takes what already waits, as much as fits into the batch: many changes
// at a time are published as one, and one is not delayed for others to come. A
// cluster that tells one Service over and over fills no batch: what is taken
// counts, too.
func (e *Engine) drain() {
	for n := 0; len(e.loop.batch.order) < e.cfg.Batch && (n < cap(e.events) || !guarantee.Holds(guarantee.NoiseDelaysNoOne)); n++ {
		select {
		case ev := <-e.events:
			e.take(ev)
		case c := <-e.resolved:
			e.takeAddresses(c)
		default:
			return
		}
	}
}

// refresh touches the next Services whose records another Synthesizer made.
func (e *Engine) refresh() {
	n := min(len(e.loop.queue), staleChunk)
	for _, key := range e.loop.queue[:n] {
		if _, ok := e.loop.stale[key]; ok {
			e.touch(key)
		}
	}
	if e.loop.queue = e.loop.queue[n:]; len(e.loop.queue) == 0 {
		e.loop.queue = nil
		e.loop.emptied = n > 0
	}
	e.locked(func() { e.stats.Stale = len(e.loop.queue) })
}

// retryRefused touches what a Publisher refused.
func (e *Engine) retryRefused() {
	keys := make([]cluster.ServiceKey, 0, len(e.refused))
	for key := range e.refused {
		keys = append(keys, key)
	}
	for _, key := range keys {
		e.touch(key)
		e.commitFull()
	}
}
