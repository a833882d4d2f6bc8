package placement

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

// plan is a request made ready for the clusters of an Index. What is by cluster
// is in the order of the Index.
type plan struct {
	*Request
	ix       *Index
	spare    *spare // of this plan alone, for now
	groups   []*Selector
	weights  weights
	previous []int32 // replicas of Previous; -1: it is not there
	serving  []bool
	divided  bool   // there are replicas, and they are told out
	keep     bool   // what runs stays where it is
	unserved string // said of clusters without the kind
}

func newPlan(ix *Index, r *Request, s *spare) (*plan, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	p := &plan{Request: r, ix: ix, spare: s, keep: !r.Scheduling.Rebalance, serving: ix.serving(r.Kind)}
	p.divided = r.Replicas != nil && *r.Replicas > 0 && r.Scheduling.Mode != Duplicated && r.Scheduling.Mode != ""
	for i, a := range r.Affinities {
		group, err := NewSelector(a)
		if err != nil {
			return nil, fmt.Errorf("affinities[%d] %s: %w", i, a.Name, err)
		}
		p.groups = append(p.groups, group)
	}
	var err error
	if p.weights, err = newWeights(&r.Scheduling); err != nil {
		return nil, err
	}
	p.previous = s.previous[:0]
	for range ix.members {
		p.previous = append(p.previous, -1)
	}
	s.previous = p.previous
	for _, t := range r.Previous {
		if i, ok := ix.at[t.Cluster]; ok {
			p.previous[i] = t.Replicas
		}
	}
	return p, nil
}

// bars says why a cluster may not take the template, whatever selects it.
func (p *plan) bars(i int) (why string) {
	m := &p.ix.members[i]
	if len(p.Evicted) > 0 && slices.Contains(p.Evicted, m.Name) {
		return "it was evicted from there"
	}
	if !p.serving[i] {
		if p.unserved == "" {
			p.unserved = "it does not serve " + p.Kind.String()
		}
		return p.unserved
	}
	// What is there stays: how long it may is the matter of tolerationSeconds,
	// which Evicted is the end of (KEP 166, taint-based eviction).
	if p.previous[i] >= 0 {
		return ""
	}
	if t := p.untolerated(m.hard); t != nil {
		return "taint " + t.ToString() + " is not tolerated"
	}
	return ""
}

// untolerated is the first of taints that the request does not tolerate.
func (p *plan) untolerated(taints []corev1.Taint) *corev1.Taint {
next:
	for i := range taints {
		for j := range p.Tolerations {
			// The zero logger is silent: a toleration that compares what is no number
			// tolerates nothing.
			if p.Tolerations[j].ToleratesTaint(klog.Logger{}, &taints[i], true) {
				continue next
			}
		}
		return &taints[i]
	}
	return nil
}

// try places by one group. Unless there is an error, the Decision is whole but for
// Passed.
func (p *plan) try(s *Selector) (Decision, error) {
	d := Decision{Affinity: s.name, Reasons: p.reasons("")}
	cs := p.candidates(s, d.Reasons)
	cs, cover, err := p.spread(cs, d.Reasons)
	if err != nil {
		for i := range cs {
			d.Reasons[cs[i].at].Why = "no choice of clusters keeps the rule: " + err.Error()
		}
		return d, err
	}
	switch {
	case s.none: // that nothing is placed is what is wanted
	case p.divided:
		p.cover(cs, cover)
		d.Unplaced = p.divide(cs)
	default:
		p.copies(cs)
	}
	p.conclude(&d, cs)
	return d, nil
}

// copies has each candidate get the template whole. One that is scaled to zero
// stays where it is, and goes nowhere else.
func (p *plan) copies(cs []candidate) {
	if p.Replicas == nil {
		return
	}
	stays := false
	for i := range cs {
		stays = stays || cs[i].previous >= 0
	}
	idle := *p.Replicas == 0 && p.keep && stays && p.Scheduling.Mode != Duplicated && p.Scheduling.Mode != ""
	for i := range cs {
		if *p.Replicas > 0 {
			cs[i].got = min(max(*p.Replicas, cs[i].lo), cs[i].hi)
		}
		cs[i].idle = idle && cs[i].previous < 0
	}
}
