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
	runs     []int32 // the same, whatever is assumed of previous; nil: nothing is
	serving  []bool
	divided  bool   // there are replicas, and they are told out
	keep     bool   // what runs stays where it is
	unserved string // said of clusters without the kind
	// entangled says that which clusters are needed depends on which others are: then
	// an order by what runs, which is another one next time, would go on moving
	// replicas about.
	entangled bool
	scant     bool    // there are fewer replicas than clusters are to have at least
	freed     []int32 // replicas that Previous has and previous has not any more
}

func newPlan(ix *Index, r *Request, s *spare) (*plan, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	p := &plan{Request: r, ix: ix, spare: s, keep: !r.Scheduling.Rebalance, serving: ix.serving(r.Kind)}
	p.entangled = entangled(r.Spread)
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

// settling is how often it is looked whether a decision would be made again.
const settling = 4

// try places by one group. Unless there is an error, the Decision is whole but for
// Passed.
//
// Where replicas may move, or there are too few for the least that clusters are to
// have, what runs where decides ties, and does so otherwise once the decision has
// come true: so the decision is one that is made again then.
func (p *plan) try(s *Selector) (Decision, error) {
	d, err := p.once(s)
	if err != nil || !p.divided || p.keep && !p.scant || slices.Equal(d.Targets, p.Previous) {
		return d, err
	}
	before := p.previous
	defer func() { p.previous, p.freed, p.runs = before, nil, nil }()
	for range settling {
		p.assume(before, d.Targets)
		next, err := p.once(s)
		if err != nil || slices.Equal(next.Targets, d.Targets) {
			break
		}
		d = next
	}
	return d, nil
}

// assume has targets come true: they run, and have the room of what ran before.
func (p *plan) assume(before []int32, targets []Target) {
	p.runs = before
	p.previous, p.freed = make([]int32, len(before)), make([]int32, len(before))
	for i := range p.previous {
		p.previous[i] = -1
	}
	for _, t := range targets {
		p.previous[p.ix.at[t.Cluster]] = t.Replicas
	}
	for i := range p.freed {
		p.freed[i] = max(before[i], 0) - max(p.previous[i], 0)
	}
}

// once is one placement of try.
func (p *plan) once(s *Selector) (Decision, error) {
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
