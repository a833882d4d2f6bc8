package federation

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/federation/work"
)

// Stats are plain numbers for metrics. Unsigned ones only grow.
type Stats struct {
	Orders, Bindings int // there are
	Leaving          int // clusters that wait for what replaces them
	Held             int // withdrawals
	Unplaced         int // orders that have no placement now, or not for all replicas
	Queued           int // Keys that wait to be looked at
	Synced           bool

	Decisions, Moves, Reports, Failures, WithdrawalsHeld uint64
	Restored                                             uint64 // Bindings that somebody else had written or deleted
}

// Stats are the numbers as they stand.
func (e *Engine) Stats() Stats {
	queued := e.queue.Len()
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Queued, s.Synced = queued, e.opened && e.complete && e.allSynced()
	for _, known := range e.entries {
		if len(known.orders) > 0 {
			s.Orders++
		}
		if known.placed != nil {
			s.Bindings++
			s.Leaving += len(known.placed.Leaving)
		}
		if known.holds() != "" {
			s.Held++
		}
		if known.err != nil || known.decision.Unplaced > 0 {
			s.Unplaced++
		}
	}
	return s
}

// Share is what a cluster has of what is placed.
type Share struct {
	Targets, Leaving, Removing  int // Bindings
	Applied, Failed, NotHealthy int // of those
	Altered                     int // of Applied: the cluster made something else of it
	Replicas, Ready             int64
}

// Shares is what each cluster has, by its name.
func (e *Engine) Shares() map[string]Share {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make(map[string]Share, len(e.clusters))
	for _, c := range e.clusters {
		all[c.Name] = Share{}
	}
	for _, known := range e.entries {
		if known.placed == nil {
			continue
		}
		count := func(name string, in func(*Share)) {
			s := all[name]
			in(&s)
			all[name] = s
		}
		for _, t := range known.placed.Targets {
			count(t.Cluster, func(s *Share) { s.Targets++; s.Replicas += int64(t.Replicas) })
		}
		for _, l := range known.placed.Leaving {
			count(l.Cluster, func(s *Share) { s.Leaving++ })
		}
		for _, r := range known.placed.Removing {
			count(r.Cluster, func(s *Share) { s.Removing++ })
		}
		for name, o := range known.outcomes {
			count(name, func(s *Share) {
				if o.Phase == work.Applied && o.Reason == altered {
					s.Altered++
				}
				switch {
				case o.Phase == work.Failed:
					s.Failed++
				case o.Phase == work.Applied && o.Health == work.Unhealthy:
					s.NotHealthy++
					s.Applied++
				case o.Phase == work.Applied:
					s.Applied++
				}
				s.Ready += int64(o.Ready)
			})
		}
	}
	return all
}

// Placed is one Key as it stands, for people. The JSON names are part of the API.
type Placed struct {
	Object    string          `json:"object"` // Deployment.apps shop/web
	Dialect   string          `json:"dialect,omitempty"`
	Source    string          `json:"source,omitempty"`
	Affinity  string          `json:"affinity,omitempty"`
	Error     string          `json:"error,omitempty"`
	Held      string          `json:"held,omitempty"`
	Withdrawn bool            `json:"withdrawn,omitempty"`
	Unplaced  int32           `json:"unplaced,omitempty"` // replicas
	Clusters  []PlacedCluster `json:"clusters"`
	Reasons   []Reason        `json:"reasons,omitempty"` // of all clusters, where asked for
}

