package simulator

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/kubernetes"
)

// patience is how long a condition may take on a busy machine.
const patience = 60 * time.Second

// view is what a receiver makes of what a Source of fedns says.
type view struct {
	t       testing.TB
	mu      sync.Mutex
	groups  map[cluster.ServiceKey]cluster.Group
	state   cluster.State
	empty   int // withdrawn Groups heard of
	changed chan struct{}
}

// follow has fedns' own Source follow a cluster until the test ends.
func follow(t testing.TB, c *Cluster) *view {
	t.Helper()
	file, err := c.Kubeconfig(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := kubernetes.New(kubernetes.Config{Cluster: "c", Kubeconfig: file, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	v := &view{t: t, groups: map[cluster.ServiceKey]cluster.Group{}, changed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	up := make(chan cluster.Update)
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx, up) })
	running.Go(func() {
		for {
			select {
			case u := <-up:
				v.take(u)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return v
}

func (v *view) take(u cluster.Update) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, g := range u.Groups {
		if g.Withdrawn {
			v.empty++
			delete(v.groups, g.Service)
		} else {
			v.groups[g.Service] = g
		}
	}
	if u.State != nil {
		v.state = *u.State
	}
	close(v.changed)
	v.changed = make(chan struct{})
}

// await waits until ok, which is called with the lock held.
func (v *view) await(what string, ok func() bool) {
	v.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond) // a change of the cluster alone wakes nobody here
	defer tick.Stop()
	for {
		v.mu.Lock()
		done, changed := ok(), v.changed
		v.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-deadline:
			v.mu.Lock()
			defer v.mu.Unlock()
			v.t.Fatalf("waited in vain for %s; state %+v, %d services", what, v.state, len(v.groups))
		}
	}
}

func (v *view) awaitPhase(p cluster.Phase) {
	v.t.Helper()
	v.await(p.String(), func() bool { return v.state.Phase == p && (p != cluster.Syncing || len(v.groups) > 0) })
}

// awaitSame waits until fedns holds what the cluster holds, no more and no less.
func (v *view) awaitSame(c *Cluster) {
	v.t.Helper()
	v.await("what the cluster holds", func() bool { return same(v.groups, c) })
}

func same(groups map[cluster.ServiceKey]cluster.Group, c *Cluster) bool {
	want := map[cluster.ServiceKey][]netip.Addr{}
	for i := range c.Places() {
		if s, ok := c.Service(i); ok {
			slices.SortFunc(s.Ready, netip.Addr.Compare)
			want[cluster.ServiceKey{Namespace: s.Namespace, Name: s.Name}] = s.Ready
		}
	}
	got := map[cluster.ServiceKey][]netip.Addr{}
	for key, g := range groups {
		got[key] = nil
		for _, e := range g.Endpoints {
			if e.Ready {
				got[key] = append(got[key], e.Addr)
			}
		}
	}
	return maps.EqualFunc(got, want, func(a, b []netip.Addr) bool { return slices.Equal(a, b) })
}
