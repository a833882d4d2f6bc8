package federation

import (
	"context"
	"fmt"

	"github.com/fedns/fedns/federation/work"
)

// Lost says that somebody deleted a Binding, or is about to: it is stored again, for
// what it says of members is known nowhere else.
func (e *Engine) Lost(key work.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entries[key]
	switch {
	case !e.opened:
		e.early = append(e.early, key)
	case known != nil && known.placed != nil:
		known.unstored = true
		e.queue.Add(key)
	}
}

// keep stores a Binding again that was lost.
func (e *Engine) keep(ctx context.Context, key work.Key) error {
	var lost *Binding
	e.locked(func() {
		if known := e.entries[key]; known != nil && known.unstored && !e.cfg.DryRun {
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
// the kind before this term; mu is held. Nothing is given to members by that any
// more, so that it is only the Binding that changes.
func (e *Engine) succeed(known *entry) {
	former, ok := e.restored[known.key.Versionless()]
	if !ok || former == known.key || known.placed != nil {
		return
	}
	was := e.entries[former]
	if was == nil || was.placed == nil || len(was.orders) > 0 {
		return
	}
	for _, g := range was.given {
		if !g.remove {
			return // it goes first
		}
	}
	b := *was.placed
	b.Key, b.Former = known.key, former
	e.need(was, was.placed, nil)
	e.leave(was, was.placed, nil)
	was.placed, was.held, was.withdrawn = nil, "", false
	known.placed, known.unstored = &b, true
	e.leave(known, nil, &b)
	e.need(known, nil, &b)
	e.restored[known.key.Versionless()] = known.key
	e.queue.Add(former)
}
