package federation

import (
	"context"
	"fmt"
	"maps"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// reconcile looks at one Key: what is known of it, what follows, and the doing. An
// error has it looked at again.
func (e *Engine) reconcile(ctx context.Context, key work.Key) error {
	if err := e.keep(ctx, key); err != nil {
		return err
	}
	s, known, ok := e.situation(key)
	if !ok {
		return nil
	}
	switch {
	case s.order != nil && s.order.Template != nil:
		v := s.decide(e.cfg.Failover)
		if s.standing = e.stands(known, s, v); s.standing != "" {
			v = s.decide(e.cfg.Failover)
		}
		if err := e.store(ctx, known, &v.next, s); err != nil {
			return err
		}
		e.commit(known, s, v)
		return nil
	case s.placed != nil && s.ending:
		next, over := s.end()
		if err := e.store(ctx, known, &next, s); err != nil {
			return err
		}
		e.reports.Add(key)
		_ = e.carry(known) // removals meet no override
		if over {
			return e.forget(ctx, known)
		}
		e.retell(known)
		return nil
	}
	_ = e.carry(known) // what others need of it, which no override is for
	e.sweep(known)
	return nil
}

// retell has a Key reported if there is anything new of it, or somebody waits for its
// end: where a cluster turns out to be out of reach, its Binding does not change.
func (e *Engine) retell(known *entry) {
	e.locked(func() {
		if known.changes != known.reported || len(known.taken) > 0 {
			e.reports.AddAfter(known.key, e.cfg.ReportEvery)
		}
	})
}

// situation is what is known of a Key; false: nothing can be said of it now.
func (e *Engine) situation(key work.Key) (situation, *entry, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entries[key]
	if known == nil || !e.opened {
		return situation{}, nil, false
	}
	s := e.of(known)
	if s.order != nil && s.order.Template != nil {
		if !e.complete || e.waits(known, s.order) {
			return s, nil, false // it is looked at again when all is known
		}
		known.stale = false
		return s, known, true
	}
	if s.ending && s.placed != nil && (!e.complete || !e.withdraw(known)) {
		e.reports.Add(key)
		return s, nil, false
	}
	return s, known, true
}

// of is what is known of an entry; mu is held.
func (e *Engine) of(known *entry) situation {
	s := situation{
		now: time.Now(), key: known.key, order: known.winner(), placed: known.placed, stale: known.stale, decision: known.decision, err: known.err,
		clusters: e.clusters, place: e.place, lost: e.lost, seen: e.snapshot(known),
		ending: len(known.orders) == 0 && known.withdrawn,
	}
	byName := e.byName
	ghosts := maps.Clone(e.ghosts)
	s.member = func(name string) bool { return byName[name] != nil || ghosts[name] != "" }
	s.blocked = e.waiters(known)
	s.gone, s.idle = e.absent(known)
	return s
}

// waits says that another dialect may yet order a Key that was placed for it, or
// that it ordered first, so that this one must not take it; mu is held.
func (e *Engine) waits(known *entry, o *ordered) bool {
	p := known.placed
	if p != nil {
		return p.Dialect != o.Dialect && e.has(p.Dialect) && !e.synced[p.Dialect] && !known.withdrawn
	}
	left := time.Until(e.openedAt.Add(heardWithin))
	if left <= 0 || e.allSynced() {
		return false
	}
	e.queue.AddAfter(known.key, left)
	return true
}

// heardWithin is how long, from the start, what was never placed waits until all
// dialects have told what they order. One that cannot is not waited for any longer.
const heardWithin = 30 * time.Second

// allSynced says that all dialects have told all their orders; mu is held.
func (e *Engine) allSynced() bool {
	for _, d := range e.cfg.Dialects {
		if !e.synced[d.Name()] {
			return false
		}
	}
	return true
}

// snapshot is what is seen of a template now; mu is held.
func (e *Engine) snapshot(known *entry) func(string) failover.Seen {
	all := make(map[string]failover.Seen, len(known.outcomes))
	for name := range known.outcomes {
		all[name] = known.seen(name)
	}
	return func(name string) failover.Seen { return all[name] }
}

// waiters says of a cluster that something else leaves it from the same namespace
// and is not replaced yet; mu is held.
func (e *Engine) waiters(known *entry) func(string) bool {
	if known.placed == nil || len(known.placed.Leaving) == 0 || known.key.Namespace == "" {
		return nil
	}
	waits := map[string]bool{}
	for _, l := range known.placed.Leaving {
		for other, settled := range e.leavers[place{known.key.Namespace, l.Cluster}] {
			if other != known.key && !settled {
				waits[l.Cluster] = true
			}
		}
		for other, o := range e.spaces[known.key.Namespace] {
			if o.stale && o.placed != nil && other != known.key && o.placed.Target(l.Cluster) != nil {
				waits[l.Cluster] = true // it may leave as well
			}
		}
	}
	return func(name string) bool { return waits[name] }
}

// absent says where a template is not any more, and its dependencies; mu is held.
func (e *Engine) absent(known *entry) (gone func(string) bool, idle func(work.Key, string) bool) {
	out := map[string]bool{}
	for name, o := range known.outcomes {
		out[name] = over(o) && known.given[name].remove
	}
	type pair struct {
		key     work.Key
		cluster string
	}
	free := map[pair]bool{}
	if known.placed != nil {
		for _, d := range known.placed.Dependencies {
			for _, name := range d.Clusters {
				free[pair{d.Key, name}] = e.free(d.Key, known.key, name)
			}
		}
	}
	return func(name string) bool { return out[name] }, func(key work.Key, name string) bool { return free[pair{key, name}] }
}

// over says that nothing is left of a removal.
func over(o work.Outcome) bool { return o.Phase == work.Removed || o.Phase == work.Abandoned }

// store writes a Binding that is another than before. Nothing is written for a
// template that is nowhere and never was.
func (e *Engine) store(ctx context.Context, known *entry, next *Binding, s situation) error {
	if s.placed != nil && s.placed.Equal(*next) || s.placed == nil && len(next.Holders()) == 0 && len(next.Removing) == 0 {
		return nil
	}
	if !e.cfg.DryRun {
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		if err := e.cfg.Store.Put(ctx, *next); err != nil {
			err = fmt.Errorf("binding of %s: %w", s.key, err)
			e.locked(func() {
				known.stale = true
				e.refuse(known, next.Source, err)
			})
			return err
		}
	}
	e.locked(func() {
		e.refuse(known, next.Source, nil)
		e.announceMoves(known, s.placed, next)
		known.placed = next
		e.bound[next.Key.Versionless()] = next.Key
		known.changes++
		e.stats.Decisions++
		e.need(known, s.placed, next)
		e.leave(known, s.placed, next)
	})
	return nil
}

// refuse takes note that the host will not have a Binding, which people have to hear of,
// for without one nothing is placed; nil: it has it. What passes by itself is not told.
// mu is held.
func (e *Engine) refuse(known *entry, of work.Reference, err error) {
	if err != nil && !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) && !apierrors.IsRequestEntityTooLargeError(err) && !apierrors.IsBadRequest(err) {
		return
	}
	if errText(known.refused) == errText(err) {
		return
	}
	known.refused = err
	known.changes++
	e.announceOrder(known, of, "binding", err)
	e.reports.AddAfter(known.key, e.cfg.ReportEvery)
}

