package discovery

import (
	"iter"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// follower is a Follower that remembers what moved. Only Run's goroutine writes it.
type follower struct {
	none  bool
	moved []string
}

func (f *follower) Follows() bool { return !f.none }

func (f *follower) Moved(owners iter.Seq[dnsname.Name]) {
	if owners == nil {
		f.moved = append(f.moved, "all")
		return
	}
	for o := range owners {
		if !slices.Contains(f.moved, o.String()) {
			f.moved = append(f.moved, o.String())
		}
	}
}

// TestOriginsMove: what becomes another Origin is told, though no record differs, and
// what does not is not.
func TestOriginsMove(t *testing.T) {
	const web = "web.shop.prod."
	with := func(change func(*cluster.Group)) cluster.Group {
		g := group("web", "10.96.0.1")
		change(&g)
		return g
	}
	for _, tt := range []struct {
		name string
		eu   cluster.Group
		want []string
	}{
		{"the same", group("web", "10.96.0.1"), nil},
		{"a weight", with(func(g *cluster.Group) { g.Weight = 9 }), []string{web}},
		{"a policy", with(func(g *cluster.Group) { g.Policy = "Weighted" }), []string{web}},
		{"a TTL, which is not of Origins", with(func(g *cluster.Group) { g.TTL = 77 }), nil},
		{"another endpoint behind the same address", with(func(g *cluster.Group) { g.Endpoints[0].Hostname = "other" }), nil},
		{"an address that another cluster has", group("web", "10.97.0.1"), []string{web}},
		{"it is not healthy", with(func(g *cluster.Group) { g.Endpoints[0].Ready = false }), []string{web}},
		{"it is gone", withdrawn("web"), []string{web}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &follower{}
				r := newRig(t, Config{Follower: f})
				eu, us := newSource(), newSource()
				r.SetMembers([]Member{{ID: "eu-1", Source: eu}, {ID: "us-1", Source: us}})
				toEU, toUS := <-eu.runs, <-us.runs
				toEU <- live(group("web", "10.96.0.1"), group("db", "10.96.0.2"))
				toUS <- live(group("web", "10.97.0.1"), group("web-2", "10.96.0.1"))
				synctest.Wait()
				f.moved = nil
				toEU <- report(tt.eu)
				synctest.Wait()
				if !slices.Equal(f.moved, tt.want) {
					t.Errorf("told %q, want %q", f.moved, tt.want)
				}
				f.moved = nil
				r.SetMembers([]Member{{ID: "eu-1", Source: eu, Place: synth.Place{Region: "other", Zones: []string{"other-a"}}}, {ID: "us-1", Source: us}})
				synctest.Wait()
				if !slices.Contains(f.moved, "all") {
					t.Errorf("a cluster is elsewhere: told %q, want that any may be another", f.moved)
				}
				f.none, f.moved = true, nil
				toUS <- report(with(func(g *cluster.Group) { g.Weight = 3 }))
				synctest.Wait()
				if len(f.moved) > 0 {
					t.Errorf("nobody follows: told %q", f.moved)
				}
			})
		})
	}
}
