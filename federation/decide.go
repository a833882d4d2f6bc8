package federation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// situation is all that a decision rests on.
type situation struct {
	now      time.Time
	key      work.Key
	order    *ordered // that counts; nil: none
	placed   *Binding // nil: none
	ending   bool     // it was taken back
	stale    bool     // to be placed anew
	standing string   // why what was placed stands, whatever is decided; empty: it does not
	decision placement.Decision
	err      error // of the last placement
	clusters []*cluster.Cluster
	place    func(placement.Request) (placement.Decision, error) // among clusters
	member   func(string) bool
	lost     map[string]bool
	seen     func(string) failover.Seen
	blocked  func(string) bool // see failover.Move
	// gone says that a cluster does not hold it any more, nor will.
	gone func(string) bool
	// idle says that a dependency is of no use in a cluster any more, and not there.
	idle func(work.Key, string) bool
}

// verdict is what follows from a situation.
type verdict struct {
	next     Binding
	decision placement.Decision
	err      error
	keeps    map[string]string
	settled  bool
	planned  bool      // it was placed anew
	wake     time.Time // it is something else by then if nothing else changes; zero: never
}

// decide says what is to be next of an order. It is pure, as place is.
func (s situation) decide(cfg failover.Config) verdict {
	v := verdict{decision: s.decision, err: s.err}
	var was Binding
	if s.placed != nil {
		was = *s.placed
	}
	v.next = was
	v.next.Key, v.next.Dialect, v.next.Source = s.key, s.order.Dialect, s.order.Source
	v.next.Orphan, v.next.Deleted = s.order.Options.Orphan, false
	state := was.State
	if s.placed != nil && was.Source.Generation != s.order.Source.Generation {
		state.Away = nil // people said something else since
	}
	c := failover.Case{State: state, Tolerations: s.order.placement.Tolerations, Options: s.order.Options.Failover, Divided: s.order.divided(), Seen: s.seen}
	e := failover.Evict(c, s.clusters, s.lost, cfg, s.now)
	v.keeps = e.Held
	evicts := slices.ContainsFunc(state.Targets, func(t failover.Target) bool { return e.By[t.Cluster] != "" })
	switch {
	case s.standing != "":
		v.err = errors.New(s.standing)
	case s.stale || evicts:
		v.decision, v.err = s.plan(c, e)
		v.planned = true
	}
	want := v.decision.Targets
	if v.err != nil {
		want = state.Placement() // what was placed stands
		e.By = map[string]string{}
	} else {
		v.next.Affinity = v.decision.Affinity
	}
	m := failover.Move(c, want, e, s.member, s.blocked, cfg, s.now)
	v.next.State, v.settled = m.State, m.Settled
	v.next.Removing = s.removing(was, v.next)
	v.next.Dependencies = s.dependencies(was, v.next)
	v.wake = sooner(e.Next, m.Next)
	return v
}

// plan asks for a placement. Where its policy keeps a template from clusters that
// it had to leave, it goes back there rather than nowhere.
func (s situation) plan(c failover.Case, e failover.Eviction) (placement.Decision, error) {
	r := s.order.placement
	for _, t := range c.State.Targets {
		if e.By[t.Cluster] == "" {
			r.Previous = append(r.Previous, placement.Target{Cluster: t.Cluster, Replicas: t.Replicas})
		}
	}
	for name := range e.By {
		r.Evicted = append(r.Evicted, name)
	}
	slices.Sort(r.Evicted)
	open := r
	for _, name := range c.Shunned() {
		if e.By[name] == "" {
			r.Evicted = append(r.Evicted, name)
		}
	}
	slices.Sort(r.Evicted)
	d, err := s.place(r)
	if len(r.Evicted) > len(open.Evicted) && (err != nil || d.Unplaced > 0 || len(d.Targets) == 0) {
		if again, other := s.place(open); other == nil && (err != nil || again.Unplaced < d.Unplaced || len(d.Targets) == 0) {
			d, err = again, nil
		}
	}
	if err != nil {
		return placement.Decision{Reasons: d.Reasons, Passed: d.Passed}, fmt.Errorf("%s: %w", s.key, err)
	}
	return d, nil
}

// removing are the clusters that are to hold it no more, and may still.
func (s situation) removing(was, next Binding) (all []Removal) {
	for _, r := range was.Removing {
		if _, has := next.Has(r.Cluster); !has && s.member(r.Cluster) && !s.gone(r.Cluster) {
			all = append(all, r)
		}
	}
	for _, name := range was.Holders() {
		if _, has := next.Has(name); !has && s.member(name) && !was.removing(name) {
			all = append(all, Removal{Cluster: name, Since: s.now.Truncate(time.Second)})
		}
	}
	slices.SortFunc(all, func(a, b Removal) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return all
}

// dependencies are what goes along, and what went along and may still be there.
func (s situation) dependencies(was, next Binding) (all []Dependency) {
	where := map[work.Key][]string{}
	if s.order != nil {
		for _, key := range s.order.refers {
			where[key] = next.Holders()
		}
	}
	for _, d := range was.Dependencies {
		for _, name := range d.Clusters {
			if !slices.Contains(where[d.Key], name) && s.member(name) && !s.idle(d.Key, name) {
				where[d.Key] = append(where[d.Key], name)
			}
		}
	}
	for key, names := range where {
		if len(names) > 0 {
			names = slices.Clone(names)
			slices.Sort(names)
			all = append(all, Dependency{Key: key, Clusters: names})
		}
	}
	slices.SortFunc(all, func(a, b Dependency) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return all
}

// end says what is to be next of a template whose order was taken back.
func (s situation) end() (next Binding, over bool) {
	next = *s.placed
	next.State = failover.State{}
	next.Deleted = true
	next.Removing = s.removing(*s.placed, next)
	next.Dependencies = s.dependencies(*s.placed, next)
	return next, len(next.Removing) == 0 && len(next.Dependencies) == 0
}

// sooner is the earlier of two times, of which the zero time is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// join is what is wrong with an order, all of it.
func (o *ordered) join(errs ...error) error {
	return errors.Join(append([]error{o.err, o.wrong}, errs...)...)
}
