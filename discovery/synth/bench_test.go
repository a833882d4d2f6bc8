package synth

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
)

// BenchmarkChange is what one changed endpoint costs: the records before, after, and the difference.
func BenchmarkChange(b *testing.B) {
	places := map[cluster.ID]Place{}
	for r := range 5 {
		for c := range 2 {
			places[cluster.ID(fmt.Sprintf("c%d-%d", r, c))] = Place{fmt.Sprintf("r%d", r), []string{"a", "b", "c"}}
		}
	}
	many := func(id cluster.ID, n int) cluster.Group {
		g := headless(id)
		for i := range n {
			g.Endpoints = append(g.Endpoints, ready(netip.AddrFrom4([4]byte{10, id[1], byte(i >> 8), byte(i)}).String(), ""))
		}
		return g
	}
	for name, make := range map[string]func(cluster.ID) cluster.Group{
		"vip":           func(id cluster.ID) cluster.Group { return vip(id, "10.96.0."+string(id[1:2])) },
		"headless-10":   func(id cluster.ID) cluster.Group { return many(id, 10) },
		"headless-1000": func(id cluster.ID) cluster.Group { return many(id, 1000) },
	} {
		b.Run(name, func(b *testing.B) {
			s, _ := New(full, places)
			old := []cluster.Group{make("c0-0"), make("c1-0"), make("c2-1")}
			now := []cluster.Group{old[0], old[1], many("c2-1", 5)}
			b.ReportAllocs()
			for b.Loop() {
				Diff(s.Records(web, old, nil), s.Records(web, now, nil))
			}
			b.ReportMetric(float64(len(s.Records(web, old, nil).Sets)), "RRsets")
		})
	}
}
