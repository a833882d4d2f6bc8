package synth

import (
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestUse: the shards of the best rank are answered; endpoints' own names stay;
// what nobody can vouch for is marked.
func TestUse(t *testing.T) {
	places := map[cluster.ID]Place{"eu-1": {"eu", []string{"a"}}, "us-1": {"us", nil}}
	fed := Federation{Name: full.Name, Domain: full.Domain, ClusterSet: full.ClusterSet}
	eu := headless("eu-1", ready("10.0.0.1", "db-0"))
	us := headless("us-1", ready("10.1.0.1", "db-0"))
	us.Endpoints[0].Ports = []cluster.Port{{Name: "extra", Protocol: "tcp", Number: 9}}
	const behind, stale = "web.shop.svc.clusterset.local. 5 A 10.0.0.1", "stale"
	for _, c := range []struct {
		name   string
		uses   map[cluster.ID]Use
		groups []cluster.Group
		has    []string // "stale" in front: marked
		not    []string // beginnings
	}{
		{"both well", nil, []cluster.Group{eu, us},
			[]string{behind, "web.shop.svc.clusterset.local. 5 A 10.1.0.1"}, []string{stale}},
		{"one behind", map[cluster.ID]Use{"us-1": {Rank: 1, Stale: true}}, []cluster.Group{eu, us},
			[]string{
				behind, "web.shop.prod.svc.example.com. 30 A 10.0.0.1", "web.shop.prod.svc.us.example.com. 30 CNAME web.shop.prod.svc.example.com.",
				"stale db-0.us-1.web.shop.svc.clusterset.local. 5 A 10.1.0.1", "db-0.eu-1.web.shop.svc.clusterset.local. 5 A 10.0.0.1",
			}, []string{"web.shop.svc.clusterset.local. 5 A 10.1.0.1", "_extra"}},
		{"nothing else is left", map[cluster.ID]Use{"us-1": {Rank: 1, Stale: true}}, []cluster.Group{us},
			[]string{"stale web.shop.svc.clusterset.local. 5 A 10.1.0.1", "stale web.shop.prod.svc.eu.example.com. 30 CNAME web.shop.prod.svc.example.com.", "stale _extra._tcp.web.shop.prod. 5 SRV 0 100 9 db-0.us-1.web.shop.svc.clusterset.local."}, nil},
		{"the other has nothing healthy", map[cluster.ID]Use{"us-1": {Rank: 1}}, []cluster.Group{headless("eu-1"), us},
			[]string{"web.shop.prod. 5 A 10.1.0.1"}, []string{stale}},
		{"stale beside well", map[cluster.ID]Use{"us-1": {Stale: true}}, []cluster.Group{eu, us},
			[]string{"web.shop.prod. 5 A 10.1.0.1", "web.shop.prod. 5 A 10.0.0.1"}, []string{"stale web.shop.prod."}},
		{"all behind, one more than the other", map[cluster.ID]Use{"eu-1": {Rank: 1}, "us-1": {Rank: 2}}, []cluster.Group{eu, us},
			[]string{behind}, []string{"web.shop.prod. 5 A 10.1.0.1"}},
		{"never", map[cluster.ID]Use{"us-1": {Never: true}}, []cluster.Group{us}, nil, []string{"web"}},
	} {
		s, _ := New(fed, places)
		rs := s.With(c.uses).Records(web, c.groups, resolve)
		checkWhole(t, rs)
		var got []string
		for _, r := range rs.Sets {
			mark := map[bool]string{true: "stale ", false: ""}[r.Stale]
			for _, l := range lines(Records{Sets: []zone.RRset{r}}) {
				got = append(got, mark+l)
			}
		}
		for _, want := range c.has {
			if !slices.Contains(got, want) {
				t.Errorf("%s: lacks %q in\n%s", c.name, want, strings.Join(got, "\n"))
			}
		}
		for _, no := range c.not {
			if i := slices.IndexFunc(got, func(l string) bool { return strings.HasPrefix(l, no) }); i >= 0 {
				t.Errorf("%s: has %q", c.name, got[i])
			}
		}
	}
}
