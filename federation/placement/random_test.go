package placement

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
)

var (
	deployment = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	allModes   = []Mode{Duplicated, Weighted, Dynamic, Aggregated, Even, Cheapest, Geography}
	effects    = []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule}
)

// dice makes requests and clusters that have something of everything.
type dice struct{ *rand.Rand }

func (d dice) chance(percent int) bool        { return d.IntN(100) < percent }
func (d dice) name(kind string, n int) string { return fmt.Sprintf("%s-%d", kind, d.IntN(n)) }

func (d dice) clusters() []*cluster.Cluster {
	clusters := make([]*cluster.Cluster, 1+d.IntN(9))
	for i := range clusters {
		clusters[i] = d.cluster(fmt.Sprintf("c-%d", i))
	}
	return clusters
}

func (d dice) cluster(name string) *cluster.Cluster {
	c := &cluster.Cluster{Name: name, Labels: map[string]string{"tier": d.name("tier", 3)}}
	if d.chance(80) {
		c.Region, c.Provider = d.name("region", 4), d.name("provider", 3)
		for range 1 + d.IntN(3) {
			c.Zones = append(c.Zones, d.name("zone", 5))
		}
	}
	if d.chance(15) {
		c.Taints = append(c.Taints, corev1.Taint{Key: d.name("taint", 3), Effect: effects[d.IntN(3)]})
	}
	if d.chance(60) {
		used := int64(d.IntN(20)) * 1000
		c.Capacity = cluster.Capacity{Known: true, Stated: d.chance(20),
			Allocatable: map[corev1.ResourceName]int64{corev1.ResourcePods: used + int64(d.IntN(60))*1000, corev1.ResourceCPU: int64(d.IntN(40000))},
			Requested:   map[corev1.ResourceName]int64{corev1.ResourcePods: used},
		}
	}
	if d.chance(70) {
		c.Price = float64(d.IntN(4)) / 4
	}
	if d.chance(20) {
		c.Kinds = cluster.Kinds{deployment: d.chance(60)}
	}
	return c
}

func (d dice) affinity() (a Affinity) {
	if d.chance(20) {
		for range 1 + d.IntN(6) {
			a.Clusters = append(a.Clusters, d.name("c", 9))
		}
	}
	if d.chance(20) {
		a.Exclude = []string{d.name("c", 9)}
	}
	if d.chance(20) {
		a.Labels = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": d.name("tier", 3)}}
	}
	if d.chance(10) {
		a.Fields = []corev1.NodeSelectorRequirement{{Key: "region", Operator: corev1.NodeSelectorOpNotIn, Values: []string{d.name("region", 4)}}}
	}
	if d.chance(10) {
		a.Terms = []corev1.NodeSelectorRequirement{{Key: "tier", Operator: corev1.NodeSelectorOpExists}}
	}
	return a
}

func (d dice) limit() (l Limit) {
	if d.chance(40) {
		l.Min = int32(d.IntN(6))
	}
	if d.chance(40) {
		l.Max = ptr(l.Min + int32(d.IntN(12)))
	}
	if d.chance(40) {
		l.Weight = ptr(int64(d.IntN(5)))
	}
	return l
}

func (d dice) scheduling() (s Scheduling) {
	s.Mode = allModes[d.IntN(len(allModes))]
	s.Rebalance, s.SpillOver, s.Heaviest = d.chance(40), d.chance(30), d.chance(20)
	if d.chance(40) {
		for range 1 + d.IntN(4) {
			s.Weights = append(s.Weights, Weight{d.affinity(), int64(d.IntN(1 + d.IntN([]int{5, 1000}[d.IntN(2)])))})
		}
	}
	if d.chance(40) {
		s.Limits = map[string]Limit{}
		for range 1 + d.IntN(4) {
			s.Limits[d.name("c", 9)] = d.limit()
		}
		if d.chance(50) {
			s.Limits["*"] = d.limit()
		}
	}
	for range d.IntN(3) {
		s.Regions = append(s.Regions, d.name("region", 4))
	}
	return s
}

func (d dice) request() Request {
	r := Request{Key: d.name("shop/web", 1000), Kind: deployment, Scheduling: d.scheduling()}
	for range 1 + d.IntN(2) {
		r.Affinities = append(r.Affinities, d.affinity())
	}
	if d.chance(90) {
		r.Replicas = ptr(int32(d.IntN(1 + d.IntN(200))))
	}
	if d.chance(40) {
		r.Requests = map[corev1.ResourceName]int64{corev1.ResourceCPU: int64(d.IntN(2000))}
	}
	if d.chance(20) {
		r.Tolerations = []corev1.Toleration{{Key: d.name("taint", 3), Operator: corev1.TolerationOpExists}}
	}
	if d.chance(25) {
		for _, domain := range []Domain{ByCluster, ByRegion, ByZone, ByProvider, ByLabel} {
			if d.chance(30) {
				s := Spread{Domain: domain, Label: "tier", Min: d.IntN(4)}
				if d.chance(60) {
					s.Max = max(s.Min, 1) + d.IntN(3)
				}
				r.Spread = append(r.Spread, s)
			}
		}
	}
	if d.chance(50) {
		for i := range 9 {
			if d.chance(30) {
				r.Previous = append(r.Previous, Target{Cluster: fmt.Sprintf("c-%d", i), Replicas: int32(d.IntN(1 + d.IntN(60)))})
			}
		}
	}
	if d.chance(15) {
		r.Evicted = []string{d.name("c", 9)}
	}
	return r
}

// run has clusters hold what the request says runs there.
func run(r Request, clusters []*cluster.Cluster) {
	for _, t := range r.Previous {
		for _, c := range clusters {
			if c.Name == t.Cluster && c.Capacity.Known {
				for resource, amount := range map[corev1.ResourceName]int64{corev1.ResourcePods: 1000, corev1.ResourceCPU: r.Requests[corev1.ResourceCPU]} {
					c.Capacity.Allocatable[resource] += amount * int64(t.Replicas)
					c.Capacity.Requested[resource] += amount * int64(t.Replicas)
				}
			}
		}
	}
}
