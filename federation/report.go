package federation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/work"
)

// report tells of one Key: the dialects, and who reads its Binding.
func (e *Engine) report(ctx context.Context, key work.Key) error {
	if e.defers(key) {
		e.reports.AddAfter(key, e.cfg.ReportEvery)
		return nil
	}
	r, ok := e.tidings(key)
	if !ok || e.cfg.DryRun {
		return nil
	}
	var errs []error
	for _, one := range r.reports {
		d := e.dialect(one.Order.Dialect)
		if d == nil {
			continue
		}
		within, cancel := context.WithTimeout(ctx, callLimit)
		err := d.Report(within, one)
		cancel()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.Name(), err))
		} else if one.Done {
			e.taken(key, one.Order)
		}
	}
	if r.status != nil {
		within, cancel := context.WithTimeout(ctx, callLimit)
		errs = append(errs, e.cfg.Store.Report(within, key, *r.status))
		cancel()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	e.locked(func() {
		e.stats.Reports++
		if known := e.entries[key]; known != nil {
			known.reported, known.deferred = r.changes, time.Time{}
			if known.changes != r.changes {
				e.reports.AddAfter(key, e.cfg.ReportEvery)
			}
		}
	})
	return nil
}

// How long what there is to tell of a Key may wait for the rest of it.
const (
	// patience is for clusters that were not tried yet. Most are within it, so that a
	// change is told once, and not cluster by cluster; and after a start nothing is told
	// to be pending that is only not known yet.
	patience = 3 * time.Second
	// busyPatience is while decisions wait, which come before what is told of them: the
	// host has to write both.
	busyPatience = 10 * time.Second
)

// defers says that a Key is to be reported later, because there is soon more to tell.
func (e *Engine) defers(key work.Key) bool {
	busy := e.queue.Len() > e.cfg.Workers
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entries[key]
	if known == nil || known.placed == nil || len(known.orders) == 0 || known.changes == known.reported || !busy && !known.untried(e.byName) {
		return false
	}
	now := time.Now()
	if known.deferred.IsZero() {
		known.deferred = now
	}
	limit := patience
	if busy {
		limit = busyPatience
	}
	return now.Sub(known.deferred) < limit
}

// untried says that some cluster is to hold it, and was given it, and nothing came
// of that yet.
func (e *entry) untried(members map[string]*cluster.Cluster) bool {
	return slices.ContainsFunc(e.placed.Targets, func(t failover.Target) bool {
		o, told := e.outcomes[t.Cluster]
		g, given := e.given[t.Cluster]
		return given && !g.suspend && members[t.Cluster] != nil && (!told || o.Phase == work.Pending && o.Reason == "")
	})
}

// taken forgets an order whose end was reported.
func (e *Engine) taken(key work.Key, o work.Order) {
	e.locked(func() {
		if known := e.entries[key]; known != nil {
			if last, ok := known.taken[o.Dialect]; ok && last.Source == o.Source {
				delete(known.taken, o.Dialect)
				e.queue.Add(key) // nothing may be left of it
			}
		}
	})
}

func (e *Engine) dialect(name string) work.Dialect {
	for _, d := range e.cfg.Dialects {
		if d.Name() == name {
			return d
		}
	}
	return nil
}

// tidings are what there is to tell of a Key.
type tidings struct {
	reports []work.Report
	status  *status
	changes uint64
}

