package simulator

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestMain has tests run side by side, however few processors there are: most of the
// time they wait, for what is tried again.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	m.Run()
}

// start makes a cluster that listens until the test ends.
func start(t testing.TB, o Options) *Cluster {
	t.Helper()
	o.Name = "sim"
	c, err := New(o)
	if err == nil {
		err = c.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// TestFollowed: fedns sees what the cluster holds, whatever the form of it, and
// each kind of change.
func TestFollowed(t *testing.T) {
	for _, o := range []Options{
		{Services: 30, Endpoints: 3},
		{Services: 30, Endpoints: 3, Lists: true},
		{Services: 30, Endpoints: 3, JSON: true},
		{Services: 30, Endpoints: 3, JSON: true, Lists: true},
		{Services: 1200, Endpoints: 1, Lists: true, Annotated: true}, // more than one page
		{Services: 3, Endpoints: 250, Headless: true, Hostnames: true},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			t.Parallel()
			c := start(t, o)
			v := follow(t, c)
			v.awaitPhase(cluster.Live)
			v.awaitSame(c)
			if old, now := c.Replace(1, o.Endpoints-1); old == now {
				t.Errorf("%v was replaced by itself", old)
			}
			c.Flip(2, 0)
			c.Delete(0)
			c.Create()
			v.awaitSame(c)
			v.mu.Lock()
			defer v.mu.Unlock()
			if v.state.Phase != cluster.Live || v.empty != 1 {
				t.Errorf("state %+v, %d withdrawn, want one", v.state, v.empty)
			}
			for key, g := range v.groups {
				if o.Hostnames && g.Endpoints[0].Hostname == "" || o.Headless != (g.Type == cluster.Headless) {
					t.Errorf("%v: %+v", key, g)
				}
			}
		})
	}
}

// TestFaults: after each fault fedns holds again what the cluster holds, and
// withdraws nothing that is there.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(c *Cluster, v *view)
		empty bool // the cluster itself says that Services are gone
	}{
		{"disconnected", func(c *Cluster, _ *view) { c.Disconnect() }, false},
		{"dead", func(c *Cluster, v *view) {
			c.Stop()
			v.awaitPhase(cluster.Unreachable)
			if err := c.Start(context.Background()); err != nil {
				v.t.Fatal(err)
			}
		}, false},
		{"compacted", func(c *Cluster, v *view) {
			c.Stop()
			v.awaitPhase(cluster.Unreachable)
			c.Replace(0, 0)
			c.Compact()
			if err := c.Start(context.Background()); err != nil {
				v.t.Fatal(err)
			}
		}, false},
		{"lists cut short", func(c *Cluster, _ *view) {
			c.CutLists(endpointSlices, 3)
			c.CutLists(services, 2)
			c.Compact()
			c.Disconnect()
		}, false},
		{"refused", func(c *Cluster, v *view) {
			c.Refuse(503, 1, 5)
			c.Disconnect()
			c.Refuse(429, 1, 5)
		}, false},
		{"slow", func(c *Cluster, _ *view) {
			c.Slow(200_000)
			c.Compact()
			c.Disconnect()
		}, false},
		{"silent", func(c *Cluster, v *view) {
			c.Hang()
			for range 5 {
				c.Replace(1, 1)
			}
			c.Heal()
		}, false},
		{"empty, with older versions", func(c *Cluster, _ *view) { c.Reset(0) }, true},
		{"restored, with older versions", func(c *Cluster, _ *view) { c.Reset(10) }, true},
	} {
		for _, lists := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, lists %t", tt.name, lists), func(t *testing.T) {
				t.Parallel()
				c := start(t, Options{Services: 50, Endpoints: 4, Lists: lists, Seed: 1})
				v := follow(t, c)
				v.awaitPhase(cluster.Live)
				v.awaitSame(c)
				tt.fault(c, v)
				c.Replace(3, 2)
				c.Flip(4, 1)
				v.awaitSame(c)
				v.awaitPhase(cluster.Live)
				v.mu.Lock()
				defer v.mu.Unlock()
				if v.empty > 0 != tt.empty {
					t.Errorf("%d Services were withdrawn", v.empty)
				}
			})
		}
	}
}

// TestOmitted: a list that is complete in form is believed. What it left out by
// error is back with the next list.
func TestOmitted(t *testing.T) {
	for _, lists := range []bool{false, true} {
		t.Run(fmt.Sprintf("lists %t", lists), func(t *testing.T) {
			t.Parallel()
			c := start(t, Options{Services: 100, Endpoints: 1, Lists: lists, Seed: 3})
			v := follow(t, c)
			v.awaitPhase(cluster.Live)
			c.Omit(exports, 0.5)
			c.Compact()
			c.Replace(0, 0) // or there is nothing to be too old for
			c.Compact()
			c.Stop()
			if err := c.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			v.await("half of the Services", func() bool { return len(v.groups) > 20 && len(v.groups) < 80 })
			c.Heal()
			c.Create()
			c.Compact()
			c.Disconnect()
			v.awaitSame(c)
		})
	}
}

// TestChurn: changes at random among faults, seeded, end in what the cluster holds.
func TestChurn(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	f, err := Start(t.Context(), Spec{Clusters: 3, Cluster: Options{Services: 40, Endpoints: 5, Keep: 200, Seed: seed}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	views := make([]*view, len(f.Clusters))
	for i, c := range f.Clusters {
		views[i] = follow(t, c)
	}
	for _, v := range views {
		v.awaitPhase(cluster.Live)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	faults := []func(*Cluster){(*Cluster).Disconnect, (*Cluster).Compact, (*Cluster).Hang, (*Cluster).Heal,
		func(c *Cluster) { c.CutLists(endpointSlices, 1) }, func(c *Cluster) { c.Refuse(503, 0, 2) }}
	for range 6 {
		const changes = 300
		if made := f.Churn(t.Context(), 3000, Mix{Replace: 6, Flip: 3, Create: 1, Delete: 1}, changes); made != changes {
			t.Fatalf("%d changes made", made)
		}
		faults[random.IntN(len(faults))](f.Clusters[random.IntN(len(f.Clusters))])
	}
	for i, c := range f.Clusters {
		c.Heal()
		views[i].awaitSame(c)
	}
}

// TestBookmarks: a watch without changes says up to where it was told everything,
// so that a version that is compacted meanwhile costs no list.
func TestBookmarks(t *testing.T) {
	c := start(t, Options{Services: 3, Endpoints: 1, Bookmarks: 10 * time.Millisecond})
	v := follow(t, c)
	v.awaitPhase(cluster.Live)
	v.mu.Lock()
	first := v.state.LastSync
	v.mu.Unlock()
	v.await("a sign of life", func() bool { return v.state.LastSync.After(first) })
}

// TestModelIsSmall: a hundred clusters of 10,000 endpoints have to fit beside the
// daemon that follows them.
func TestModelIsSmall(t *testing.T) {
	const endpoints, limit = 100_000, 40 // octets an endpoint, ten to a Service
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c, err := New(Options{Services: endpoints / 10, Endpoints: 10})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (after.HeapAlloc - before.HeapAlloc) / endpoints; each > limit {
		t.Errorf("%d octets an endpoint, want %d at most", each, limit)
	}
	runtime.KeepAlive(c)
}
