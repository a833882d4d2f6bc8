package failover

import (
	"cmp"
	"slices"
	"time"

	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// gather is how long what leaves waits for others that may leave with it: as long as
// all of a namespace takes to be looked at when a cluster is lost.
const gather = 2 * time.Second

// Motion is what Move says.
type Motion struct {
	State State
	// Settled says that all that is to be is ready: nothing has to wait for it.
	Settled bool
	Next    time.Time // there is more by then if nothing else changes; zero: never
}

// Move makes the next State of a template that is to be at want. member says that a
// cluster is one still. blocked says that others wait with this template, which
// leaves a cluster with them; nil: it is alone.
//
// What want does not have any more stays, or what it has fewer of, as long as
// something else takes its place and is not ready. What nothing replaces goes at
// once: that is what was asked for. But from a cluster that evicts, nothing goes
// before all of want is ready, if the order does not say otherwise (work.Purge).
func Move(c Case, want []placement.Target, e Eviction, member func(string) bool, blocked func(cluster string) bool, cfg Config, now time.Time) Motion {
	cfg = cfg.WithDefaults()
	if c.Options.Grace > 0 {
		cfg.Grace = c.Options.Grace
	}
	// What is kept has Kubernetes' resolution, so that it comes back as it went.
	m := move{Case: c, want: want, e: e, grace: cfg.Grace, now: now.Truncate(time.Second)}
	next := State{Targets: m.targets()}
	if len(want) == 0 {
		next.Targets = m.nowhere(member)
	}
	out := Motion{Settled: m.settled(next.Targets)}
	grows := m.grows(next.Targets)
	for _, name := range c.State.Holders() {
		l, ok := m.leaving(name, next, grows)
		if !ok || !member(name) {
			continue
		}
		if l.Until.IsZero() { // people remove it
			next.Leaving = append(next.Leaving, l)
			continue
		}
		gathered := l.Since.Add(gather)
		done := out.Settled && (blocked == nil || !blocked(name)) && !now.Before(gathered)
		if done || !now.Before(l.Until) {
			continue
		}
		next.Leaving = append(next.Leaving, l)
		at := l.Until
		if now.Before(gathered) && gathered.Before(at) {
			at = gathered
		}
		if out.Next.IsZero() || at.Before(out.Next) {
			out.Next = at
		}
	}
	next.Away = m.away(next)
	out.State = next
	return out
}

// move is one call of Move.
type move struct {
	Case
	want  []placement.Target
	e     Eviction
	grace time.Duration
	now   time.Time
}

// targets are those of want, each with when it became one.
func (m move) targets() []Target {
	all := make([]Target, 0, len(m.want))
	for _, w := range m.want {
		t := Target{Cluster: w.Cluster, Replicas: w.Replicas, Since: m.now}
		if was := m.State.Target(w.Cluster); was != nil {
			t.Since = was.Since
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Target) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return all
}

// nowhere are the targets when nobody can take a template: those that it was
// evicted from keep it, since nothing is better there.
func (m move) nowhere(member func(string) bool) (all []Target) {
	for _, t := range m.State.Targets {
		if m.e.By[t.Cluster] != "" && member(t.Cluster) {
			all = append(all, t)
		}
	}
	return all
}

// settled says that all targets are ready.
func (m move) settled(targets []Target) bool {
	return !slices.ContainsFunc(targets, func(t Target) bool { return !m.ready(t) })
}

func (m move) ready(t Target) bool {
	s := m.Seen(t.Cluster)
	return s.Applied && s.Healthy && m.e.By[t.Cluster] == "" && (!m.Divided || s.Ready >= t.Replicas)
}

// grows says that some cluster is to have more than it was meant to.
func (m move) grows(targets []Target) bool {
	return slices.ContainsFunc(targets, func(t Target) bool {
		was := m.State.Target(t.Cluster)
		return was == nil || m.Divided && was.Replicas < t.Replicas
	})
}

// leaving is what a cluster keeps beyond what it is to have; false: nothing.
func (m move) leaving(name string, next State, grows bool) (Leaving, bool) {
	has, _ := m.State.Has(name)
	t := next.Target(name)
	if t != nil && (!m.Divided || t.Replicas >= has) {
		return Leaving{}, false
	}
	l := Leaving{Cluster: name, Replicas: has, Since: m.now, Until: m.now.Add(m.grace), Why: m.e.By[name]}
	if was := m.State.Leaver(name); was != nil {
		l.Since, l.Until, l.Why = was.Since, was.Until, cmp.Or(l.Why, was.Why)
		return l, true
	}
	if l.Why == "" {
		l.Why = "placed elsewhere"
		return l, grows
	}
	if m.Options.Purge == work.NeverPurged {
		l.Until = time.Time{}
	}
	return l, m.Options.Purge != work.Immediately
}

// away are the clusters that the template does not come back to as yet.
func (m move) away(next State) (all []Away) {
	for _, a := range m.State.Away {
		returns := !m.Options.Stay && !a.Unhealthy && m.e.By[a.Cluster] == ""
		if next.Target(a.Cluster) == nil && !returns {
			all = append(all, a)
		}
	}
	for _, t := range m.State.Targets {
		why := m.e.By[t.Cluster]
		if why != "" && next.Target(t.Cluster) == nil && !slices.ContainsFunc(all, func(a Away) bool { return a.Cluster == t.Cluster }) {
			all = append(all, Away{Cluster: t.Cluster, Why: why, Since: m.now, Unhealthy: m.e.Sick[t.Cluster]})
		}
	}
	slices.SortFunc(all, func(a, b Away) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return all
}

// Shunned are the clusters that a template does not come back to by its policy,
// though nothing evicts from them now.
func (c Case) Shunned() (names []string) {
	for _, a := range c.State.Away {
		if c.Options.Stay || a.Unhealthy {
			names = append(names, a.Cluster)
		}
	}
	return names
}