// commit keeps what was decided, and has it done.
func (e *Engine) commit(known *entry, s situation, v verdict) {
	e.mu.Lock()
	known.decision, known.keeps, known.decided = v.decision, v.keeps, s.order.revision
	if len(s.clusters) > fewClusters && v.err == nil && v.decision.Unplaced == 0 && len(v.decision.Targets) > 0 {
		known.decision.Reasons = nil // they are made again for who asks
	}
	if errText(known.err) != errText(v.err) {
		known.changes++
	}
	known.err = v.err
	if s.standing == "" { // which was told
		e.announceOrder(known, s.order.Source, "placement", v.err)
	}
	e.settle(known, v)
	e.need(known, nil, known.placed) // the order may refer to others than before
	e.mu.Unlock()
	if !v.wake.IsZero() {
		e.queue.AddAfter(s.key, max(time.Until(v.wake), time.Millisecond))
	}
	wrong := e.carry(known)
	e.locked(func() {
		was := known.overriding()
		known.wrong = wrong
		if errText(was) != errText(known.overriding()) {
			known.changes++
		}
		e.announceOrder(known, s.order.Source, "overrides", known.overriding())
		if known.changes != known.reported {
			e.reports.AddAfter(s.key, e.cfg.ReportEvery)
		}
	})
}

