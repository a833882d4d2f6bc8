package federation

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/work"
)

func TestLostClusterIsReplacedAndComesBackClean(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := key(deployments, "web")
		p := &people{name: "people", orders: []work.Order{deployment("web", 6)}}
		f, store := newFleet(t, "a", "b", "c"), newMemory()
		f.known = func(key work.Key, name string) bool {
			b, _ := store.get(key)
			_, has := b.Has(name)
			return has
		}
		h := begin(t, store, f, nil, p)
		defer h.stop()
		after(30 * time.Second)
		h.want(t, web, map[string]int32{"a": 2, "b": 2, "c": 2})
		f.done()

		f.set("a", cluster.Unreachable)
		after(299 * time.Second)
		if did := f.done(); len(did) > 0 {
			t.Errorf("before its toleration is over: %v", did)
		}
		if r := p.report(web); !slices.Equal(r.Lost, []string{"a"}) || time.Since(r.LostSince["a"]) != 299*time.Second {
			t.Errorf("the dialect hears that %v are lost since %v, want a", r.Lost, r.LostSince)
		}
		after(5 * time.Second)
		b, _ := store.get(web)
		if b.Leaver("a") == nil || b.Target("a") != nil {
			t.Errorf("after its toleration: %+v, want it to leave a", b.State)
		}
		if r := p.report(web); len(r.Leaving) != 1 || r.Leaving[0].Cluster != "a" {
			t.Errorf("the dialect hears of leaving %+v, want a", r.Leaving)
		}
		after(podTime + 5*time.Second)
		b, _ = store.get(web)
		if len(b.Leaving) > 0 || !b.removing("a") {
			t.Errorf("with the new ones ready: %+v, want a to be gone", b)
		}
		h.want(t, web, map[string]int32{"a": 2, "b": 3, "c": 3}) // nobody can reach it

		f.set("a", cluster.Live)
		after(time.Minute)
		h.want(t, web, map[string]int32{"b": 3, "c": 3})
		if b, _ = store.get(web); len(b.Removing) > 0 || len(b.Away) > 0 {
			t.Errorf("with the cluster back: %+v, want nothing to be left over", b)
		}
		if r := p.report(web); len(r.Lost) > 0 {
			t.Errorf("with the cluster back, the dialect hears that %v are lost", r.Lost)
		}
	})
}

func TestDrainedClusterIsLeftTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people", orders: []work.Order{only(deployment("web", 3)), only(service("web"))}}
		h := begin(t, newMemory(), newFleet(t, "a", "b"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		h.want(t, key(services, "web"), map[string]int32{"a": 0})
		h.fleet.done()
		h.fleet.set("a", cluster.Drained)
		after(podTime / 2)
		serves := h.Serves("shop", "web")
		if len(serves) != 2 || serves[0].Cluster != "a" || !serves[0].Leaving || serves[1].Leaving {
			t.Errorf("while it moves %+v serve it, want a leaving and b", serves)
		}
		after(time.Minute)
		did := h.fleet.done()
		ready := slices.Index(did, "ready Deployment b")
		for _, step := range []string{"apply Deployment b", "apply Service b"} {
			if i := slices.Index(did, step); i < 0 || i > ready {
				t.Errorf("%s is not before the new ones are ready: %v", step, did)
			}
		}
		for _, step := range []string{"remove Deployment a", "remove Service a"} {
			if i := slices.Index(did, step); i < ready {
				t.Errorf("%s is before the new ones are ready: %v", step, did)
			}
		}
		if ready < 0 {
			t.Errorf("nothing is ready in b: %v", did)
		}
	})
}

func TestManyLostAtOnceMoveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people", orders: []work.Order{deployment("web", 6)}}
		h := begin(t, newMemory(), newFleet(t, "a", "b", "c"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		h.fleet.set("a", cluster.Unreachable)
		h.fleet.set("b", cluster.Unreachable)
		after(time.Hour)
		b, _ := h.store.get(key(deployments, "web"))
		if len(b.Targets) != 3 || len(b.Leaving) > 0 {
			t.Errorf("two of three were lost and it is at %+v, want it to stay", b.State)
		}
		h.fleet.set("b", cluster.Live)
		after(time.Minute)
		if b, _ = h.store.get(key(deployments, "web")); b.Target("a") != nil {
			t.Errorf("one of three is lost and it is at %+v, want it to have moved", b.State)
		}
	})
}

func TestWithdrawnOrderWaitsForNoDeadCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := key(deployments, "web")
		p := &people{name: "people", orders: []work.Order{deployment("web", 6)}}
		h := begin(t, newMemory(), newFleet(t, "a", "b", "c"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		h.fleet.set("a", cluster.Unreachable)
		after(time.Minute)
		gone := deployment("web", 6)
		gone.Template = nil
		p.order(gone)
		after(10 * time.Second)
		h.want(t, web, map[string]int32{"a": 2})
		if r := p.report(web); !r.Done {
			t.Errorf("the order's end is not told: %+v", r)
		}
		b, ok := h.store.get(web)
		if !ok || !b.Deleted || !b.removing("a") || len(b.Removing) != 1 {
			t.Errorf("Binding %+v, want what is left in a to be recorded", b)
		}
		if s := h.store.reports[web]; len(s.Abandoned) != 1 || s.Abandoned[0].Cluster != "a" {
			t.Errorf("abandoned are %+v, want a", s.Abandoned)
		}
		h.fleet.set("a", cluster.Live)
		after(10 * time.Second)
		h.want(t, web, map[string]int32{})
		if _, ok = h.store.get(web); ok {
			t.Error("nothing is left, but the Binding")
		}
	})
}

func TestWithdrawnOrderStopsWaitingForAClusterThatDies(t *testing.T) {
	for name, die := range map[string]func(*house, work.Key){
		"it does not answer": func(h *house, k work.Key) {
			h.Outcome(work.Outcome{Cluster: "b", Key: k, Phase: work.Failed, Reason: unreachable, Health: work.Unknown})
		},
		"its evidence says so": func(h *house, _ work.Key) { h.fleet.set("b", cluster.Degraded) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := deployment("web", 4)
				p := &people{name: "people", orders: []work.Order{o}}
				h := begin(t, newMemory(), newFleet(t, "a", "b"), nil, p)
				defer h.stop()
				after(time.Minute)
				h.fleet.mu.Lock()
				h.fleet.hangs = "b"
				h.fleet.mu.Unlock()
				gone := o
				gone.Template = nil
				p.order(gone)
				after(time.Minute)
				if p.report(o.Key).Done {
					t.Fatal("it is done before anybody knows of b")
				}
				die(h, o.Key)
				after(time.Minute)
				if !p.report(o.Key).Done {
					t.Error("the dialect waits for a cluster that cannot be reached")
				}
				h.store.mu.Lock()
				defer h.store.mu.Unlock()
				if left := h.store.reports[o.Key].Abandoned; len(left) != 1 || left[0].Cluster != "b" {
					t.Errorf("the Binding says that %v is left", left)
				}
			})
		})
	}
}
