package discovery

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// staleChunk is how many Services are moved to another Synthesizer between two
// looks at what the clusters report: a hundred or so milliseconds at most.
const staleChunk = 200

// Run works until ctx is done and then returns nil, when all goroutines it
// started are gone; what it published stands. Each Source must return soon after
// its context is done. Run is called once. An error is a panic of the loop
// itself: what was published stands then, but nothing will change any more.
func (e *Engine) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer e.sources.Wait()
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			e.log.Error("discovery panicked, records stand as they are", "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic in discovery: %v", v)
		}
	}()
	if e.cfg.Resolver != nil {
		e.sources.Go(func() { e.cfg.Resolver.Run(ctx, e.resolved) })
	}
	e.takeDesired(ctx)
	for e.step(ctx) {
	}
	return nil
}

// step waits for something to do and does it; false: ctx is done.
func (e *Engine) step(ctx context.Context) bool {
	var idle chan struct{}
	if len(e.loop.queue) > 0 {
		idle = e.loop.always
	}
	var retry <-chan time.Time
	if e.loop.retry != nil {
		retry = e.loop.retry.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-e.wake:
		e.takeDesired(ctx)
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
	e.refresh()
	e.commit()
	e.settle()
	return true
}

// drain takes what already waits, as much as fits into the batch: many changes
// at a time are published as one, and one is not delayed for others to come.
func (e *Engine) drain() {
	for len(e.loop.batch.order) < e.cfg.Batch {
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
	}
	e.mu.Lock()
	e.stats.Stale = len(e.loop.queue)
	e.mu.Unlock()
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
