package synth

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// TestLadders: a Service has the names of each federation, every one with its own
// aliases, and each leads back to it.
func TestLadders(t *testing.T) {
	fed := Federation{Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse("example.com."), Others: []Ladder{
		{dnsname.MustParse("next."), dnsname.MustParse("example.com.")}, {dnsname.MustParse("prod."), dnsname.MustParse("example.org.")}}}
	places := map[cluster.ID]Place{"eu-1": {"eu", []string{"a"}}, "us-1": {"us", nil}}
	s, found := New(fed, places)
	web := cluster.ServiceKey{Namespace: "shop", Name: "web"}
	ports := []cluster.Port{{Name: "http", Protocol: "tcp", Number: 80}}
	g := cluster.Group{Cluster: "us-1", Service: web, Type: cluster.ClusterIP, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Ports: ports,
		Endpoints: []cluster.Endpoint{{Addr: netip.MustParseAddr("10.1.0.1"), Ready: true}}}
	rs := s.Records(web, []cluster.Group{g}, nil)
	got := lines(rs)
	for _, of := range []string{"prod.svc%.example.com.", "next.svc%.example.com.", "prod.svc%.example.org."} {
		at := func(place string) string { return "web.shop." + strings.Replace(of, "%", place, 1) }
		for _, want := range []string{
			at("") + " 30 A 10.0.0.1", at(".us") + " 30 A 10.0.0.1", at(".eu") + " 30 CNAME " + at(""), at(".a.eu") + " 30 CNAME " + at(".eu"),
			"_http._tcp." + at("") + " 30 SRV 0 100 80 " + at(""), "_http._tcp." + at(".a.eu") + " 30 CNAME _http._tcp." + at(".eu"),
		} {
			if !slices.Contains(got, want) {
				t.Errorf("no %s", want)
			}
		}
	}
	if t.Failed() || len(found) > 0 || len(rs.Findings) > 0 {
		t.Logf("%v %v\n%s", found, rs.Findings, strings.Join(got, "\n"))
	}
	for _, r := range rs.Sets {
		if key, _, ok := s.Origin(r.Owner); !ok || key != web {
			t.Errorf("%s: got %v, %t", r.Owner, key, ok)
		}
	}
	if _, found := New(Federation{Others: fed.Others[:1]}, places); len(found) > 0 {
		t.Errorf("without one of its own: %v", found)
	}
}