// fewClusters is of how many clusters the reasons are kept of a placement that went
// well. Of thousands of Bindings over hundreds of clusters they would be most of
// what is held.
const fewClusters = 50

// settle notes whether what leaves waits for anything but others, and wakes those
// that wait with it; mu is held.
func (e *Engine) settle(known *entry, v verdict) {
	known.settled = v.settled
	for _, l := range v.next.Leaving {
		at := place{known.key.Namespace, l.Cluster}
		if all := e.leavers[at]; all != nil && all[known.key] != v.settled {
			all[known.key] = v.settled
			e.wake(at, known.key)
		}
	}
}

// wake has all looked at that leave a place but one; mu is held.
func (e *Engine) wake(at place, but work.Key) {
	for other := range e.leavers[at] {
		if other != but {
			e.queue.Add(other)
		}
	}
}

// leave keeps up which templates leave a place; mu is held.
func (e *Engine) leave(known *entry, was, next *Binding) {
	if known.key.Namespace == "" {
		return
	}
	if was != nil {
		for _, l := range was.Leaving {
			if at := (place{known.key.Namespace, l.Cluster}); next == nil || next.Leaver(l.Cluster) == nil {
				delete(e.leavers[at], known.key)
				e.wake(at, known.key)
			}
		}
	}
	if next == nil {
		return
	}
	for _, l := range next.Leaving {
		at := place{known.key.Namespace, l.Cluster}
		if l.Until.IsZero() {
			continue // nobody waits for what stays
		}
		if e.leavers[at] == nil {
			e.leavers[at] = map[work.Key]bool{}
		}
		if _, ok := e.leavers[at][known.key]; !ok {
			e.leavers[at][known.key] = false
		}
	}
}

// forget deletes a Binding of which nothing is left.
func (e *Engine) forget(ctx context.Context, known *entry) error {
	if !e.cfg.DryRun {
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		if err := e.cfg.Store.Delete(ctx, known.key); err != nil {
			return fmt.Errorf("binding of %s: %w", known.key, err)
		}
	}
	e.locked(func() {
		e.need(known, known.placed, nil)
		e.leave(known, known.placed, nil)
		known.placed, known.decision, known.err, known.wrong = nil, placement.Decision{}, nil, nil
		e.unbind(known.key)
		known.changes++
		if len(known.orders) > 0 { // ordered again meanwhile
			known.stale = true
			e.queue.Add(known.key)
		}
	})
	_ = e.carry(known) // removals meet no override
	e.sweep(known)
	e.reports.Add(known.key)
	return nil
}

// sweep forgets an entry of which nothing is left.
func (e *Engine) sweep(known *entry) {
	e.locked(func() {
		if len(known.taken) > 0 {
			e.reports.Add(known.key)
		}
		if known.empty() {
			delete(e.entries, known.key)
			e.unbind(known.key)
			delete(e.spaces[known.key.Namespace], known.key)
			if len(e.spaces[known.key.Namespace]) == 0 {
				delete(e.spaces, known.key.Namespace)
			}
		}
	})
}

// locked does f, short work, with mu held.
func (e *Engine) locked(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
