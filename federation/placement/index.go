package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// Index is a set of clusters made ready for many requests. It does not change, and
// may be used from any goroutine; it keeps the clusters, which nobody may change.
type Index struct {
	members []member // by name
	at      map[string]int
	err     error

	// What is asked for each template, and has few values, is remembered.
	kinds   sync.Map // by GroupVersionKind: []bool, which of members serve it
	domains sync.Map // by domain: grouping

	spares sync.Pool // *spare
}

// spare is what plans use one after the other.
type spare struct {
	candidates, sorted []candidate
	order              []int32
	previous           []int32
}

// member is a cluster with what does not depend on a request.
type member struct {
	*cluster.Cluster
	tie  uint64 // the hash of its name, not finished
	free map[corev1.ResourceName]int64
	hard []corev1.Taint // keep new templates out
	soft []corev1.Taint // have it come last
}

// New makes an Index of clusters, which are in any order. Their names are unique:
// otherwise no request is placed.
func New(clusters []*cluster.Cluster) *Index {
	ix := &Index{members: make([]member, 0, len(clusters)), at: make(map[string]int, len(clusters))}
	for _, c := range clusters {
		m := member{Cluster: c, tie: hash(fnvOffset, c.Name), free: free(c.Capacity)}
		for _, t := range c.Taints {
			switch t.Effect {
			case corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute:
				m.hard = append(m.hard, t)
			case corev1.TaintEffectPreferNoSchedule:
				m.soft = append(m.soft, t)
			}
		}
		ix.members = append(ix.members, m)
	}
	slices.SortStableFunc(ix.members, func(a, b member) int { return strings.Compare(a.Name, b.Name) })
	for i, m := range ix.members {
		if _, twice := ix.at[m.Name]; twice {
			ix.err = fmt.Errorf("cluster %s is stated twice", m.Name)
		}
		ix.at[m.Name] = i
	}
	return ix
}

// Planner is the Placer of all dialects. It has no state: who places many
// templates makes an Index instead.
type Planner struct{}

// Place implements Placer.
func (Planner) Place(r Request, clusters []*cluster.Cluster) (Decision, error) {
	return New(clusters).Place(r)
}

// Place decides as a Placer does, among the clusters of ix.
//
// Affinities are tried in order until one yields a placement that keeps all rules
// and leaves no replica over (Karmada's "Multiple cluster affinity groups"). If
// each leaves some over, the one that leaves fewest counts, the first of equals.
// On an error the Decision has Reasons, if anything is known, and nothing else.
func (ix *Index) Place(r Request) (Decision, error) {
	if ix.err != nil {
		return Decision{}, fmt.Errorf("place %s: %w", r.Key, ix.err)
	}
	s, _ := ix.spares.Get().(*spare)
	if s == nil {
		s = &spare{}
	}
	defer ix.spares.Put(s)
	p, err := newPlan(ix, &r, s)
	if err != nil {
		return Decision{}, fmt.Errorf("place %s: %w", r.Key, err)
	}
	var best *Decision
	var passed []string
	var refused error
	var last Decision
	if len(p.groups) == 0 {
		last.Reasons = p.reasons("no affinity is stated, so nothing is placed")
	}
	for i := range p.groups {
		d, err := p.try(p.groups[i])
		if err == nil && d.Unplaced == 0 && len(d.Targets) > 0 {
			d.Passed = passed
			return d, nil
		}
		label := cmp.Or(d.Affinity, fmt.Sprintf("affinity %d", i))
		last = d
		switch {
		case err != nil:
			passed = append(passed, label+": "+err.Error())
			refused = cmp.Or(refused, fmt.Errorf("%s: %w", label, err))
		case len(d.Targets) == 0:
			passed = append(passed, label+": no cluster may take it")
		default:
			passed = append(passed, fmt.Sprintf("%s: %d replicas fit nowhere", label, d.Unplaced))
		}
		if err == nil && d.Unplaced > 0 && (best == nil || d.Unplaced < best.Unplaced) {
			best = &d
		}
	}
	if best != nil {
		best.Passed = passed
		return *best, nil
	}
	d := Decision{Reasons: last.Reasons, Passed: passed}
	if refused != nil {
		return d, fmt.Errorf("place %s: %w", r.Key, refused)
	}
	return d, nil
}
