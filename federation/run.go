package federation

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/fedns/fedns/federation/work"
)

// Run works until ctx is done, and returns when all has ended. It is called once:
// an Engine serves one term.
func (e *Engine) Run(ctx context.Context) error {
	if !e.open(ctx) {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	var fault error
	if !e.cfg.DryRun {
		parts.Go(func() {
			fault = e.cfg.Propagator.Run(ctx)
			cancel() // it ends before only by a fault
		})
	}
	parts.Go(func() {
		<-ctx.Done()
		e.queue.ShutDown()
		e.reports.ShutDown()
	})
	parts.Go(func() { e.follow(ctx) })
	for _, d := range e.cfg.Dialects {
		parts.Go(func() { e.speak(ctx, d) })
	}
	for range e.cfg.Workers {
		parts.Go(func() { e.serve(ctx, "decision", e.queue, e.reconcile) })
	}
	for range reporters {
		parts.Go(func() { e.serve(ctx, "report", e.reports, e.report) })
	}
	parts.Wait()
	if fault != nil {
		return fmt.Errorf("propagation: %w", fault)
	}
	return nil
}

// open reads the Bindings; false: ctx was done before.
func (e *Engine) open(ctx context.Context) bool {
	e.look()
	for wait := retryFirst; ; wait = min(2*wait, retryLast) {
		within, cancel := context.WithTimeout(ctx, 6*callLimit) // there may be thousands
		all, err := e.cfg.Store.List(within)
		cancel()
		if err == nil {
			e.restore(all)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		e.log.Warn("Bindings cannot be read, and nothing is placed until then", "error", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// restore takes in what is where.
func (e *Engine) restore(all []Binding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, b := range all {
		known := e.entry(b.Key)
		known.placed = &b
		e.bound[b.Key.Versionless()] = b.Key
		e.leave(known, nil, &b)
	}
	for _, b := range all {
		e.need(e.entries[b.Key], nil, &b)
	}
	e.opened, e.openedAt = true, time.Now()
	for _, key := range e.early {
		if known := e.entries[key]; known != nil && known.placed != nil {
			known.unstored = true
		}
	}
	e.early = nil
	e.vanish()
	for key := range e.entries {
		e.queue.Add(key)
	}
	e.missing()
	e.log.Info("propagation begins", "bindings", len(all), "clusters", len(e.clusters))
}

// follow takes in clusters as they change.
func (e *Engine) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.recheck:
			e.look()
			e.part()
		}
	}
}

// part tells the propagator of clusters that are no members any more.
func (e *Engine) part() {
	var gone []string
	e.locked(func() {
		if !e.complete {
			return
		}
		for _, known := range e.entries {
			for name := range known.given {
				if e.byName[name] == nil && !e.forgotten[name] {
					e.forgotten[name] = true
					gone = append(gone, name)
				}
			}
		}
		for name := range e.forgotten {
			if e.byName[name] != nil {
				delete(e.forgotten, name)
			}
		}
		for _, known := range e.entries {
			for name := range known.given {
				if e.forgotten[name] {
					delete(known.given, name) // whoever has the name next has nothing yet
				}
			}
		}
	})
	for _, name := range gone {
		e.cfg.Propagator.Forget(name)
	}
}

// speak runs a dialect, again when it fails.
func (e *Engine) speak(ctx context.Context, d work.Dialect) {
	for wait := retryFirst; ctx.Err() == nil; wait = min(2*wait, retryLast) {
		err := contained(func() error { return d.Run(ctx, e) })
		if ctx.Err() != nil {
			return
		}
		e.log.Error("a dialect ended, and is run again", "dialect", d.Name(), "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// serve has Keys of a queue looked at until it is shut down.
func (e *Engine) serve(ctx context.Context, what string, queue workqueue.TypedRateLimitingInterface[work.Key], do func(context.Context, work.Key) error) {
	for {
		key, down := queue.Get()
		if down {
			return
		}
		if !e.cfg.Leads() {
			queue.Done(key)
			queue.AddAfter(key, unled)
			continue
		}
		err := contained(func() error { return do(ctx, key) })
		queue.Done(key)
		switch {
		case err == nil:
			queue.Forget(key)
		case !e.cfg.Leads():
			queue.AddAfter(key, unled) // which is why it failed
		case ctx.Err() == nil:
			e.log.Warn("propagation is behind, and tries again", "step", what, "object", key.String(), "error", err)
			e.locked(func() { e.stats.Failures++ })
			queue.AddRateLimited(key)
		}
	}
}

// contained does f. A panic is its error: one order that trips it stops no other.
func contained(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return f()
}
