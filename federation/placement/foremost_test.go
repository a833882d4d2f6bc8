package placement

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fedns/fedns/federation/cluster"
)

// TestForemost: the first few are those that sorting all of them gives.
func TestForemost(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		n := 1 + r.IntN(60)
		k := 1 + r.IntN(n)
		order := make([]int32, n)
		for i := range order {
			order[i] = int32(i)
		}
		r.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
		was := slices.Clone(order)
		foremost(order, k, cmp.Compare[int32])
		for i := range k {
			if order[i] != int32(i) {
				t.Fatalf("seed %d: of %v the first %d are %v", seed, was, k, order[:k])
			}
		}
		if slices.Sort(order); len(slices.Compact(order)) != n {
			t.Fatalf("seed %d: of %v some are lost", seed, was)
		}
	}
}

// TestFewOfManyClusters: a template that goes to a few of many clusters goes to those
// that it would go to if all had been put into order.
func TestFewOfManyClusters(t *testing.T) {
	var clusters []*cluster.Cluster
	for i := range 200 {
		clusters = append(clusters, &cluster.Cluster{Name: fmt.Sprintf("c%03d", i)})
	}
	n := int32(6)
	for _, mode := range []Mode{Duplicated, Even, Weighted, Aggregated, Cheapest} {
		for _, key := range []string{"a", "shop/web", "shop/api"} {
			r := Request{Key: key, Affinities: []Affinity{{}}, Replicas: &n, Scheduling: Scheduling{Mode: mode}, Spread: []Spread{{Domain: ByCluster, Max: 3}}}
			few, err := Planner{}.Place(r, clusters)
			if err != nil || len(few.Targets) == 0 {
				t.Fatalf("%s %s: %v, %v", mode, key, few.Targets, err)
			}
			// Of no more than the chosen and some others nothing but sorting is done.
			var some []string
			for _, c := range few.Targets {
				some = append(some, c.Cluster)
			}
			for _, c := range clusters[:20] {
				some = append(some, c.Name)
			}
			r.Affinities[0].Clusters = some
			if again, err := (Planner{}).Place(r, clusters); err != nil || !slices.Equal(again.Targets, few.Targets) {
				t.Errorf("%s %s: of 200 clusters %v, of some of them %v, %v", mode, key, few.Targets, again.Targets, err)
			}
		}
	}
}
