package kubernetes

import (
	"errors"
	"strconv"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/tide"
)

var errTest = errors.New("connection refused")

// lostAs waits for a Service to be withdrawn, and says by which evidence.
func (v *view) lostAs(name string) cluster.Loss {
	v.t.Helper()
	key := cluster.ServiceKey{Namespace: "a", Name: name}
	v.await(name+" to be withdrawn", func() bool { _, there := v.groups[key]; return !there })
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.loss[key]
}

func TestLossOfObjects(t *testing.T) {
	for _, streams := range []bool{true, false} {
		t.Run("streams="+strconv.FormatBool(streams), func(t *testing.T) {
			server := newAPIServer(t, service("s", annotated)+service("t", annotated)+service("u", annotated)+service("v", "")+export("v")+service("w", annotated))
			server.streams = streams
			v := observe(t, server, nil)
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s", "a/t", "a/u", "a/v", "a/w")
			server.delete("services", "a/s", false)
			if got := v.lostAs("s"); got != cluster.Deleted {
				t.Errorf("an event is evidence %d", got)
			}
			relist := func(change func()) {
				server.set(func() {
					change()
					server.compact = 1 << 30 // every watch has to begin with a list
					server.watches++
				})
			}
			server.delete("services", "a/t", true)
			relist(func() {})
			if got := v.lostAs("t"); got != cluster.Missing {
				t.Errorf("a list is evidence %d", got)
			}
			// The store is restored from a backup.
			relist(func() {
				delete(server.objects["services"], "a/u")
				delete(server.objects["serviceexports"], "a/v")
				server.log, server.version = nil, 3
			})
			if got := v.lostAs("u"); got != cluster.Doubtful {
				t.Errorf("a list of a store that went back is evidence %d", got)
			}
			if got := v.lostAs("v"); got != cluster.Doubtful {
				t.Errorf("a list of exports of a store that went back is evidence %d", got)
			}
			// Events of the store as it is now are as good as ever.
			server.set(func() { server.compact = 0 })
			server.put(service("x", annotated))
			v.await("x to be told", func() bool { _, there := v.groups[cluster.ServiceKey{Namespace: "a", Name: "x"}]; return there })
			server.delete("services", "a/w", false)
			if got := v.lostAs("w"); got != cluster.Deleted {
				t.Errorf("an event after that is evidence %d", got)
			}
		})
	}
}

// TestEbb: a store that went back while it was watched is listed anew. An API server
// opens a watch from a version that it has yet to reach, and tells nothing.
func TestEbb(t *testing.T) {
	for _, streams := range []bool{true, false} {
		t.Run("streams="+strconv.FormatBool(streams), func(t *testing.T) {
			server := newAPIServer(t, service("s", annotated)+slice("s", "10.0.0.1")+service("t", annotated)+service("u", "")+export("u"))
			server.streams = streams
			server.set(func() { server.version = 500 })
			v := observe(t, server, nil)
			v.awaitPhase(cluster.Live)
			v.awaitGroups("a/s 10.0.0.1", "a/t", "a/u")
			// Watches that carried nothing yet would be taken for broken ones.
			bookmarked := server.sent("BOOKMARK")
			v.await("bookmarks on every watch", func() bool { return server.sent("BOOKMARK") > bookmarked+16 })
			server.set(func() { // it was rebuilt, and has not all of what it had, at another address
				delete(server.objects["services"], "a/t")
				delete(server.objects["serviceexports"], "a/u")
				server.log, server.version = nil, 3
				server.watches++
			})
			server.put(slice("s", "10.0.0.2"))
			v.awaitGroups("a/s 10.0.0.2")
			for _, name := range []string{"t", "u"} {
				if got := v.lostAs(name); got != cluster.Doubtful {
					t.Errorf("%s was lost by evidence %d", name, got)
				}
			}
			server.put(slice("s", "10.0.0.3"))
			v.awaitGroups("a/s 10.0.0.3")
			v.awaitPhase(cluster.Live)
		})
	}
}

// TestTidesBefore: the first lists of a Source are doubted when the store was seen
// further on before, and so is a Service that only they show without endpoints.
func TestTidesBefore(t *testing.T) {
	lists := func(high string) (*view, *tide.Table) {
		server := newAPIServer(t, service("s", annotated)+slice("s", "10.0.0.1")+service("empty", annotated)+service("idle", annotated)+slice("idle"))
		server.set(func() { server.version = 500 })
		tides := tide.New(map[string]string{"endpointslices": high})
		v := observe(t, server, func(c *Config) { c.Tides = tides })
		v.awaitPhase(cluster.Live)
		return v, tides
	}
	lacks := (*view).lacks
	loss := func(v *view, name string) cluster.Loss {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.loss[cluster.ServiceKey{Namespace: "a", Name: name}]
	}
	v, tides := lists("1000")
	if got := lacks(v); got != cluster.Doubtful {
		t.Errorf("below what was seen: what is lacking is evidence %d", got)
	}
	if s, empty := loss(v, "s"), loss(v, "empty"); s != cluster.NoLoss || empty != cluster.Doubtful {
		t.Errorf("with endpoints: evidence %d, without: %d", s, empty)
	}
	if got := tides.Versions()["services"]; got == "" {
		t.Error("what this Source sees is not noted")
	}
	v, _ = lists("400")
	if got := lacks(v); got != cluster.Missing {
		t.Errorf("above what was seen: what is lacking is evidence %d", got)
	}
	if empty, idle := loss(v, "empty"), loss(v, "idle"); empty != cluster.Missing || idle != cluster.NoLoss {
		t.Errorf("without a slice: evidence %d, with one that is empty: %d", empty, idle)
	}
}

// lacks is the evidence for what was lacking when the cluster came to be Live.
func (v *view) lacks() cluster.Loss {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, u := range v.updates {
		if u.State != nil && u.State.Phase == cluster.Live {
			return u.Lacks
		}
	}
	return cluster.NoLoss
}

// TestCRDGoneOverARestart: that ServiceExport is served no more proves as little of
// what was exported before a restart as without one.
func TestCRDGoneOverARestart(t *testing.T) {
	for _, c := range []struct {
		before string // what the run before has seen
		served []string
		want   cluster.Loss
	}{
		{"serviceexports", nil, cluster.Doubtful},
		{"serviceexports", []string{"v1beta1"}, cluster.Missing},
		{"services", nil, cluster.Missing},
	} {
		server := newAPIServer(t, service("s", annotated))
		server.set(func() { server.version, server.versions = 500, c.served })
		v := observe(t, server, func(cfg *Config) { cfg.Tides = tide.New(map[string]string{c.before: "400"}) })
		v.awaitPhase(cluster.Live)
		if got := v.lacks(); got != c.want {
			t.Errorf("%s were seen before, %q is served: what is lacking is evidence %d, want %d", c.before, c.served, got, c.want)
		}
	}
}
