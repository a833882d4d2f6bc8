package failover

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// Config is what holds for all templates. The zero Config has the defaults.
type Config struct {
	// HoldShare of the clusters may be lost at once; if more are, nothing leaves them:
	// it may be us who are cut off. Of fewer than three it says nothing. Defaults to
	// 0.5; 1 holds none.
	HoldShare float64
	// HoldWindow is what "at once" means. Defaults to five minutes: as long as a loss
	// is tolerated by default, so that it is seen before anything moves for it.
	HoldWindow time.Duration
	// Toleration of a cluster's evidence, where an order has none for it. Defaults to
	// five minutes, as in Kubernetes and Karmada.
	Toleration time.Duration
	// Grace is how long what leaves waits for what replaces it. Defaults to ten minutes.
	Grace time.Duration
}

// holdOf is of how many clusters a share begins to mean something.
const holdOf = 3

// WithDefaults is the Config with nothing left out.
func (c Config) WithDefaults() Config {
	if c.HoldShare <= 0 {
		c.HoldShare = 0.5
	}
	setDefault(&c.HoldWindow, 5*time.Minute)
	setDefault(&c.Toleration, 5*time.Minute)
	setDefault(&c.Grace, 10*time.Minute)
	return c
}

func setDefault(d *time.Duration, to time.Duration) {
	if *d <= 0 {
		*d = to
	}
}

// byEvidence says that a taint comes from what was seen of a cluster, which can be
// wrong of many clusters at once; an operator's word is not.
func byEvidence(t *corev1.Taint) bool {
	return t.Key == cluster.TaintNotReady || t.Key == cluster.TaintUnreachable
}

// Lost names the clusters whose evidence is not acted on, for too many were lost at
// once; nil: there are none. What was lost after the first of those is in the dark
// as well.
func Lost(clusters []*cluster.Cluster, cfg Config) map[string]bool {
	cfg = cfg.WithDefaults()
	type loss struct {
		name string
		at   time.Time
	}
	var all []loss
	for _, c := range clusters {
		if at, lost := lostAt(c); lost {
			all = append(all, loss{c.Name, at})
		}
	}
	slices.SortFunc(all, func(a, b loss) int { return a.at.Compare(b.at) })
	for i := range all {
		n := 0
		for _, o := range all[i:] {
			if o.at.Sub(all[i].at) <= cfg.HoldWindow {
				n++
			}
		}
		if n < 2 || len(clusters) < holdOf || float64(n) <= cfg.HoldShare*float64(len(clusters)) {
			continue
		}
		held := map[string]bool{}
		for _, o := range all[i:] {
			held[o.name] = true
		}
		return held
	}
	return nil
}

// lostAt says whether the evidence evicts from a cluster, and since when it does.
func lostAt(c *cluster.Cluster) (at time.Time, lost bool) {
	for i := range c.Taints {
		t := &c.Taints[i]
		if t.Effect != corev1.TaintEffectNoExecute || !byEvidence(t) {
			continue
		}
		lost = true
		if t.TimeAdded != nil && (at.IsZero() || t.TimeAdded.After(at)) {
			at = t.TimeAdded.Time
		}
	}
	return at, lost
}