// PlacedCluster is what is of a Key in one cluster.
type PlacedCluster struct {
	Cluster  string    `json:"cluster"`
	State    string    `json:"state"` // target, leaving, removing, dependency
	Replicas int32     `json:"replicas,omitempty"`
	Ready    int32     `json:"ready,omitempty"`
	Why      string    `json:"why,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Phase    string    `json:"phase"`
	Reason   string    `json:"reason,omitempty"`
	Message  string    `json:"message,omitempty"`
	Health   string    `json:"health,omitempty"`
}

// Reason is why a cluster gets what it gets.
type Reason struct {
	Cluster string `json:"cluster"`
	Kept    bool   `json:"kept"`
	Why     string `json:"why"`
}

// Bindings tells of all Keys, sorted; with reasons, why of each cluster.
func (e *Engine) Bindings(reasons bool) []Placed {
	e.mu.Lock()
	defer e.mu.Unlock()
	keys := sortedKeys(slices.Collect(maps.Keys(e.entries)))
	all := make([]Placed, 0, len(keys))
	for _, key := range keys {
		known := e.entries[key]
		p := known.tell()
		if reasons {
			p.Reasons = e.reasons(known)
		}
		all = append(all, p)
	}
	return all
}

func (e *entry) tell() Placed {
	p := Placed{Object: e.key.String(), Held: e.holds(), Withdrawn: e.withdrawn && len(e.orders) == 0, Unplaced: e.decision.Unplaced, Clusters: []PlacedCluster{}}
	if o := e.winner(); o != nil {
		p.Dialect, p.Source, p.Error = o.Dialect, o.origin(), errText(o.join(e.err, e.overriding(), e.refused))
	} else if e.placed != nil {
		p.Dialect = e.placed.Dialect
	}
	if b := e.placed; b != nil {
		p.Affinity = b.Affinity
		for _, t := range b.Targets {
			p.Clusters = append(p.Clusters, e.in(PlacedCluster{Cluster: t.Cluster, State: "target", Replicas: t.Replicas, Since: t.Since, Why: e.keeps[t.Cluster]}))
		}
		for _, l := range b.Leaving {
			p.Clusters = append(p.Clusters, e.in(PlacedCluster{Cluster: l.Cluster, State: "leaving", Replicas: l.Replicas, Since: l.Since, Until: l.Until, Why: l.Why}))
		}
		for _, r := range b.Removing {
			p.Clusters = append(p.Clusters, e.in(PlacedCluster{Cluster: r.Cluster, State: "removing", Since: r.Since}))
		}
	}
	for name, g := range e.given {
		if g.along != nil {
			p.Clusters = append(p.Clusters, e.in(PlacedCluster{Cluster: name, State: "dependency", Why: "of " + g.of.String()}))
		}
	}
	slices.SortStableFunc(p.Clusters, func(a, b PlacedCluster) int { return cmp.Compare(a.Cluster, b.Cluster) })
	return p
}

// reasons are why each cluster gets what it gets; mu is held.
func (e *Engine) reasons(known *entry) (all []Reason) {
	d := known.decision
	if s := e.of(known); len(d.Reasons) == 0 && s.order != nil && s.order.Template != nil && e.complete {
		s.stale = true
		d = s.decide(e.cfg.Failover).decision
	}
	for _, r := range d.Reasons {
		all = append(all, Reason(r))
	}
	return all
}

// in fills in what came of it in the cluster.
func (e *entry) in(c PlacedCluster) PlacedCluster {
	o, ok := e.came(c.Cluster)
	if !ok {
		o.Phase = work.Pending
	}
	c.Phase, c.Reason, c.Message, c.Health, c.Ready = string(o.Phase), o.Reason, o.Message, string(o.Health), o.Ready
	return c
}

// Serving is a cluster that has what is placed of a name.
type Serving struct {
	Cluster string
	Leaving bool // it does until others have taken its place
	Until   time.Time
}

// Serves says which clusters hold something that is placed under a name: a Service,
// and the workloads that are called like it. One that leaves counts as one until
// it has left. Sorted by cluster.
func (e *Engine) Serves(namespace, name string) []Serving {
	e.mu.Lock()
	defer e.mu.Unlock()
	by := map[string]Serving{}
	for key, known := range e.spaces[namespace] {
		p := known.placed
		if key.Name != name || p == nil {
			continue
		}
		for _, holder := range p.Holders() {
			s := by[holder]
			s.Cluster = holder
			if l := p.Leaver(holder); l != nil && p.Target(holder) == nil {
				s.Leaving, s.Until = true, l.Until
			}
			by[holder] = s
		}
	}
	return slices.SortedFunc(maps.Values(by), func(a, b Serving) int { return cmp.Compare(a.Cluster, b.Cluster) })
}
