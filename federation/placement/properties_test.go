package placement

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/fedns/fedns/federation/cluster"
)

// properties say what is broken in a case; nothing: it holds.
var properties = []struct {
	name   string
	broken func(c *randomCase) string
}{
	{"whole", whole}, {"total kept", totalKept}, {"limits kept", limitsKept}, {"capacity kept", capacityKept},
	{"allowed", allowed}, {"spread kept", spreadKept}, {"deterministic", deterministic},
	{"weights within rounding", withinRounding}, {"irrelevant changes", irrelevant},
	{"settled", settledDecision}, {"reasons are honest", honestReasons}, {"growing", growing}, {"shrinking", shrinking},
}

// whole: a Reason for each cluster, targets by name, none on an error.
func whole(c *randomCase) string {
	if c.err != nil {
		c.see("refused")
		if len(c.d.Targets) > 0 {
			return "targets beside an error"
		}
		return ""
	}
	if len(c.d.Targets) > 0 {
		c.see("placed")
	}
	if len(c.d.Targets) > 1 {
		c.see("several targets")
	}
	if len(c.d.Reasons) != len(c.clusters) {
		return fmt.Sprintf("%d reasons for %d clusters", len(c.d.Reasons), len(c.clusters))
	}
	got, before := counts(c.d.Targets), ""
	for _, r := range c.d.Reasons {
		if _, kept := got[r.Cluster]; kept != r.Kept || r.Why == "" || r.Cluster <= before {
			return fmt.Sprintf("reason %+v", r)
		}
		before = r.Cluster
	}
	if !slices.IsSortedFunc(c.d.Targets, func(a, b Target) int { return compareNames(a.Cluster, b.Cluster) }) {
		return "targets are not sorted"
	}
	return ""
}

