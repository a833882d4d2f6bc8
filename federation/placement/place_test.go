package placement

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// world is five clusters in three regions.
func world() []*cluster.Cluster {
	return []*cluster.Cluster{
		{Name: "eu-1", Region: "eu", Zones: []string{"eu-a"}, Provider: "aws", Labels: map[string]string{"tier": "gold", "nodes": "12"}, Price: 3},
		{Name: "eu-2", Region: "eu", Zones: []string{"eu-b"}, Provider: "gcp", Labels: map[string]string{"tier": "tin", "nodes": "3"}, Price: 1},
		{Name: "us-1", Region: "us", Zones: []string{"us-a", "us-b"}, Provider: "aws", Labels: map[string]string{"tier": "gold", "nodes": "40"}, Price: 2},
		{Name: "us-2", Region: "us", Zones: []string{"us-b"}, Provider: "gcp", Labels: map[string]string{"tier": "tin", "nodes": "none"}, Price: 2},
		{Name: "edge", Labels: map[string]string{"tier": "tin"}},
	}
}

// having changes the cluster of a name.
func having(clusters []*cluster.Cluster, name string, change func(c *cluster.Cluster)) []*cluster.Cluster {
	for _, c := range clusters {
		if c.Name == name {
			change(c)
		}
	}
	return clusters
}

func tainted(effect corev1.TaintEffect) func(c *cluster.Cluster) {
	return func(c *cluster.Cluster) { c.Taints = []corev1.Taint{{Key: "down", Effect: effect}} }
}

func holding(pods int64) func(c *cluster.Cluster) {
	return func(c *cluster.Cluster) {
		c.Capacity = cluster.Capacity{Known: true, Allocatable: map[corev1.ResourceName]int64{corev1.ResourcePods: pods * 1000}}
	}
}

func requirement(key string, op corev1.NodeSelectorOperator, values ...string) []corev1.NodeSelectorRequirement {
	return []corev1.NodeSelectorRequirement{{Key: key, Operator: op, Values: values}}
}

func names(d Decision) string {
	var words []string
	for _, t := range d.Targets {
		words = append(words, t.Cluster)
	}
	return strings.Join(words, " ")
}

func TestAffinity(t *testing.T) {
	for _, tt := range []struct {
		name string
		a    Affinity
		want string
	}{
		{"all", Affinity{}, "edge eu-1 eu-2 us-1 us-2"},
		{"none", Affinity{None: true, Clusters: []string{"eu-1"}}, ""},
		{"named, one not there", Affinity{Clusters: []string{"us-1", "moon"}}, "us-1"},
		{"named and excluded", Affinity{Clusters: []string{"us-1", "us-2"}, Exclude: []string{"us-1"}}, "us-2"},
		{"labels", Affinity{Labels: &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}}}, "eu-1 us-1"},
		{"empty labels", Affinity{Labels: &metav1.LabelSelector{}}, "edge eu-1 eu-2 us-1 us-2"},
		{"provider", Affinity{Fields: requirement("provider", corev1.NodeSelectorOpIn, "gcp")}, "eu-2 us-2"},
		{"not in region, stated or not", Affinity{Fields: requirement("region", corev1.NodeSelectorOpNotIn, "eu")}, "edge us-1 us-2"},
		{"region stated", Affinity{Fields: requirement("region", corev1.NodeSelectorOpExists)}, "eu-1 eu-2 us-1 us-2"},
		{"region not stated", Affinity{Fields: requirement("region", corev1.NodeSelectorOpDoesNotExist)}, "edge"},
		{"all of its zones", Affinity{Fields: requirement("zone", corev1.NodeSelectorOpIn, "us-b", "eu-a")}, "eu-1 us-2"},
		{"both zones", Affinity{Fields: requirement("zone", corev1.NodeSelectorOpIn, "us-b", "us-a")}, "us-1 us-2"},
		{"none of its zones", Affinity{Fields: requirement("zone", corev1.NodeSelectorOpNotIn, "us-a")}, "edge eu-1 eu-2 us-2"},
		{"term In", Affinity{Terms: requirement("tier", corev1.NodeSelectorOpIn, "gold", "silver")}, "eu-1 us-1"},
		{"term NotIn", Affinity{Terms: requirement("nodes", corev1.NodeSelectorOpNotIn, "3")}, "edge eu-1 us-1 us-2"},
		{"term Exists", Affinity{Terms: requirement("nodes", corev1.NodeSelectorOpExists)}, "eu-1 eu-2 us-1 us-2"},
		{"term DoesNotExist", Affinity{Terms: requirement("nodes", corev1.NodeSelectorOpDoesNotExist)}, "edge"},
		{"term Gt", Affinity{Terms: requirement("nodes", corev1.NodeSelectorOpGt, "3")}, "eu-1 us-1"},
		{"term Lt", Affinity{Terms: requirement("nodes", corev1.NodeSelectorOpLt, "12")}, "eu-2"},
		{"all of several", Affinity{Labels: &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}}, Fields: requirement("region", corev1.NodeSelectorOpIn, "us"),
			Terms: requirement("nodes", corev1.NodeSelectorOpGt, "3")}, "us-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Planner{}.Place(Request{Affinities: []Affinity{tt.a}}, world())
			for _, c := range world() {
				if got, want := tt.a.Selects(c), strings.Contains(" "+tt.want+" ", " "+c.Name+" "); got != want {
					t.Errorf("selects %s: %v", c.Name, got)
				}
			}
			if err != nil || names(d) != tt.want {
				t.Errorf("got %q, %v, want %q: %v", names(d), err, tt.want, d.Reasons)
			}
		})
	}
}

