package synth

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// hosting is a Federation whose domain and one other zone may have hosts.
var hosting = Federation{Name: full.Name, Domain: full.Domain, ClusterSet: full.ClusterSet, Reverse: full.Reverse,
	Hosts: []dnsname.Name{full.Domain, dnsname.MustParse("shop.test.")}}

// hosted is a host's Group of a cluster, with addresses or names of load balancers.
func hosted(id cluster.ID, host string, at ...string) cluster.Group {
	g := cluster.Group{Cluster: id, Service: cluster.HostKey(host), Type: cluster.LoadBalancer, Export: cluster.ByIngress, Created: day(1)}
	for _, text := range at {
		if a, err := netip.ParseAddr(text); err == nil {
			g.Ingress = append(g.Ingress, cluster.Ingress{Addr: a})
		} else {
			g.Ingress = append(g.Ingress, cluster.Ingress{Hostname: text})
		}
	}
	return g
}

func TestHosts(t *testing.T) {
	places := map[cluster.ID]Place{"eu-1": {"eu", []string{"eu-a"}}}
	s, _ := New(hosting, places)
	for _, tt := range []struct {
		host   string
		groups []cluster.Group
		want   []string
	}{
		{"example.com", []cluster.Group{hosted("eu-1", "example.com", "192.0.2.1"), hosted("us-1", "example.com", "192.0.2.2", "2001:db8::2")},
			[]string{"example.com. 30 A 192.0.2.1", "example.com. 30 A 192.0.2.2", "example.com. 30 AAAA 2001:db8::2"}},
		{"www.example.com", []cluster.Group{hosted("eu-1", "www.example.com", "lb.cloud.test")},
			[]string{"www.example.com. 30 A 203.0.113.9", "www.example.com. 30 AAAA 2001:db8:f::9"}},
		{"*.shop.test", []cluster.Group{hosted("eu-1", "*.shop.test", "192.0.2.1")}, []string{"*.shop.test. 30 A 192.0.2.1"}},
		{"no.example.com", []cluster.Group{hosted("eu-1", "no.example.com")}, nil}, // no load balancer yet
		{"ttl.example.com", []cluster.Group{with(hosted("eu-1", "ttl.example.com", "192.0.2.1"), func(g *cluster.Group) { g.TTL = 7 })},
			[]string{"ttl.example.com. 7 A 192.0.2.1"}},
		{"in.example.com", []cluster.Group{hosted("eu-1", "in.example.com", "10.96.0.1")}, []string{"in.example.com. 30 A 10.96.0.1"}}, // and no PTR record
		{"www.elsewhere.test", []cluster.Group{hosted("eu-1", "www.elsewhere.test", "192.0.2.1")},
			[]string{"host www.elsewhere.test lies in no zone that is configured: it has no records"}},
		{"web.shop.prod.svc.example.com", []cluster.Group{hosted("eu-1", "web.shop.prod.svc.example.com", "192.0.2.1")},
			[]string{"host web.shop.prod.svc.example.com lies in prod.svc.example.com., among the names of Services: it has no records"}},
		{"x.prod.svc.eu.example.com", []cluster.Group{hosted("eu-1", "x.prod.svc.eu.example.com", "192.0.2.1")},
			[]string{"host x.prod.svc.eu.example.com lies in prod.svc.eu.example.com., among the names of Services: it has no records"}},
		{"a_b.example.com", nil, []string{`host "a_b.example.com" is no domain name, nor *. before one: it has no records`}},
		{"a.*.example.com", nil, []string{`host "a.*.example.com" is no domain name, nor *. before one: it has no records`}},
		{"*", nil, []string{`host "*" is no domain name, nor *. before one: it has no records`}},
	} {
		rs := s.Records(cluster.HostKey(tt.host), tt.groups, resolve)
		got := lines(rs)
		for _, f := range rs.Findings {
			got = append(got, f.Text)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %s\nwant %s", tt.host, strings.Join(got, "\n     "), strings.Join(tt.want, "\n     "))
		}
		if len(rs.Findings) > 0 {
			continue
		}
		if key, level, ok := s.Origin(dnsname.MustParse(tt.host + ".")); !ok || level != LevelHost || key != cluster.HostKey(tt.host) {
			t.Errorf("%s is of %v at %s, %t", tt.host, key, level, ok)
		}
	}
}

// A cluster that steps behind leaves hosts as it leaves Services, and Between makes
// the difference that Diff does.
func TestHostsStepBehind(t *testing.T) {
	all, _ := New(hosting, nil)
	s := all.With(map[cluster.ID]Use{"us-1": {Rank: 1}})
	host := cluster.HostKey("example.com")
	both := []cluster.Group{hosted("eu-1", "example.com", "192.0.2.1"), hosted("us-1", "example.com", "192.0.2.2")}
	if got := lines(s.Records(host, both, nil)); !slices.Equal(got, []string{"example.com. 30 A 192.0.2.1"}) {
		t.Errorf("beside one that is well: %s", got)
	}
	if got := lines(s.Records(host, both[1:], nil)); !slices.Equal(got, []string{"example.com. 30 A 192.0.2.2"}) {
		t.Errorf("alone: %s", got)
	}
	edits, _ := s.Between(host, both, both[1:], nil)
	if want := Diff(s.Records(host, both, nil), s.Records(host, both[1:], nil)); len(edits) != 1 || !slices.Equal(edits, want) {
		t.Errorf("between: %v, want %v", edits, want)
	}
}