func compareNames(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// totalKept: targets and what fits nowhere are the replicas asked for.
func totalKept(c *randomCase) string {
	if !c.divided() {
		return ""
	}
	sum := c.d.Unplaced
	for _, t := range c.d.Targets {
		if sum += t.Replicas; t.Replicas <= 0 {
			return fmt.Sprintf("%s gets %d", t.Cluster, t.Replicas)
		}
	}
	if c.d.Unplaced > 0 {
		c.see("unplaced")
	}
	if c.d.Unplaced < 0 || sum != *c.r.Replicas {
		return fmt.Sprintf("%d of %d", sum, *c.r.Replicas)
	}
	return ""
}

// limitsKept: no target is beyond its limits, unless there are fewer replicas
// than all minimums, or the room for them is not there.
func limitsKept(c *randomCase) string {
	if c.err != nil || c.r.Replicas == nil || *c.r.Replicas == 0 {
		return ""
	}
	scarce := false
	for _, t := range c.d.Targets {
		l := c.limit(t.Cluster)
		if l.Max != nil && t.Replicas > *l.Max {
			return fmt.Sprintf("%s has %d, more than %d", t.Cluster, t.Replicas, *l.Max)
		}
		if l.Max != nil && t.Replicas == *l.Max {
			c.see("maximum bound")
		}
		held, known := c.holds(t.Cluster)
		if t.Replicas < l.Min && (!known || held >= l.Min) {
			scarce = true
		}
		if l.Min > 0 && t.Replicas == l.Min {
			c.see("minimum bound")
		}
	}
	if !scarce {
		return ""
	}
	c.see("scarce")
	for _, t := range c.d.Targets {
		if t.Replicas > c.limit(t.Cluster).Min {
			return fmt.Sprintf("%s has %d, more than its minimum, and another has less", t.Cluster, t.Replicas)
		}
	}
	return ""
}

// capacityKept: what a cluster can hold is not exceeded by modes that ask for it.
func capacityKept(c *randomCase) string {
	if !c.divided() || ((c.r.Scheduling.Mode == Weighted || c.r.Scheduling.Mode == Even) && !c.r.Scheduling.SpillOver) {
		return ""
	}
	for _, t := range c.d.Targets {
		if n, known := c.holds(t.Cluster); known && t.Replicas > n {
			return fmt.Sprintf("%s has %d and holds %d", t.Cluster, t.Replicas, n)
		}
	}
	return ""
}

// allowed: no target is evicted, not selected, tainted and new, or without the kind.
func allowed(c *randomCase) string {
	for _, t := range c.d.Targets {
		one := c.byName[t.Cluster]
		if slices.Contains(c.r.Evicted, t.Cluster) {
			return t.Cluster + " is evicted"
		}
		if one.Kinds != nil && !one.Kinds[c.r.Kind] {
			return t.Cluster + " does not serve it"
		}
		if !slices.ContainsFunc(c.r.Affinities, func(a Affinity) bool { return selects(a, one) }) {
			return t.Cluster + " is not selected"
		}
		if slices.ContainsFunc(c.r.Previous, func(p Target) bool { return p.Cluster == t.Cluster }) {
			continue
		}
		for _, taint := range one.Taints {
			if taint.Effect != corev1.TaintEffectPreferNoSchedule && !slices.ContainsFunc(c.r.Tolerations, func(tol corev1.Toleration) bool {
				return tol.ToleratesTaint(klog.Logger{}, &taint, true)
			}) {
				return t.Cluster + " is tainted"
			}
		}
	}
	return ""
}

// selects is what the affinities of dice mean, found in another way than by Selector.
func selects(a Affinity, c *cluster.Cluster) bool {
	switch {
	case len(a.Clusters) > 0 && !slices.Contains(a.Clusters, c.Name):
	case slices.Contains(a.Exclude, c.Name):
	case a.Labels != nil && a.Labels.MatchLabels["tier"] != c.Labels["tier"]:
	case len(a.Fields) > 0 && slices.Contains(a.Fields[0].Values, c.Region):
	default:
		return true
	}
	return false
}

// spreadKept: each Spread has its groups, as many as there are replicas for.
func spreadKept(c *randomCase) string {
	if c.err != nil || len(c.d.Targets) == 0 {
		return ""
	}
	wanted := 0 // groups of others need clusters
	for _, s := range c.r.Spread {
		if s.Domain != ByCluster && s.Domain != ByZone {
			wanted = max(wanted, s.Min)
		}
	}
	for _, s := range c.r.Spread {
		found := map[string]bool{}
		for _, t := range c.d.Targets {
			values := s.values(&member{Cluster: c.byName[t.Cluster]})
			if len(values) == 0 {
				return fmt.Sprintf("%s is in no %s", t.Cluster, s.Domain)
			}
			for _, value := range values {
				found[value] = true
			}
		}
		most := s.Max
		if s.Domain == ByCluster {
			most = max(most, wanted)
		}
		if s.Max > 0 && len(found) > most {
			return fmt.Sprintf("%d groups by %s, want at most %d", len(found), s.Domain, most)
		}
		// With fewer replicas than the groups of all domains, or less than all
		// minimums, not every group can have one.
		enough := c.r.Replicas == nil || c.r.Scheduling.Mode == Duplicated || c.d.Unplaced == 0 && len(c.r.Scheduling.Limits) == 0 && *c.r.Replicas >= 16
		idle := c.r.Replicas != nil && *c.r.Replicas == 0
		if enough && !idle && len(found) < s.Min {
			return fmt.Sprintf("%d groups by %s, want at least %d", len(found), s.Domain, s.Min)
		}
		c.see("spread kept")
	}
	return ""
}

// deterministic: the same in any order of clusters, evictions, and names.
func deterministic(c *randomCase) string {
	clusters := slices.Clone(c.clusters)
	c.Shuffle(len(clusters), func(i, j int) { clusters[i], clusters[j] = clusters[j], clusters[i] })
	r := c.r
	r.Previous = slices.Clone(r.Previous)
	slices.Reverse(r.Previous)
	if d, err := (Planner{}).Place(r, clusters); !same(c.d, d, c.err, err) {
		return fmt.Sprintf("in another order %+v, %v", d, err)
	}
	return ""
}

// withinRounding: where no limit binds and what runs may move, each gets its exact
// part, rounded up or down.
func withinRounding(c *randomCase) string {
	if c.r.Replicas == nil || *c.r.Replicas == 0 {
		return ""
	}
	r := c.r
	r.Affinities, r.Spread = r.Affinities[:1], nil
	r.Scheduling = Scheduling{Mode: Weighted, Weights: r.Scheduling.Weights, Rebalance: true}
	if c.r.Scheduling.Mode == Even {
		r.Scheduling.Mode = Even
	}
	d, err := (Planner{}).Place(r, c.clusters)
	if err != nil {
		return err.Error()
	}
	weights, sum := map[string]int64{}, int64(0)
	for _, one := range c.clusters {
		if !selects(r.Affinities[0], one) || slices.Contains(r.Evicted, one.Name) || !one.Serves(r.Kind) || c.unwanted(one) {
			continue
		}
		weight := int64(1)
		if r.Scheduling.Mode == Weighted && len(r.Scheduling.Weights) > 0 {
			weight = 0
			for _, w := range r.Scheduling.Weights {
				if selects(w.Affinity, one) {
					weight = max(weight, w.Weight)
				}
			}
		}
		weights[one.Name] = weight
		sum += weight
	}
	got := counts(d.Targets)
	for name, weight := range weights {
		exact := 0.0
		if sum > 0 {
			exact = float64(*r.Replicas) * float64(weight) / float64(sum)
		}
		if math.Abs(float64(got[name])-exact) >= 1 {
			return fmt.Sprintf("%s has %d, its exact part is %f", name, got[name], exact)
		}
		c.see("exact part")
	}
	return ""
}

// unwanted: a taint keeps c out.
func (c *randomCase) unwanted(one *cluster.Cluster) bool {
	if slices.ContainsFunc(c.r.Previous, func(p Target) bool { return p.Cluster == one.Name }) {
		return false
	}
	for _, taint := range one.Taints {
		tolerated := slices.ContainsFunc(c.r.Tolerations, func(t corev1.Toleration) bool { return t.Key == taint.Key })
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !tolerated {
			return true
		}
	}
	return false
}

// irrelevant: a cluster that is not selected comes and another changes, and a label
// that nobody asks for is set: nothing moves.
func irrelevant(c *randomCase) string {
	clusters := slices.Clone(c.clusters)
	for i, one := range clusters {
		changed := *one
		changed.Labels = map[string]string{"tier": one.Labels["tier"], "colour": c.dice.name("colour", 5)}
		changed.Networks = []string{"flat"}
		if slices.Contains(c.r.Evicted, one.Name) || !slices.ContainsFunc(c.r.Affinities, func(a Affinity) bool { return selects(a, one) }) {
			changed.Capacity, changed.Price, changed.Taints = cluster.Capacity{}, 0.01, nil
		}
		clusters[i] = &changed
	}
	r := c.r
	stranger := c.cluster("a-stranger")
	clusters = append(clusters, stranger)
	r.Evicted = append(slices.Clone(r.Evicted), stranger.Name)
	d, err := (Planner{}).Place(r, clusters)
	if fmt.Sprint(err) != fmt.Sprint(c.err) || !slices.Equal(d.Targets, c.d.Targets) || d.Unplaced != c.d.Unplaced || d.Affinity != c.d.Affinity {
		return fmt.Sprintf("then %+v, %v", d, err)
	}
	return ""
}

// settledDecision: what was decided is decided again.
func settledDecision(c *randomCase) string {
	if c.err != nil || len(c.r.Affinities) > 1 || c.leaves() {
		return ""
	}
	got, d, err := c.again(func(*Request) {})
	if err != nil {
		return err.Error()
	}
	if !maps.Equal(got, counts(c.d.Targets)) || d.Unplaced != c.d.Unplaced {
		return fmt.Sprintf("then %+v", d)
	}
	c.see("kept as it was")
	return ""
}

// honestReasons: what is said to be as before was so before.
func honestReasons(c *randomCase) string {
	ran := counts(c.r.Previous)
	for _, r := range c.d.Reasons {
		if !strings.Contains(r.Why, "as before") {
			continue
		}
		if n := counts(c.d.Targets)[r.Cluster]; n == 0 || ran[r.Cluster] != n {
			return fmt.Sprintf("cluster %s gets %d: %s; it had %d", r.Cluster, n, r.Why, ran[r.Cluster])
		}
		c.see("as before")
	}
	return ""
}

// leaves: a cluster counted only because of what ran there, in spite of a taint, or
// as a group of a spread with a weight of 0, and nothing runs there now.
func (c *randomCase) leaves() bool {
	now := counts(c.d.Targets)
	if slices.ContainsFunc(c.r.Previous, func(t Target) bool {
		_, stays := now[t.Cluster]
		return !stays && c.byName[t.Cluster] != nil && len(c.byName[t.Cluster].Taints) > 0
	}) {
		return true
	}
	for _, l := range c.r.Scheduling.Limits {
		if l.Weight != nil && *l.Weight == 0 && len(c.r.Spread) > 0 {
			return true
		}
	}
	return len(c.r.Spread) > 0 && slices.ContainsFunc(c.r.Scheduling.Weights, func(w Weight) bool { return w.Weight == 0 })
}

// growing: with more replicas and what runs kept, no cluster gets fewer.
func growing(c *randomCase) string {
	if !c.divided() || c.r.Scheduling.Rebalance || len(c.r.Affinities) > 1 || c.leaves() {
		return ""
	}
	more := *c.r.Replicas + int32(1+c.IntN(50))
	got, d, err := c.again(func(r *Request) { r.Replicas = &more })
	if err != nil {
		return err.Error()
	}
	for _, t := range c.d.Targets {
		if got[t.Cluster] < t.Replicas {
			return fmt.Sprintf("with %d replicas %s has %d, not %d: %+v", more, t.Cluster, got[t.Cluster], t.Replicas, d)
		}
		c.see("grown")
	}
	return ""
}

// shrinking: with fewer replicas and what runs kept, no cluster gets more. Where
// nothing but weights counts, what runs may be anywhere.
func shrinking(c *randomCase) string {
	if !c.divided() || c.r.Scheduling.Rebalance || len(c.r.Affinities) > 1 || c.d.Unplaced > 0 || *c.r.Replicas < 2 || len(c.r.Spread) > 0 {
		return ""
	}
	running := slices.Clone(c.d.Targets)
	if s := c.r.Scheduling; (s.Mode == Weighted || s.Mode == Even) && !s.SpillOver && len(s.Limits) == 0 {
		for i := range running {
			running[i].Replicas = c.d.Targets[(i+1)%len(running)].Replicas
		}
	}
	fewer := *c.r.Replicas - int32(1+c.IntN(int(*c.r.Replicas)-1))
	got, d, err := c.again(func(r *Request) { r.Replicas, r.Previous = &fewer, running })
	if err != nil {
		return err.Error()
	}
	before := counts(running)
	for name, n := range got {
		if n > before[name] {
			return fmt.Sprintf("with %d replicas %s has %d, not %d: %+v", fewer, name, n, before[name], d)
		}
		c.see("shrunk")
	}
	return ""
}
