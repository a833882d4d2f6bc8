package placement

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/cluster"
)

func TestApportion(t *testing.T) {
	weighing := func(weights ...int64) (shares []share) {
		for _, w := range weights {
			shares = append(shares, share{weight: w, hi: unlimited})
		}
		return shares
	}
	for _, tt := range []struct {
		name     string
		shares   []share
		total    int64
		byWeight bool
		want     string
	}{
		{"largest remainder", weighing(3, 2, 1), 14, false, "[7 5 2] 0"},
		{"the heaviest", weighing(3, 2, 1), 14, true, "[8 4 2] 0"},
		{"remainders against the order", weighing(10, 10, 29), 5, false, "[1 1 3] 0"},
		{"a tie, the first", weighing(1, 1, 1), 4, false, "[2 1 1] 0"},
		{"a tie, the one that had most", []share{{weight: 1, hi: 9, had: 1}, {weight: 1, hi: 9, had: 2}}, 3, false, "[1 2] 0"},
		{"a least and a most", []share{{weight: 1, lo: 5, hi: 9}, {weight: 9, hi: 3}, {weight: 1, hi: 9}}, 12, false, "[5 3 4] 0"},
		{"a most that frees what a least needs", []share{{weight: 1, lo: 2, hi: 9}, {weight: 7, hi: 4}, {weight: 2, hi: 9}}, 10, false, "[2 4 4] 0"},
		{"all at their most", []share{{weight: 1, hi: 2}, {weight: 1, hi: 3}}, 9, false, "[2 3] 4"},
		{"no weight", []share{{hi: 5}, {lo: 1, hi: 5}}, 4, false, "[0 1] 3"},
		{"more at least than there is", []share{{weight: 1, lo: 3, hi: 5}, {weight: 1, lo: 2, hi: 5}}, 4, false, "[3 2] 0"},
		{"none", nil, 4, false, "[] 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left := apportion(tt.shares, tt.total, tt.byWeight)
			got := []int64{}
			for _, s := range tt.shares {
				got = append(got, s.got)
			}
			if text := fmt.Sprint(got, left); text != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
		})
	}
}

// TestTiesAreFair: small templates do not all end up in the same cluster, whatever
// clusters are called.
func TestTiesAreFair(t *testing.T) {
	const templates = 3000
	index := New(named("member1 member2 member3"))
	first := map[string]int{}
	for i := range templates {
		d, err := index.Place(Request{Key: fmt.Sprintf("shop/web-%04d", i), Affinities: everywhere, Replicas: ptr[int32](1), Scheduling: Scheduling{Mode: Even}})
		if err != nil {
			t.Fatal(err)
		}
		first[names(d)]++
	}
	for name, n := range first {
		if n < templates/4 || n > templates/2 {
			t.Errorf("%s gets %d of %d", name, n, templates)
		}
	}
}

func TestWhatCannotBeMeant(t *testing.T) {
	bad := func(op corev1.NodeSelectorOperator, values ...string) []Affinity {
		return []Affinity{{Name: "x", Terms: []corev1.NodeSelectorRequirement{{Key: "nodes", Operator: op, Values: values}}}}
	}
	for _, tt := range []struct {
		r    Request
		want string
	}{
		{Request{Replicas: ptr[int32](-1)}, "replicas: -1 is negative"},
		{Request{Scheduling: Scheduling{Mode: "Best"}}, `scheduling: mode "Best" is not known`},
		{Request{Scheduling: Scheduling{Limits: map[string]Limit{"eu-1": {Min: 3, Max: ptr[int32](2)}}}}, "limits of eu-1: max 2 is less than min 3"},
		{Request{Scheduling: Scheduling{Limits: map[string]Limit{"*": {Weight: ptr[int64](-2)}}}}, "limits of *: weight -2 is negative"},
		{Request{Scheduling: Scheduling{Weights: []Weight{{Weight: -1}}}}, "weights[0]: -1 is negative"},
		{Request{Scheduling: Scheduling{Weights: []Weight{{Affinity: bad("Near")[0]}}}}, "weights[0]: terms[0]"},
		{Request{Spread: []Spread{{Domain: "rack"}}}, `spread[0]: domain "rack"`},
		{Request{Spread: []Spread{{Domain: ByLabel}}}, "spread[0]: domain label wants a label's name"},
		{Request{Spread: []Spread{{Domain: ByZone, Min: 3, Max: 2}}}, "spread[0]: max 2 is less than min 3"},
		{Request{Affinities: bad("Near")}, `affinities[0] x: terms[0]: key nodes: operator "Near"`},
		{Request{Affinities: bad(corev1.NodeSelectorOpGt, "many")}, "affinities[0] x: terms[0]"},
		{Request{Affinities: bad(corev1.NodeSelectorOpIn)}, "affinities[0] x: terms[0]"},
		{Request{Affinities: []Affinity{{Fields: []corev1.NodeSelectorRequirement{{Key: "name", Operator: corev1.NodeSelectorOpExists}}}}}, `fields[0]: key "name": want provider, region or zone`},
		{Request{Affinities: []Affinity{{Fields: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpGt}}}}}, `fields[0]: key zone: operator "Gt"`},
		{Request{Affinities: []Affinity{{Labels: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}}}}, "affinities[0] : labels"},
	} {
		tt.r.Key = "shop/web"
		d, err := Planner{}.Place(tt.r, world())
		if err == nil || !strings.HasPrefix(err.Error(), "place shop/web: ") || !strings.Contains(err.Error(), tt.want) || len(d.Targets) > 0 {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	if _, err := (Planner{}).Place(Request{Key: "shop/web"}, []*cluster.Cluster{{Name: "a"}, {Name: "a"}}); err == nil || !strings.Contains(err.Error(), "cluster a is stated twice") {
		t.Errorf("two clusters of one name: %v", err)
	}
}

// TestIndexIsShared: an Index may be used from any goroutine.
func TestIndexIsShared(t *testing.T) {
	index := New(world())
	want, err := index.Place(Request{Key: "k", Affinities: everywhere, Replicas: ptr[int32](17), Scheduling: Scheduling{Mode: Weighted}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	for range 8 {
		go func() {
			for i := range 200 {
				other := Request{Key: "other", Affinities: everywhere, Replicas: ptr(int32(i)), Spread: []Spread{{Domain: ByRegion, Min: 2}}, Scheduling: Scheduling{Mode: Cheapest}}
				if _, err := index.Place(other); err != nil {
					done <- err.Error()
					return
				}
				got, err := index.Place(Request{Key: "k", Affinities: everywhere, Replicas: ptr[int32](17), Scheduling: Scheduling{Mode: Weighted}})
				if err != nil || said(got) != said(want) {
					done <- fmt.Sprint(said(got), err)
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		if broken := <-done; broken != "" {
			t.Error(broken)
		}
	}
}
