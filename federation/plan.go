package federation

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/work"
)

// Action is what would be done in one cluster, or is being done. The JSON names
// are part of the API.
type Action struct {
	Action   string `json:"action"` // apply, remove, orphan, keep, hold, refuse
	Cluster  string `json:"cluster,omitempty"`
	Object   string `json:"object"`
	Replicas int32  `json:"replicas,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// Plan says what would be written to members if all there is to decide were decided
// now, and what of the last decisions is not done yet. It writes nothing.
func (e *Engine) Plan() []Action {
	e.mu.Lock()
	keys := sortedKeys(slices.Collect(maps.Keys(e.entries)))
	e.mu.Unlock()
	all := []Action{}
	for _, key := range keys {
		all = append(all, e.planOf(key)...)
	}
	return all
}

// planOf is what would be done with one Key.
func (e *Engine) planOf(key work.Key) (all []Action) {
	s, known, ok := e.consider(key)
	if !ok {
		return nil
	}
	at := func(action, cluster, reason string, replicas int32) {
		all = append(all, Action{Action: action, Cluster: cluster, Object: key.String(), Replicas: replicas, Reason: reason})
	}
	switch {
	case known.holds() != "":
		at("hold", "", known.holds(), 0)
		return all
	case s.order == nil && s.placed == nil:
		return nil
	case s.order != nil && s.order.Template == nil:
		at("refuse", "", errText(s.order.join()), 0)
		return all
	}
	var was failover.State
	if s.placed != nil {
		was = s.placed.State
	}
	next, orphan, why := Binding{}, false, ""
	if s.order == nil {
		next, _ = s.end()
		orphan, why = s.placed.Orphan, "the order was taken back"
	} else {
		v := s.decide(e.cfg.Failover)
		if err := s.order.join(v.err); err != nil {
			at("refuse", "", err.Error(), 0)
		}
		next, orphan = v.next, s.order.Options.Orphan
	}
	for _, t := range next.Targets {
		o, _ := known.came(t.Cluster)
		switch before := was.Target(t.Cluster); {
		case before == nil:
			at("apply", t.Cluster, "placed there", t.Replicas)
		case before.Replicas != t.Replicas:
			at("apply", t.Cluster, "another number of replicas", t.Replicas)
		case o.Phase != work.Applied:
			at("apply", t.Cluster, cmp.Or(string(o.Phase), string(work.Pending))+" "+o.Reason, t.Replicas)
		}
	}
	for _, l := range next.Leaving {
		at("keep", l.Cluster, l.Why+": until others have taken its place", l.Replicas)
	}
	verb := "remove"
	if orphan {
		verb = "orphan"
	}
	for _, r := range next.Removing {
		o := known.outcomes[r.Cluster]
		at(verb, r.Cluster, cmp.Or(why, o.Message, "placed elsewhere"), 0)
	}
	return all
}

// consider is what is known of a Key, as a copy: nothing follows from it.
func (e *Engine) consider(key work.Key) (situation, entry, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.entries[key]
	if known == nil || !e.opened || !e.complete {
		return situation{}, entry{}, false
	}
	s := e.of(known)
	if s.order == nil && !known.withdrawn {
		return s, entry{}, false
	}
	seen := *known
	seen.outcomes = maps.Clone(known.outcomes)
	return s, seen, true
}