// tidings gathers them; false: there is nothing new.
func (e *Engine) tidings(key work.Key) (t tidings, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entries[key]
	if known == nil || known.changes == known.reported && len(known.taken) == 0 {
		return t, false
	}
	t.changes = known.changes
	winner := known.winner()
	outcomes, leaving := known.outcome(), known.leaving()
	for _, name := range slices.Sorted(maps.Keys(known.orders)) {
		o := known.orders[name]
		r := work.Report{Order: o.Order, Decision: known.decision, Outcomes: outcomes, Leaving: leaving, Err: o.join(known.err, known.overriding(), known.refused)}
		r.Lost, r.LostSince = e.gone(outcomes)
		var second error
		if o != winner {
			second = fmt.Errorf("%s is ordered by %s already: %s %s", key, winner.Dialect, winner.Source.Kind.Kind, winner.origin())
		}
		e.announceOrder(known, o.Source, "claim "+name, second)
		if o != winner {
			r = work.Report{Order: o.Order, Err: second}
		}
		t.reports = append(t.reports, r)
	}
	for _, name := range slices.Sorted(maps.Keys(known.taken)) {
		r := work.Report{Order: known.taken[name], Outcomes: outcomes, Held: known.held}
		r.Done = winner != nil || known.placed == nil || known.placed.Dialect != name && e.has(known.placed.Dialect) || e.finished(known)
		t.reports = append(t.reports, r)
	}
	if known.placed != nil {
		s := e.bindingStatus(known)
		t.status = &s
	}
	return t, true
}

// finished says that of an order that was taken back nothing is left but what
// cannot be reached; mu is held.
func (e *Engine) finished(known *entry) bool {
	p := known.placed
	if !p.Deleted {
		return false
	}
	for _, r := range p.Removing {
		if !e.outOfReach(r.Cluster, known.outcomes[r.Cluster]) {
			return false
		}
	}
	for _, d := range p.Dependencies {
		for _, name := range d.Clusters {
			if of := e.entries[d.Key]; of != nil && !e.outOfReach(name, of.outcomes[name]) {
				return false
			}
		}
	}
	return true
}

// outOfReach says that nothing can be done in a cluster now, so that nobody waits
// for it; mu is held.
func (e *Engine) outOfReach(name string, o work.Outcome) bool {
	c := e.byName[name]
	return c == nil || over(o) || o.Phase == work.Failed && o.Reason == unreachable || absentNow(c)
}

// unreachable is the Reason of an Outcome of a cluster that does not answer.
const unreachable = "Unreachable"

// gone are those of some outcomes' clusters that are lost, and since when; mu is held.
func (e *Engine) gone(outcomes []work.Outcome) (names []string, since map[string]time.Time) {
	for _, o := range outcomes {
		if c := e.byName[o.Cluster]; lostNow(c) {
			names = append(names, o.Cluster)
			if since == nil {
				since = map[string]time.Time{}
			}
			since[o.Cluster] = lostSince(c)
		}
	}
	return names, since
}

// lostNow says that a cluster's API server and its data path are down. One that is
// being read, after a start, is not.
func lostNow(c *cluster.Cluster) bool {
	return c != nil && slices.ContainsFunc(c.Taints, func(t corev1.Taint) bool { return t.Key == cluster.TaintUnreachable })
}

// lostSince is when a cluster was lost; the zero time: nobody knows.
func lostSince(c *cluster.Cluster) time.Time {
	for _, t := range c.Taints {
		if t.Key == cluster.TaintUnreachable && t.TimeAdded != nil {
			return t.TimeAdded.Time
		}
	}
	return time.Time{}
}

// outcome is what came of it in each cluster, by name.
func (e *entry) outcome() (all []work.Outcome) {
	began := map[string]time.Time{}
	for name := range e.outcomes {
		began[name] = time.Time{}
	}
	if e.placed != nil {
		for _, l := range e.placed.Leaving {
			began[l.Cluster] = l.Since
		}
		for _, t := range e.placed.Targets {
			began[t.Cluster] = t.Since
		}
		for _, r := range e.placed.Removing {
			began[r.Cluster] = r.Since
		}
	}
	for _, name := range slices.Sorted(maps.Keys(began)) {
		o, ok := e.came(name)
		switch {
		case !ok:
			o = work.Outcome{Cluster: name, Key: e.key, Phase: work.Pending, Health: work.Unknown, Since: began[name]}
		case o.Since.IsZero():
			o.Since = began[name]
		}
		all = append(all, o)
	}
	return all
}

// leaving is where it leaves from.
func (e *entry) leaving() (all []work.Leaving) {
	if e.placed == nil {
		return nil
	}
	for _, l := range e.placed.Leaving {
		all = append(all, work.Leaving{Cluster: l.Cluster, Why: l.Why, Since: l.Since, Until: l.Until})
	}
	return all
}
