package synth

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestLargeSets: no RRset is larger than a message, what is left out is told,
// and it does not depend on the order of anything.
func TestLargeSets(t *testing.T) {
	s, _ := New(full, map[cluster.ID]Place{"eu-1": {"eu", []string{"eu-a"}}, "eu-2": {Region: "eu"}})
	shard := func(id cluster.ID, net byte) cluster.Group {
		g := headless(id)
		for i := range 2500 {
			g.Endpoints = append(g.Endpoints, ready(netip.AddrFrom4([4]byte{10, net, byte(i >> 8), byte(i)}).String(), "same"))
			g.Endpoints = append(g.Endpoints, ready(netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 2: 0x0d, 3: 0xb8, 13: net, 14: byte(i >> 8), 15: byte(i)}).String(), ""))
		}
		return g
	}
	groups := []cluster.Group{shard("eu-1", 96), shard("eu-2", 97)}
	rs := s.Records(web, groups, nil)
	counts := map[string]int{}
	for _, r := range slices.Concat(rs.Sets, rs.PTR) {
		size := len(r.Owner.Wire()) + 4 + 12 // the question, and a header
		for d := range r.RDATA() {
			size += 12 + len(d)
		}
		if size > 65535-512 {
			t.Errorf("%s %s takes %d octets", r.Owner, zone.TypeString(r.Type), size)
		}
		counts[r.Owner.String()+" "+zone.TypeString(r.Type)] = r.Len()
		if r.Owner.String() == "web.shop.prod." && r.Type == zone.TypeA && r.First() != zone.Addr(addr("10.96.0.0")) {
			t.Errorf("%s is not led by the first address", r.Owner)
		}
	}
	for name, n := range map[string]int{
		"web.shop.prod. A": maxSet / 16, "web.shop.prod. AAAA": maxSet / 28,
		"web.shop.svc.clusterset.local. A": maxSet / 16, "web.shop.prod.svc.eu-a.eu.example.com. A": 2500,
		"same.eu-1.web.shop.svc.clusterset.local. A": 2500, "2001-db8--60-0.eu-1.web.shop.svc.clusterset.local. AAAA": 1,
	} {
		if counts[name] != n {
			t.Errorf("%s: %d records, want %d", name, counts[name], n)
		}
	}
	told := fmt.Sprint(rs.Findings)
	for _, want := range []string{
		"5000 A records are more than an answer holds: 1250 are left out",
		"5000 AAAA records are more than an answer holds: 2858 are left out",
		"SRV records are more than an answer holds",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("findings %s lack %q", told, want)
		}
	}
	slices.Reverse(groups)
	for _, g := range groups {
		slices.Reverse(g.Endpoints)
	}
	if !slices.Equal(lines(s.Records(web, groups, nil)), lines(rs)) {
		t.Error("another order gives other records")
	}
}
