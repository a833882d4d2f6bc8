package placement

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// Sources of the examples: what users of the three dialects have read.
const (
	rspGuide     = "KubeFed, docs/userguide.md, ReplicaSchedulingPreference"
	rspPlanner   = "KubeFed, the planner's tests"
	v1Guide      = "Federation v1, tasks/federation/administer-federation/replicaset"
	v1Design     = "Federation v1, design-proposals/multicluster/federated-replicasets"
	propagating  = "Karmada, userguide/scheduling/resource-propagating"
	karmadaTests = "Karmada, tests of pkg/scheduler/core/division_algorithm"
)

var everywhere = []Affinity{{}}

func ptr[T any](v T) *T { return &v }

// named makes clusters A=16: A can hold 16 more replicas; B: nobody knows.
func named(text string) (clusters []*cluster.Cluster) {
	for word := range strings.FieldsSeq(text) {
		name, room, known := strings.Cut(word, "=")
		c := &cluster.Cluster{Name: name}
		if known {
			var pods int64
			if _, err := fmt.Sscan(room, &pods); err != nil {
				panic(err)
			}
			c.Capacity = cluster.Capacity{Known: true, Allocatable: map[corev1.ResourceName]int64{corev1.ResourcePods: pods * 1000}}
		}
		clusters = append(clusters, c)
	}
	return clusters
}

// targets reads A=16 B=17.
func targets(text string) (ts []Target) {
	for word := range strings.FieldsSeq(text) {
		name, replicas, _ := strings.Cut(word, "=")
		t := Target{Cluster: name}
		if replicas != "" {
			if _, err := fmt.Sscan(replicas, &t.Replicas); err != nil {
				panic(err)
			}
		}
		ts = append(ts, t)
	}
	return ts
}

// said writes a Decision as targets reads it; ? stands for replicas that fit nowhere.
func said(d Decision) string {
	var words []string
	for _, t := range d.Targets {
		words = append(words, fmt.Sprintf("%s=%d", t.Cluster, t.Replicas))
	}
	if d.Unplaced > 0 {
		words = append(words, fmt.Sprintf("?=%d", d.Unplaced))
	}
	return strings.Join(words, " ")
}

func everyone(l Limit) map[string]Limit { return map[string]Limit{"*": l} }

// onlyThese are the preferences of KubeFed and Federation v1 without "*": others get
// nothing.
func onlyThese(limits map[string]Limit) map[string]Limit {
	limits["*"] = Limit{Max: ptr[int32](0)}
	return limits
}

func byWeight(weights map[string]int64) map[string]Limit {
	limits := map[string]Limit{}
	for name, w := range weights {
		limits[name] = Limit{Weight: &w}
	}
	return onlyThese(limits)
}

