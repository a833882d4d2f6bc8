package placement

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/federation/cluster"
)

// TestProperties: what holds for every request, over random ones. FEDNS_SEED
// repeats a run, FEDNS_SOAK=1 makes it ten times as long.
func TestProperties(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("FEDNS_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("FEDNS_SEED: want a whole number, got %q", s)
		}
	}
	cases := 100_000
	if os.Getenv("FEDNS_SOAK") != "" {
		cases *= 10
	}
	if testing.Short() {
		cases /= 5
	}
	t.Logf("FEDNS_SEED=%d, %d cases", seed, cases)
	seen := map[string]int{}
	for i := range cases {
		c := newCase(seed, uint64(i))
		for _, p := range properties {
			if broken := p.broken(c); broken != "" {
				t.Fatalf("FEDNS_SEED=%d, case %d: %s: %s\n%s", seed, i, p.name, broken, c)
			}
		}
		c.count(seen)
	}
	// A property that is never asked holds always.
	for _, what := range []string{
		"placed", "refused", "several targets", "unplaced", "spread kept", "minimum bound", "maximum bound",
		"grown", "shrunk", "kept as it was", "as before", "exact part", "scarce",
	} {
		if seen[what] < cases/1000 {
			t.Errorf("%s: %d of %d cases", what, seen[what], cases)
		}
	}
	t.Log(seen)
}

type randomCase struct {
	dice
	r        Request
	clusters []*cluster.Cluster
	byName   map[string]*cluster.Cluster
	d        Decision
	err      error
	seen     []string
}

func newCase(seed, number uint64) *randomCase {
	d := dice{rand.New(rand.NewPCG(seed, number))}
	c := &randomCase{dice: d, clusters: d.clusters(), r: d.request(), byName: map[string]*cluster.Cluster{}}
	for _, one := range c.clusters {
		c.byName[one.Name] = one
	}
	run(c.r, c.clusters)
	c.d, c.err = Planner{}.Place(c.r, c.clusters)
	return c
}

func (c *randomCase) String() string {
	text := fmt.Sprintf("request %+v\n", c.r)
	if c.r.Replicas != nil {
		text += fmt.Sprintf("replicas %d\n", *c.r.Replicas)
	}
	for name, l := range c.r.Scheduling.Limits {
		text += fmt.Sprintf("limit %s: min %d", name, l.Min)
		if l.Max != nil {
			text += fmt.Sprintf(" max %d", *l.Max)
		}
		if l.Weight != nil {
			text += fmt.Sprintf(" weight %d", *l.Weight)
		}
		text += "\n"
	}
	for _, one := range c.clusters {
		text += fmt.Sprintf("cluster %+v\n", *one)
	}
	return text + fmt.Sprintf("decision %+v, %v", c.d, c.err)
}

// see notes that something was put to the test.
func (c *randomCase) see(what string) { c.seen = append(c.seen, what) }

func (c *randomCase) count(seen map[string]int) {
	slices.Sort(c.seen)
	for _, what := range slices.Compact(c.seen) {
		seen[what]++
	}
}

func (c *randomCase) divided() bool {
	return c.err == nil && c.r.Replicas != nil && *c.r.Replicas > 0 && c.r.Scheduling.Mode != Duplicated
}

// again places a request after what was decided has come true: it runs, takes its
// room, and what ran elsewhere is gone.
func (c *randomCase) again(change func(r *Request)) (map[string]int32, Decision, error) {
	r := c.r
	r.Previous = c.d.Targets
	change(&r)
	before, now := counts(c.r.Previous), counts(c.d.Targets)
	clusters := slices.Clone(c.clusters)
	for i, one := range clusters {
		moved := *one
		moved.Capacity.Requested = maps.Clone(one.Capacity.Requested)
		if more := int64(now[one.Name] - before[one.Name]); more != 0 && moved.Capacity.Known {
			if moved.Capacity.Requested == nil {
				moved.Capacity.Requested = map[corev1.ResourceName]int64{}
			}
			moved.Capacity.Requested[corev1.ResourcePods] += more * 1000
			moved.Capacity.Requested[corev1.ResourceCPU] += more * r.Requests[corev1.ResourceCPU]
		}
		clusters[i] = &moved
	}
	d, err := Planner{}.Place(r, clusters)
	return counts(d.Targets), d, err
}

func counts(ts []Target) map[string]int32 {
	m := map[string]int32{}
	for _, t := range ts {
		m[t.Cluster] = t.Replicas
	}
	return m
}

func (c *randomCase) limit(name string) Limit {
	if l, own := c.r.Scheduling.Limits[name]; own {
		return l
	}
	return c.r.Scheduling.Limits["*"]
}

// holds is how many replicas a cluster can have, found in another way than room.
func (c *randomCase) holds(name string) (n int32, known bool) {
	capacity := c.byName[name].Capacity
	if !capacity.Known {
		return 0, false
	}
	free := func(resource corev1.ResourceName) int64 {
		return capacity.Allocatable[resource] - capacity.Requested[resource]
	}
	for cpu := int64(0); free(corev1.ResourcePods) >= int64(n+1)*1000; n++ {
		if cpu += c.r.Requests[corev1.ResourceCPU]; free(corev1.ResourceCPU) < cpu {
			break
		}
	}
	for _, t := range c.r.Previous {
		if t.Cluster == name {
			n += t.Replicas
		}
	}
	return n, true
}

func same(a, b Decision, errA, errB error) bool {
	return reflect.DeepEqual(a, b) && fmt.Sprint(errA) == fmt.Sprint(errB)
}
