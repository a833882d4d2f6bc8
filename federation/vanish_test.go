package federation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// change has other clusters, each changed or (nil) gone.
func (f *fleet) change(do func(*cluster.Cluster) *cluster.Cluster) {
	f.mu.Lock()
	var next []*cluster.Cluster
	for _, c := range f.clusters {
		again := *c
		if n := do(&again); n != nil {
			next = append(next, n)
		}
	}
	f.clusters = next
	f.mu.Unlock()
	f.recheck()
}

// selecting are orders for clusters with env=prod.
func selecting(n int) (all []work.Order) {
	for i := range n {
		o := deployment(fmt.Sprintf("web-%02d", i), 3)
		o.Placement.Affinities = []placement.Affinity{{Labels: &metav1.LabelSelector{MatchLabels: map[string]string{"env": "prod"}}}}
		all = append(all, o)
	}
	return all
}

// elective is placement's own, which says nothing when nothing is selected.
func elective(c *Config) { c.Placer = placement.Planner{} }

func label(value string) func(*cluster.Cluster) *cluster.Cluster {
	return func(c *cluster.Cluster) *cluster.Cluster {
		c.Labels = map[string]string{"env": value}
		return c
	}
}

func (h *house) placed(t *testing.T, want int) {
	t.Helper()
	n := 0
	for _, b := range h.store.all {
		if len(b.Targets) > 0 {
			n++
		}
	}
	if n != want {
		t.Errorf("%d are placed, want %d", n, want)
	}
}

func TestLostLabelsWithdrawNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, f, store := &people{name: "people", orders: selecting(8)}, newFleet(t, "a", "b"), newMemory()
		for _, c := range f.clusters {
			label("prod")(c)
		}
		h := begin(t, store, f, elective, p)
		after(30 * time.Second)
		h.placed(t, 8)
		f.done()
		f.change(label("pord"))
		after(time.Hour)
		h.stop()
		h = begin(t, store, f, elective, p) // it is held in the next term as well
		defer func() { h.stop() }()
		after(time.Hour)
		f.change(func(c *cluster.Cluster) *cluster.Cluster { c.Region = "eu"; return c })
		after(time.Hour)
		h.placed(t, 8)
		if did := f.done(); slices.ContainsFunc(did, func(s string) bool { return strings.HasPrefix(s, "remove") }) {
			t.Errorf("with all labels lost: %v", did)
		}
		web := p.orders[0].Key
		if r := p.report(web); r.Err == nil || !strings.Contains(r.Err.Error(), "fedns release --federation") || h.Stats().Held != 8 {
			t.Errorf("the dialect hears %v, and %d are held, want all to be, and told how to go on", r.Err, h.Stats().Held)
		}
		if c := store.reports[web].Conditions[0]; c.Reason != "WithdrawalHeld" {
			t.Errorf("the Binding says %+v, want that it is held", c)
		}

		f.change(func(c *cluster.Cluster) *cluster.Cluster {
			label("prod")(c)
			c.Kinds = cluster.Kinds{services: true} // a definition that is lost is the same
			return c
		})
		after(time.Minute)
		if h.placed(t, 8); h.Stats().Held != 8 {
			t.Errorf("of a kind that nobody serves %d are held, want 8", h.Stats().Held)
		}
		f.change(func(c *cluster.Cluster) *cluster.Cluster { c.Kinds = nil; return c }) // it was a mistake
		after(time.Minute)
		if r := p.report(web); r.Err != nil || h.Stats().Held != 0 {
			t.Errorf("with the labels back: %v, %d held", r.Err, h.Stats().Held)
		}
		f.change(label("test")) // it is none
		after(time.Minute)
		if n := h.Release(); n != 8 {
			t.Errorf("released %d, want 8", n)
		}
		after(time.Minute)
		h.placed(t, 0)
		h.want(t, web, map[string]int32{})
	})
}

func TestOneOfManyThatNothingSelectsGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people", orders: selecting(8)}
		for i := range p.orders[1:] {
			p.orders[i+1].Placement.Affinities = []placement.Affinity{{}}
		}
		f := newFleet(t, "a", "b")
		f.clusters[0].Labels = map[string]string{"env": "prod"}
		h := begin(t, newMemory(), f, elective, p)
		defer h.stop()
		after(30 * time.Second)
		h.want(t, p.orders[0].Key, map[string]int32{"a": 3})
		f.change(label("test"))
		after(time.Minute)
		h.want(t, p.orders[0].Key, map[string]int32{})
		h.placed(t, 7)
	})
}

func TestMassOfOrdersForNoClusterIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, f := &people{name: "people", orders: selecting(50)}, newFleet(t, "a", "b")
		for _, c := range f.clusters {
			label("prod")(c)
		}
		h := begin(t, newMemory(), f, elective, p)
		defer h.stop()
		after(30 * time.Second)
		for _, o := range slices.Clone(p.orders) {
			o.Placement.Affinities = []placement.Affinity{{None: true}}
			p.order(o)
		}
		after(time.Hour)
		if h.placed(t, 25); h.Stats().Held != 25 {
			t.Errorf("%d are held, want half of all", h.Stats().Held)
		}
		h.Release()
		after(time.Minute)
		h.placed(t, 0)
	})
}

func TestVanishedClustersKeepWhatWasPlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, f, store := &people{name: "people", orders: []work.Order{deployment("web", 6)}}, newFleet(t, "a", "b", "c"), newMemory()
		h := begin(t, store, f, elective, p)
		after(30 * time.Second)
		web, all := p.orders[0].Key, f.clusters
		f.done()
		f.change(func(c *cluster.Cluster) *cluster.Cluster {
			if c.Name != "c" {
				return nil
			}
			return c
		})
		after(time.Hour)
		h.stop()
		h = begin(t, store, f, elective, p)
		defer func() { h.stop() }()
		after(time.Hour)
		if b, _ := store.get(web); len(b.Targets) != 3 || b.Target("a") == nil || h.Stats().Held != 1 {
			t.Errorf("with two of three vanished: %+v, %d held, want it to stand", b.State, h.Stats().Held)
		}
		if did := f.done(); slices.ContainsFunc(did, func(s string) bool { return !strings.HasSuffix(s, " c") }) {
			t.Errorf("with two of three vanished: %v", did)
		}
		p.order(deployment("new", 2)) // what comes now does not wait for them
		after(time.Minute)
		h.want(t, key(deployments, "new"), map[string]int32{"c": 2})

		f.mu.Lock()
		f.clusters = all
		f.mu.Unlock()
		h.Recheck()
		after(time.Minute)
		if b, _ := store.get(web); len(b.Targets) != 3 || h.Stats().Held != 0 || p.report(web).Err != nil {
			t.Errorf("with both back: %+v, %d held, %v", b.State, h.Stats().Held, p.report(web).Err)
		}
		f.change(func(c *cluster.Cluster) *cluster.Cluster {
			if c.Name != "c" {
				return nil
			}
			return c
		})
		after(2 * time.Minute)
		h.Release()
		after(time.Minute)
		if b, _ := store.get(web); len(b.Targets) != 1 || b.Target("c") == nil || b.Targets[0].Replicas != 6 {
			t.Errorf("after the release: %+v, want all in c", b.State)
		}
	})
}