func TestDocumentedExamples(t *testing.T) {
	atMost20 := map[string]Limit{"*": {Weight: ptr[int64](1)}, "C": {Weight: ptr[int64](1), Max: ptr[int32](20)}}
	static := func(replicas ...int64) (weights []Weight) {
		for i, w := range replicas {
			weights = append(weights, Weight{Affinity{Clusters: []string{fmt.Sprintf("member%d", i+1)}}, w})
		}
		return weights
	}
	for _, tt := range []struct {
		source, name string
		clusters     string
		replicas     int32
		scheduling   Scheduling
		previous     string
		want         string // alternatives, where the source leaves it to a hash
	}{
		{rspGuide, "evenly", "A B C", 9, Scheduling{Mode: Weighted}, "", "A=3 B=3 C=3"},
		{rspGuide, "evenly by *", "A B C", 9, Scheduling{Mode: Weighted, Limits: everyone(Limit{Weight: ptr[int64](1)})}, "", "A=3 B=3 C=3"},
		{rspGuide, "weights 1:2", "A B C", 9, Scheduling{Mode: Weighted, Limits: byWeight(map[string]int64{"A": 1, "B": 2})}, "", "A=3 B=6"},
		{rspGuide, "weights and limits", "A B C", 9, Scheduling{Mode: Weighted, Limits: onlyThese(map[string]Limit{
			"A": {Min: 4, Max: ptr[int32](6), Weight: ptr[int64](1)}, "B": {Min: 4, Max: ptr[int32](8), Weight: ptr[int64](2)}})}, "", "A=4 B=5"},
		{rspGuide, "not more than 20 in C", "A B C", 50, Scheduling{Mode: Weighted, Limits: atMost20}, "", "A=16 B=17 C=17|A=17 B=16 C=17|A=17 B=17 C=16"},
		{rspGuide, "not more than 20 in C, B offline", "A C", 50, Scheduling{Mode: Weighted, Limits: atMost20}, "", "A=30 C=20"},
		{rspGuide, "not more than 20 in C, A and B offline", "C", 50, Scheduling{Mode: Weighted, Limits: atMost20}, "", "C=20 ?=30"},

		{rspPlanner, "what runs in C stays", "A B C", 50, Scheduling{Mode: Weighted}, "C=30", "A=10 B=10 C=30"},
		{rspPlanner, "what runs is less than its part", "A B", 50, Scheduling{Mode: Weighted}, "A=10 B=20", "A=25 B=25"},
		{rspPlanner, "many", "A B", 500000, Scheduling{Mode: Weighted}, "A=300000", "A=300000 B=200000"},
		{rspPlanner, "too many run; what the issue 31816 wants", "A B", 50, Scheduling{Mode: Weighted}, "A=10 B=70", "A=10 B=40"},
		{rspPlanner, "one of many left", "A B", 1, Scheduling{Mode: Weighted}, "A=30", "A=1"},
		{rspPlanner, "C has room for 10", "A B C=10", 50, Scheduling{Mode: Weighted, Rebalance: true, SpillOver: true}, "", "A=20 B=20 C=10"},
		{rspPlanner, "the heavy one is full", "A B=10 C", 60, Scheduling{Mode: Weighted, Rebalance: true, SpillOver: true, Limits: byWeight(map[string]int64{"A": 1, "B": 2})}, "", "A=50 B=10"},
		{rspPlanner, "least 20, room for 10", "A B=10 C", 50, Scheduling{Mode: Weighted, SpillOver: true, Limits: everyone(Limit{Min: 20, Weight: ptr[int64](0)})}, "", "A=20 B=10 C=20"},
		{rspPlanner, "leasts before all else", "A B C", 50, Scheduling{Mode: Weighted, Limits: map[string]Limit{"*": {Min: 20, Weight: ptr[int64](0)}, "A": {Min: 100, Weight: ptr[int64](1)}}}, "", "A=50"},
		{rspPlanner, "least 10, most 12", "A B C", 50, Scheduling{Mode: Weighted, Limits: everyone(Limit{Min: 10, Max: ptr[int32](12), Weight: ptr[int64](1)})}, "", "A=12 B=12 C=12 ?=14"},
		{rspPlanner, "weight 0", "A B C", 50, Scheduling{Mode: Weighted, Limits: everyone(Limit{Max: ptr[int32](2), Weight: ptr[int64](0)})}, "", "?=50"},
		{rspPlanner, "limits in turn", "A B C D E", 91, Scheduling{Mode: Weighted, Limits: map[string]Limit{
			"A": {Weight: ptr[int64](10000), Max: ptr[int32](10)}, "B": {Weight: ptr[int64](1)}, "C": {Weight: ptr[int64](1), Max: ptr[int32](21)},
			"D": {Weight: ptr[int64](1), Max: ptr[int32](10)}, "E": {Weight: ptr[int64](1)}}}, "", "A=10 B=25 C=21 D=10 E=25"},

		{v1Guide, "evenly", "A B C", 9, Scheduling{Mode: Weighted}, "", "A=3 B=3 C=3"},
		{v1Guide, "foo and bar (without a result there)", "bar foo other", 300, Scheduling{Mode: Weighted, Rebalance: true, Limits: onlyThese(map[string]Limit{
			"foo": {Min: 10, Max: ptr[int32](50), Weight: ptr[int64](100)}, "bar": {Min: 10, Max: ptr[int32](100), Weight: ptr[int64](200)}})}, "", "bar=100 foo=50 ?=150"},
		{v1Design, "scenario 1", "A B C", 50, Scheduling{Mode: Weighted, Rebalance: true}, "", "A=16 B=17 C=17|A=17 B=16 C=17|A=17 B=17 C=16"},
		{v1Design, "scenario 1, C has room for 6", "A B C=6", 50, Scheduling{Mode: Weighted, Rebalance: true, SpillOver: true}, "", "A=22 B=22 C=6"},
		{v1Design, "scenario 1, B and C offline", "A", 50, Scheduling{Mode: Weighted, Rebalance: true}, "", "A=50"},
		{v1Design, "scenario 2, at most", "A B C", 50, Scheduling{Mode: Weighted, Rebalance: true, Limits: everyone(Limit{Max: ptr[int32](2), Weight: ptr[int64](1)})}, "", "A=2 B=2 C=2 ?=44"},
		{v1Design, "scenario 2, at least", "A B C", 50, Scheduling{Mode: Weighted, Rebalance: true, Limits: everyone(Limit{Min: 2, Weight: ptr[int64](0)})}, "", "A=2 B=2 C=2 ?=44"},
		{v1Design, "scenario 2, both", "A B C", 50, Scheduling{Mode: Weighted, Rebalance: true, Limits: everyone(Limit{Min: 2, Max: ptr[int32](2), Weight: ptr[int64](0)})}, "", "A=2 B=2 C=2 ?=44"},
		{v1Design, "scenario 3", "A B C", 50, Scheduling{Mode: Weighted, Rebalance: true, Limits: everyone(Limit{Min: 20, Weight: ptr[int64](0)})}, "", "A=20 B=20 C=10|A=20 B=10 C=20|A=10 B=20 C=20"},
		{v1Design, "scenario 5", "A B C", 50, Scheduling{Mode: Weighted, Limits: byWeight(map[string]int64{"A": 1000000, "B": 1, "C": 1})}, "", "A=50"},
		{v1Design, "scenario 5, A has room for 40", "A=40 B C", 50, Scheduling{Mode: Weighted, SpillOver: true, Limits: byWeight(map[string]int64{"A": 1000000, "B": 1, "C": 1})}, "", "A=40 B=5 C=5"},
		{v1Design, "scenario 6", "A B C", 40, Scheduling{Mode: Weighted, Limits: byWeight(map[string]int64{"A": 2, "B": 1, "C": 1})}, "", "A=20 B=10 C=10"},
		{v1Design, "scenario 7, A has 20", "A B C", 50, Scheduling{Mode: Weighted}, "A=20", "A=20 B=15 C=15"},
		{v1Design, "scenario 7, A has 20, C has room for 6", "A B C=6", 50, Scheduling{Mode: Weighted, SpillOver: true}, "A=20", "A=22 B=22 C=6"},
		{v1Design, "scenario 7, A has 30, C has room for 6", "A B C=6", 50, Scheduling{Mode: Weighted, SpillOver: true}, "A=30", "A=30 B=14 C=6"},

		{propagating, "duplicated is the default", "member1 member2", 2, Scheduling{}, "", "member1=2 member2=2"},
		{propagating, "static weights 1:1", "member1 member2 member3", 2, Scheduling{Mode: Weighted, Rebalance: true, Heaviest: true, Weights: static(1, 1)}, "", "member1=1 member2=1"},
		{propagating, "no weights", "member1 member2 member3", 12, Scheduling{Mode: Weighted, Rebalance: true, Heaviest: true}, "", "member1=4 member2=4 member3=4"},
		{propagating, "dynamic weight 6:12:18", "A=6 B=12 C=18", 12, Scheduling{Mode: Dynamic, Heaviest: true}, "", "A=2 B=4 C=6"},
		{karmadaTests, "static weights 1:2", "member1 member2", 9, Scheduling{Mode: Weighted, Rebalance: true, Heaviest: true, Weights: static(1, 2)}, "", "member1=3 member2=6"},
		{karmadaTests, "static weights 1:3", "member1 member2", 9, Scheduling{Mode: Weighted, Rebalance: true, Heaviest: true, Weights: static(1, 3)}, "", "member1=2 member2=7"},
		{karmadaTests, "static weights 3:2:1", "member1 member2 member3", 12, Scheduling{Mode: Weighted, Rebalance: true, Heaviest: true, Weights: static(3, 2, 1)}, "", "member1=6 member2=4 member3=2"},
		{karmadaTests, "static weights 3:2:1 of 14", "member1 member2 member3", 14, Scheduling{Mode: Weighted, Rebalance: true, Heaviest: true, Weights: static(3, 2, 1)}, "", "member1=8 member2=4 member3=2"},
		{karmadaTests, "dynamic weight 18:12:6", "m1=18 m2=12 m3=6", 12, Scheduling{Mode: Dynamic, Heaviest: true}, "", "m1=6 m2=4 m3=2"},
		{karmadaTests, "dynamic weight 20:12:6", "m1=20 m2=12 m3=6", 12, Scheduling{Mode: Dynamic, Heaviest: true}, "", "m1=7 m2=4 m3=1"},
		{karmadaTests, "dynamic weight 3:3:3", "m1=3 m2=3 m3=3", 12, Scheduling{Mode: Dynamic, Heaviest: true}, "", "m1=3 m2=3 m3=3 ?=3"},
		{karmadaTests, "aggregated 12:6:6", "m1=6 m2=12 m3=6", 12, Scheduling{Mode: Aggregated, Heaviest: true}, "", "m2=12"},
		{karmadaTests, "aggregated 6:8:10", "m1=6 m2=8 m3=10", 12, Scheduling{Mode: Aggregated, Heaviest: true}, "", "m2=5 m3=7"},
		{karmadaTests, "aggregated 6:6:6", "m1=6 m2=6 m3=6", 12, Scheduling{Mode: Aggregated, Heaviest: true}, "", "m1=6 m2=6|m1=6 m3=6|m2=6 m3=6"},
		{karmadaTests, "dynamic 12 to 6", "m1=1 m2=1 m3=1", 6, Scheduling{Mode: Dynamic, Heaviest: true}, "m1=2 m2=4 m3=6", "m1=1 m2=2 m3=3"},
		{karmadaTests, "dynamic 12 to 24", "m1=10 m2=10 m3=10", 24, Scheduling{Mode: Dynamic, Heaviest: true}, "m1=2 m2=4 m3=6", "m1=6 m2=8 m3=10"},
		{karmadaTests, "aggregated 12 to 6", "m1=1 m2=1 m3=1", 6, Scheduling{Mode: Aggregated, Heaviest: true}, "m1=4 m2=8", "m1=2 m2=4"},
	} {
		t.Run(tt.source+"/"+tt.name, func(t *testing.T) {
			d, err := Planner{}.Place(Request{
				Key: "test-ns/test-deployment", Affinities: everywhere, Replicas: &tt.replicas, Scheduling: tt.scheduling, Previous: targets(tt.previous),
			}, named(tt.clusters))
			if err != nil {
				t.Fatal(err)
			}
			got := said(d)
			for want := range strings.SplitSeq(tt.want, "|") {
				if got == want {
					return
				}
			}
			t.Errorf("got %s, want %s\n%+v", got, tt.want, d.Reasons)
		})
	}
}
