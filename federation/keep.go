package federation

import (
	"context"
	"fmt"
	"time"

	"github.com/fedns/fedns/federation/work"
)

// Lost says that somebody deleted a Binding, or is about to: it is stored again, for
// what it says of members is known nowhere else.
func (e *Engine) Lost(key work.Key) { e.harmed(key, "deleted") }

// Edited says that somebody changed what a Binding says: it is stored again as it was
// decided.
func (e *Engine) Edited(key work.Key) { e.harmed(key, "changed") }

// A Binding is put right at once mostHarms times, if somebody writes it again within
// calm each time; then later and later.
const (
	calm      = time.Minute
	mostHarms = 5
)

// harmed has a Binding stored again that somebody else wrote. Whoever goes on is
// answered later and later, so that two writers do not take turns without end.
func (e *Engine) harmed(key work.Key, how string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entries[key]
	switch {
	case !e.opened:
		e.early = append(e.early, key)
	case known != nil && known.placed != nil:
		now, wait := time.Now(), time.Duration(0)
		if now.Sub(known.harmed) > calm {
			known.harms = 0
		}
		if more := known.harms - mostHarms; more >= 0 {
			wait = min(harmFirst<<min(more, 10), retryLast)
		}
		known.harms, known.harmed = known.harms+1, now
		known.unstored, known.restore = true, now.Add(wait)
		e.stats.Restored++
		e.announce(known.placed.Source, true, "BindingRestored", "the Binding of %s was %s by somebody: it is put right, for nobody but fedns writes it", key, how)
		e.queue.AddAfter(key, wait)
	}
}

// keep stores a Binding again that was lost or changed.
func (e *Engine) keep(ctx context.Context, key work.Key) error {
	var lost *Binding
	e.locked(func() {
		if known := e.entries[key]; known != nil && known.unstored && !e.cfg.DryRun && !time.Now().Before(known.restore) {
			lost, known.unstored = known.placed, false
		}
	})
	if lost == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	err := e.cfg.Store.Put(ctx, *lost)
	e.locked(func() {
		known := e.entries[key]
		if known == nil {
			return
		}
		if known.unstored = known.unstored || err != nil; err == nil {
			known.changes++
			e.reports.Add(key) // its status was lost with it
		}
	})
	if err != nil {
		return fmt.Errorf("binding of %s: %w", key, err)
	}
	return nil
}

// succeed has an order take over what was placed of its object by another version of
// the kind, once that is ordered no more: versions are forms of one object, and to
// remove one is to remove it. What is being removed goes first; mu is held.
func (e *Engine) succeed(known *entry) {
	id := known.key.Versionless()
	former, ok := e.bound[id]
	if !ok || former == known.key || known.placed != nil {
		return
	}
	was := e.entries[former]
	switch {
	case was == nil || was.placed == nil:
		return
	case len(was.orders) > 0:
		e.heirs[id] = known.key
		return
	case was.placed.Deleted || len(was.needed)+len(was.dropping) > 0:
		return
	}
	if !e.cfg.DryRun {
		for name := range was.given {
			e.cfg.Propagator.Do(work.Task{Cluster: name, Key: former, Cede: true})
		}
	}
	clear(was.given)
	clear(was.outcomes)
	clear(was.sick)
	b := *was.placed
	b.Key, b.Former = known.key, former
	e.need(was, was.placed, nil)
	e.leave(was, was.placed, nil)
	was.placed, was.held, was.withdrawn = nil, "", false
	known.placed, known.unstored = &b, true
	e.leave(known, nil, &b)
	e.need(known, nil, &b)
	e.bound[id] = known.key
	delete(e.heirs, id)
	e.queue.Add(former)
}

// unbind forgets that a Key has a Binding, and that it waits for one; mu is held.
func (e *Engine) unbind(key work.Key) {
	for _, m := range []map[work.Key]work.Key{e.bound, e.heirs} {
		if id := key.Versionless(); m[id] == key {
			delete(m, id)
		}
	}
}
