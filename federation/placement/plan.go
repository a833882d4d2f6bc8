package placement

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

// plan is a request made ready for the clusters of an Index. What is by cluster
// is in the order of the Index.
type plan struct {
	*Request
	ix       *Index
	groups   []*Selector
	weights  weights
	barred   []string // why a cluster may not take it, whatever group; empty: it may
	previous []int32  // replicas of Previous; -1: it is not there
	divided  bool     // there are replicas, and they are told out
	keep     bool     // what runs stays where it is
}

func newPlan(ix *Index, r *Request) (*plan, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	p := &plan{Request: r, ix: ix, keep: !r.Scheduling.Rebalance}
	p.divided = r.Replicas != nil && *r.Replicas > 0 && r.Scheduling.Mode != Duplicated && r.Scheduling.Mode != ""
	for i, a := range r.Affinities {
		s, err := NewSelector(a)
		if err != nil {
			return nil, fmt.Errorf("affinities[%d] %s: %w", i, a.Name, err)
		}
		p.groups = append(p.groups, s)
	}
	var err error
	if p.weights, err = newWeights(&r.Scheduling); err != nil {
		return nil, err
	}
	p.previous = make([]int32, len(ix.members))
	for i := range p.previous {
		p.previous[i] = -1
	}
	for _, t := range r.Previous {
		if i, ok := ix.at[t.Cluster]; ok {
			p.previous[i] = t.Replicas
		}
	}
	p.bar()
	return p, nil
}

// bar finds the clusters that may not take the template at all.
func (p *plan) bar() {
	p.barred = make([]string, len(p.ix.members))
	for _, name := range p.Evicted {
		if i, ok := p.ix.at[name]; ok {
			p.barred[i] = "it was evicted from there"
		}
	}
	var unserved string
	for i := range p.ix.members {
		m := &p.ix.members[i]
		if p.barred[i] != "" {
			continue
		}
		if !m.Serves(p.Kind) {
			if unserved == "" {
				unserved = "it does not serve " + p.Kind.String()
			}
			p.barred[i] = unserved
			continue
		}
		// What is there stays: how long it may is the matter of tolerationSeconds,
		// which Evicted is the end of (KEP 166, taint-based eviction).
		if p.previous[i] >= 0 {
			continue
		}
		if t := p.untolerated(m.hard); t != nil {
			p.barred[i] = "taint " + t.ToString() + " is not tolerated"
		}
	}
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