func TestAffinityGroups(t *testing.T) {
	primary, backup := Affinity{Name: "primary", Clusters: []string{"eu-1"}}, Affinity{Name: "backup", Clusters: []string{"us-1", "us-2"}}
	ten := Request{Affinities: []Affinity{primary, backup}, Replicas: ptr[int32](10), Scheduling: Scheduling{Mode: Aggregated}}
	for _, tt := range []struct {
		name     string
		change   func(r *Request)
		clusters []*cluster.Cluster
		want     string
	}{
		{"the first", func(*Request) {}, world(), "primary: eu-1=10 []"},
		{"the first is tainted", func(*Request) {}, having(world(), "eu-1", tainted(corev1.TaintEffectNoSchedule)),
			"backup: us-1=10 [primary: no cluster may take it]|backup: us-2=10 [primary: no cluster may take it]"},
		{"the first is evicted", func(r *Request) { r.Evicted = []string{"eu-1"}; r.Previous = targets("eu-1=10") }, world(),
			"backup: us-1=10 [primary: no cluster may take it]|backup: us-2=10 [primary: no cluster may take it]"},
		{"the first has no room", func(*Request) {}, having(world(), "eu-1", holding(4)),
			"backup: us-1=10 [primary: 6 replicas fit nowhere]|backup: us-2=10 [primary: 6 replicas fit nowhere]"},
		{"none has, the first the least", func(*Request) {}, having(having(having(world(), "eu-1", holding(4)), "us-1", holding(2)), "us-2", holding(3)),
			"backup: us-1=2 us-2=3 ?=5 [primary: 6 replicas fit nowhere backup: 5 replicas fit nowhere]"},
		{"the first has too few groups", func(r *Request) { r.Spread = []Spread{{Domain: ByCluster, Min: 2}}; r.Scheduling.Mode = Even }, world(),
			"backup: us-1=5 us-2=5 [primary: spread over cluster: at least 2 wanted, there are 1 with clusters that may take it]"},
		{"none selects any", func(r *Request) { r.Affinities = []Affinity{{Clusters: []string{"moon"}}, {None: true}} }, world(),
			": ?=10 [affinity 0: no cluster may take it affinity 1: no cluster may take it]"},
		{"none is wanted", func(r *Request) { r.Affinities = []Affinity{{None: true}} }, world(), ":  [affinity 0: no cluster may take it]"},
		{"none is stated", func(r *Request) { r.Affinities = nil }, world(), ":  []"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ten
			tt.change(&r)
			d, err := Planner{}.Place(r, tt.clusters)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%s: %s %v", d.Affinity, said(d), d.Passed)
			if a, b, _ := strings.Cut(tt.want, "|"); got != a && got != b {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTaints(t *testing.T) {
	all := "edge eu-1 eu-2 us-1 us-2"
	tolerating := func(tolerations ...corev1.Toleration) Request {
		return Request{Affinities: everywhere, Tolerations: tolerations}
	}
	for _, tt := range []struct {
		name   string
		r      Request
		effect corev1.TaintEffect
		want   string
		why    string
	}{
		{"new ones stay out", tolerating(), corev1.TaintEffectNoSchedule, "edge eu-1 us-1 us-2", "taint down:NoSchedule is not tolerated"},
		{"of a cluster that evicts, too", tolerating(), corev1.TaintEffectNoExecute, "edge eu-1 us-1 us-2", "taint down:NoExecute is not tolerated"},
		{"tolerated", tolerating(corev1.Toleration{Key: "down", Operator: corev1.TolerationOpExists}), corev1.TaintEffectNoSchedule, all, "selected"},
		{"another effect is tolerated", tolerating(corev1.Toleration{Key: "down", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}),
			corev1.TaintEffectNoSchedule, "edge eu-1 us-1 us-2", "taint down:NoSchedule is not tolerated"},
		{"what is there stays", Request{Affinities: everywhere, Previous: targets("eu-2")}, corev1.TaintEffectNoSchedule, all, "selected"},
		{"until it is evicted", Request{Affinities: everywhere, Previous: targets("eu-2"), Evicted: []string{"eu-2"}}, corev1.TaintEffectNoExecute, "edge eu-1 us-1 us-2", "it was evicted from there"},
		{"rather not", tolerating(), corev1.TaintEffectPreferNoSchedule, all, "selected"},
		{"rather not, and one is enough", Request{Affinities: []Affinity{{Clusters: []string{"eu-1", "eu-2"}}}, Spread: []Spread{{Domain: ByCluster, Max: 1}}},
			corev1.TaintEffectPreferNoSchedule, "eu-1", "others come first in the spread over cluster (1 to 1)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Planner{}.Place(tt.r, having(world(), "eu-2", tainted(tt.effect)))
			if err != nil || names(d) != tt.want || d.Reasons[2].Why != tt.why {
				t.Errorf("got %q, %v, want %q\n%+v", names(d), err, tt.want, d.Reasons)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	r := Request{Kind: deployment, Affinities: everywhere, Previous: targets("eu-1")}
	without := func(c *cluster.Cluster) { c.Kinds = cluster.Kinds{} }
	d, err := Planner{}.Place(r, having(world(), "eu-1", without))
	if err != nil || names(d) != "edge eu-2 us-1 us-2" || d.Reasons[1].Why != "it does not serve apps/v1, Kind=Deployment" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestModes(t *testing.T) {
	full := func() []*cluster.Cluster {
		clusters := world()
		for i, pods := range []int64{10, 20, 30, 40, 50} {
			holding(pods)(clusters[i])
		}
		return clusters
	}
	for _, tt := range []struct {
		name     string
		s        Scheduling
		replicas int32
		clusters []*cluster.Cluster
		previous string
		want     string
	}{
		{"nearest region first", Scheduling{Mode: Geography, Regions: []string{"us", "eu"}}, 50, full(), "", "us-1=25 us-2=25"},
		{"and then the next", Scheduling{Mode: Geography, Regions: []string{"us", "eu"}}, 82, full(), "", "eu-1=6 eu-2=6 us-1=30 us-2=40"},
		{"regions not named last", Scheduling{Mode: Geography, Regions: []string{"us"}}, 71, full(), "", "edge=1 us-1=30 us-2=40|eu-1=1 us-1=30 us-2=40|eu-2=1 us-1=30 us-2=40"},
		{"the farthest gives first", Scheduling{Mode: Geography, Regions: []string{"us", "eu"}}, 20, full(), "eu-1=10 us-1=20", "us-1=20"},
		{"what runs far away stays", Scheduling{Mode: Geography, Regions: []string{"us", "eu"}}, 30, full(), "eu-1=10", "eu-1=10 us-1=10 us-2=10"},
		{"unless it may move", Scheduling{Mode: Geography, Regions: []string{"us", "eu"}, Rebalance: true}, 30, full(), "eu-1=10", "us-1=15 us-2=15"},
		{"cheapest first", Scheduling{Mode: Cheapest}, 15, full(), "", "eu-2=15"},
		{"and then the dearer", Scheduling{Mode: Cheapest}, 30, full(), "", "eu-2=20 us-1=5 us-2=5"},
		{"without a price last", Scheduling{Mode: Cheapest}, 101, full(), "", "edge=1 eu-1=10 eu-2=20 us-1=30 us-2=40"},
		{"the dearest gives first", Scheduling{Mode: Cheapest}, 8, full(), "eu-1=5 eu-2=5 us-1=5", "eu-2=5 us-1=3"},
		{"no room at all", Scheduling{Mode: Cheapest}, 151, full(), "", "edge=50 eu-1=10 eu-2=20 us-1=30 us-2=40 ?=1"},
		{"evenly", Scheduling{Mode: Even, Weights: []Weight{{Affinity{}, 7}}}, 25, full(), "", "edge=5 eu-1=5 eu-2=5 us-1=5 us-2=5"},
		{"evenly, by room", Scheduling{Mode: Even, SpillOver: true}, 70, full(), "", "edge=15 eu-1=10 eu-2=15 us-1=15 us-2=15"},
		{"the greatest weight counts", Scheduling{Mode: Weighted, Weights: []Weight{{Affinity{Clusters: []string{"eu-1", "us-1"}}, 1}, {Affinity{Fields: requirement("region", corev1.NodeSelectorOpIn, "us")}, 3}}},
			7, full(), "", "eu-1=1 us-1=3 us-2=3"},
		{"scaled to zero stays", Scheduling{Mode: Weighted}, 0, full(), "eu-1=3 us-1=2", "eu-1=0 us-1=0"},
		{"zero from the start", Scheduling{Mode: Weighted}, 0, full(), "", "edge=0 eu-1=0 eu-2=0 us-1=0 us-2=0"},
		{"weights that are huge", Scheduling{Mode: Weighted, Limits: byWeight(map[string]int64{"eu-1": 1 << 62, "eu-2": 1 << 61, "us-1": 1 << 61})}, 1 << 30, full(), "", "eu-1=536870912 eu-2=268435456 us-1=268435456"},
		{"duplicated within limits", Scheduling{Mode: Duplicated, Limits: map[string]Limit{"edge": {Max: ptr[int32](1)}, "us-2": {Max: ptr[int32](0)}}}, 3, full(), "", "edge=1 eu-1=3 eu-2=3 us-1=3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Planner{}.Place(Request{Affinities: everywhere, Replicas: &tt.replicas, Scheduling: tt.s, Previous: targets(tt.previous)}, tt.clusters)
			if err != nil {
				t.Fatal(err)
			}
			for want := range strings.SplitSeq(tt.want, "|") {
				if said(d) == want {
					return
				}
			}
			t.Errorf("got %s, want %s\n%+v", said(d), tt.want, d.Reasons)
		})
	}
}

func TestRoom(t *testing.T) {
	gpu, cpu := corev1.ResourceName("nvidia.com/gpu"), corev1.ResourceCPU
	capacity := cluster.Capacity{Known: true, Allocatable: map[corev1.ResourceName]int64{cpu: 4000, corev1.ResourcePods: 10_000},
		Requested: map[corev1.ResourceName]int64{cpu: 1000, corev1.ResourcePods: 4000}}
	people := capacity
	people.Stated = true
	for _, tt := range []struct {
		name     string
		c        cluster.Capacity
		requests map[corev1.ResourceName]int64
		want     int32
	}{
		{"not known", cluster.Capacity{}, map[corev1.ResourceName]int64{cpu: 1}, unlimited},
		{"pods", capacity, nil, 6},
		{"cpu", capacity, map[corev1.ResourceName]int64{cpu: 700}, 4},
		{"what Nodes do not have", capacity, map[corev1.ResourceName]int64{cpu: 700, gpu: 1}, 0},
		{"what people do not state", people, map[corev1.ResourceName]int64{cpu: 700, gpu: 1}, 4},
		{"more is requested than there is", cluster.Capacity{Known: true, Allocatable: map[corev1.ResourceName]int64{cpu: 1}, Requested: map[corev1.ResourceName]int64{cpu: 5}},
			map[corev1.ResourceName]int64{cpu: 1}, 0},
	} {
		m := member{Cluster: &cluster.Cluster{Capacity: tt.c}, free: free(tt.c)}
		if got := m.room(tt.requests); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestAssumedIsNotBefore: a decision that is looked at again as if it had come true
// does not say that it was so before.
func TestAssumedIsNotBefore(t *testing.T) {
	ix := New(named("a b"))
	r := Request{Key: "web", Affinities: everywhere, Replicas: ptr[int32](4), Scheduling: Scheduling{Mode: Even}, Previous: targets("a=4")}
	p, err := newPlan(ix, &r, &spare{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ assumed, before string }{{"a=2 b=2", ""}, {"a=4", "a"}, {"b=4", ""}} {
		p.assume([]int32{4, -1}, targets(tt.assumed))
		d, err := p.once(p.groups[0])
		if err != nil {
			t.Fatal(err)
		}
		if said(d) != tt.assumed {
			t.Errorf("assumed %s, got %s", tt.assumed, said(d))
		}
		for _, reason := range d.Reasons {
			if got := strings.Contains(reason.Why, "as before"); got != (reason.Cluster == tt.before) {
				t.Errorf("assumed %s: cluster %s: %s", tt.assumed, reason.Cluster, reason.Why)
			}
		}
	}
}
