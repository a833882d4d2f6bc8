package placement

import (
	"fmt"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// fleet is 500 clusters in 25 regions and 75 zones.
func fleet() []*cluster.Cluster {
	d := dice{rand.New(rand.NewPCG(1, 2))}
	clusters := make([]*cluster.Cluster, 500)
	for i := range clusters {
		region := d.IntN(25)
		c := &cluster.Cluster{
			Name: fmt.Sprintf("member-%03d", i), Region: fmt.Sprintf("region-%d", region), Provider: d.name("provider", 3),
			Zones:  []string{fmt.Sprintf("zone-%d-%d", region, d.IntN(3))},
			Labels: map[string]string{"tier": d.name("tier", 3), "env": "production"},
			Price:  float64(d.IntN(8)), Kinds: cluster.Kinds{deployment: true},
			Capacity: cluster.Capacity{Known: true, Allocatable: map[corev1.ResourceName]int64{
				corev1.ResourcePods: 1000 * int64(100+d.IntN(400)), corev1.ResourceCPU: 1000 * int64(100+d.IntN(900)), corev1.ResourceMemory: 1 << 50}},
		}
		if d.chance(3) {
			c.Taints = cluster.TaintsOf(cluster.Unreachable, metav1.Now().Time)
		}
		clusters[i] = c
	}
	return clusters
}

// bindings are as many requests of all modes, each with a placement before it.
func bindings(n int, index *Index) []Request {
	d := dice{rand.New(rand.NewPCG(3, 4))}
	rs := make([]Request, n)
	for i := range rs {
		r := Request{
			Key: fmt.Sprintf("shop-%d/web-%d", i%100, i), Kind: deployment, Affinities: everywhere,
			Replicas: ptr(int32(1 + d.IntN(300))), Requests: map[corev1.ResourceName]int64{corev1.ResourceCPU: 500, corev1.ResourceMemory: 1 << 40},
			Scheduling: Scheduling{Mode: allModes[i%len(allModes)], Regions: []string{"region-3", "region-1"}},
		}
		switch i % 4 {
		case 0:
			r.Affinities = []Affinity{{Labels: &metav1.LabelSelector{MatchLabels: map[string]string{"tier": d.name("tier", 3)}}}}
		case 1:
			r.Affinities = []Affinity{{Clusters: []string{"member-001", "member-002", "member-003"}}}
		case 2:
			r.Spread = []Spread{{Domain: ByRegion, Min: 2, Max: 3}, {Domain: ByCluster, Min: 3, Max: 6}}
		}
		before, err := index.Place(r)
		if err != nil {
			panic(err)
		}
		r.Previous = before.Targets
		*r.Replicas++
		rs[i] = r
	}
	return rs
}

// BenchmarkPlan plans 5,000 bindings of all kinds over 500 clusters, index and all.
func BenchmarkPlan(b *testing.B) {
	clusters := fleet()
	rs := bindings(5000, New(clusters))
	b.ReportAllocs()
	for b.Loop() {
		index := New(clusters)
		for i := range rs {
			if _, err := index.Place(rs[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkPlanMode has each mode plan over all 500 clusters, one request an
// operation.
func BenchmarkPlanMode(b *testing.B) {
	index := New(fleet())
	for _, mode := range allModes {
		b.Run(string(mode), func(b *testing.B) {
			r := Request{Key: "shop/web", Kind: deployment, Affinities: everywhere, Replicas: ptr[int32](2000), Scheduling: Scheduling{Mode: mode},
				Requests: map[corev1.ResourceName]int64{corev1.ResourceCPU: 500}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := index.Place(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
