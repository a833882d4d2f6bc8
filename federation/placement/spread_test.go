package placement

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/federation/cluster"
)

// grid makes clusters "name region zone,zone".
func grid(lines ...string) (clusters []*cluster.Cluster) {
	for _, line := range lines {
		f := strings.Fields(line)
		clusters = append(clusters, &cluster.Cluster{Name: f[0], Region: f[1], Zones: strings.Split(f[2], ",")})
	}
	return clusters
}

func TestSpread(t *testing.T) {
	twoByTwo := grid("a1 a a-x", "a2 a a-y", "b1 b b-x", "b2 b b-y")
	for _, tt := range []struct {
		name     string
		spread   []Spread
		clusters []*cluster.Cluster
		previous string
		want     string // alternatives, or a part of the error
	}{
		{"as many as there are", []Spread{{Domain: ByRegion, Min: 2}}, twoByTwo, "", "a1 a2 b1 b2"},
		{"at most one cluster", []Spread{{Domain: ByCluster, Max: 1}}, twoByTwo, "", "a1|a2|b1|b2"},
		{"the one that has it", []Spread{{Domain: ByCluster, Max: 1}}, twoByTwo, "b2", "b2"},
		{"one region, two clusters", []Spread{{Domain: ByRegion, Max: 1}, {Domain: ByCluster, Min: 2}}, grid("a1 a x", "b1 b x", "b2 b x"), "", "b1 b2"},
		{"one region, not the one it is in", []Spread{{Domain: ByRegion, Max: 1}, {Domain: ByCluster, Min: 2}}, grid("a1 a x", "b1 b x", "b2 b x"), "a1", "b1 b2"},
		{"Karmada's guide, Multi region HA support", []Spread{{Domain: ByRegion, Min: 2, Max: 2}, {Domain: ByCluster, Min: 1, Max: 1}}, twoByTwo, "",
			"a1 b1|a1 b2|a2 b1|a2 b2"},
		{"a cluster in several zones is enough", []Spread{{Domain: ByZone, Min: 3}, {Domain: ByCluster, Max: 1}}, grid("a a x", "b a x,y,z", "c a y"), "", "b"},
		{"a cluster in several zones is too much", []Spread{{Domain: ByZone, Max: 2}}, grid("b a x,y,z", "a a x", "c a y"), "", "a c"},
		{"two clusters that cover four zones", []Spread{{Domain: ByZone, Min: 4}, {Domain: ByCluster, Max: 2}}, grid("a a x,y", "b a y,z", "c a z,w", "d a x,w"), "", "a c|b d"},
		{"too few regions", []Spread{{Domain: ByRegion, Min: 3}}, twoByTwo, "", "!spread over region: at least 3 wanted, there are 2"},
		{"too many clusters for one region", []Spread{{Domain: ByRegion, Max: 1}, {Domain: ByCluster, Min: 3}}, twoByTwo, "",
			"!spread over region (1 to 1), cluster (3 or more): no choice of clusters keeps all of them"},
		{"no label", []Spread{{Domain: ByLabel, Label: "rack"}}, twoByTwo, "", ""},
		{"no region", []Spread{{Domain: ByRegion}}, append(grid("a a x"), &cluster.Cluster{Name: "edge"}), "", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// The same for any key: only ties depend on it.
			for key := range 20 {
				d, err := Planner{}.Place(Request{Key: fmt.Sprint(key), Affinities: everywhere, Spread: tt.spread, Previous: targets(tt.previous)}, tt.clusters)
				if want, refused := strings.CutPrefix(tt.want, "!"); refused {
					if err == nil || !strings.Contains(err.Error(), want) || len(d.Targets) > 0 {
						t.Fatalf("got %v, %v, want %s", names(d), err, want)
					}
					continue
				}
				if err != nil || !strings.Contains("|"+tt.want+"|", "|"+names(d)+"|") {
					t.Fatalf("key %d: got %q, %v, want %q\n%+v", key, names(d), err, tt.want, d.Reasons)
				}
			}
		})
	}
}

// TestEachGroupGetsAReplica: a group that gets no replica is none.
func TestEachGroupGetsAReplica(t *testing.T) {
	clusters := grid("a1 a x", "a2 a x", "b1 b x", "c1 c x")
	weights := []Weight{{Affinity{Clusters: []string{"a1"}}, 1000}, {Affinity{}, 1}}
	for _, mode := range []Mode{Weighted, Aggregated, Cheapest, Geography, Dynamic, Even} {
		d, err := Planner{}.Place(Request{
			Affinities: everywhere, Spread: []Spread{{Domain: ByRegion, Min: 3}},
			Replicas: ptr[int32](9), Scheduling: Scheduling{Mode: mode, Weights: weights, Regions: []string{"a"}},
		}, clusters)
		if got := counts(d.Targets); err != nil || got["a1"]+got["a2"] == 0 || got["b1"] == 0 || got["c1"] == 0 {
			t.Errorf("%s: %s, %v", mode, said(d), err)
		}
	}
}

// TestSpreadSettles: where few replicas are in a cluster of several zones, another that
// has more of them does not take them over when the template is placed again.
func TestSpreadSettles(t *testing.T) {
	clusters := grid("c0 d z3,z4,z1", "c4 a z2,z4", "c5 b z3")
	for key := range 40 {
		r := Request{
			Key: fmt.Sprint(key), Affinities: everywhere, Spread: []Spread{{Domain: ByZone, Min: 3, Max: 4}}, Replicas: ptr[int32](1),
			Scheduling: Scheduling{Mode: Geography, Rebalance: true}, Previous: targets("c4 c5"),
		}
		d, err := Planner{}.Place(r, clusters)
		if err != nil {
			t.Fatal(err)
		}
		r.Previous = d.Targets
		if again, err := (Planner{}).Place(r, clusters); err != nil || said(again) != said(d) {
			t.Errorf("key %d: first %s, then %s, %v", key, said(d), said(again), err)
		}
	}
}

// TestContradictingSpreads: a search that finds nothing ends.
func TestContradictingSpreads(t *testing.T) {
	var clusters []*cluster.Cluster
	for i := range 500 {
		clusters = append(clusters, &cluster.Cluster{Name: fmt.Sprint(i), Region: fmt.Sprint(i % 25), Provider: fmt.Sprint(i % 25 / 5),
			Zones: []string{fmt.Sprint(i % 13), fmt.Sprint(i % 17)}})
	}
	began := time.Now()
	d, err := Planner{}.Place(Request{Affinities: everywhere, Spread: []Spread{
		{Domain: ByZone, Min: 17}, {Domain: ByCluster, Max: 8}, {Domain: ByProvider, Min: 2, Max: 2}, {Domain: ByRegion, Min: 10, Max: 11},
	}}, clusters)
	t.Log(time.Since(began), err)
	if err == nil {
		t.Errorf("got %s", names(d))
	}
}
