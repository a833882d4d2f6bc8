package synth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// TestShardAddresses decides health and addresses; every family asks the same function.
func TestShardAddresses(t *testing.T) {
	draining := ready("10.0.0.3", "")
	draining.Ready, draining.Terminating = false, true
	dead := ready("10.0.0.4", "")
	dead.Ready, dead.Serving = false, false
	lb := func(in ...cluster.Ingress) cluster.Group {
		return with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Type, g.Ingress = cluster.LoadBalancer, in })
	}
	tests := []struct {
		name   string
		group  cluster.Group
		want   string // the addresses
		reason string
	}{
		{"cluster IP", vip("eu-1", "10.96.0.1"), "[10.96.0.1]", ""},
		{"cluster IP without endpoints", with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Endpoints = nil }), "[10.96.0.1]", NoEndpoints},
		{"cluster IP, none ready", with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Endpoints = []cluster.Endpoint{dead} }), "[10.96.0.1]", NoReadyEndpoints},
		{"cluster IP, only draining", with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Endpoints = []cluster.Endpoint{draining} }), "[10.96.0.1]", ""},
		{"no cluster IP yet", vip("eu-1"), "[]", NoAddress},
		{"load balancer address", lb(cluster.Ingress{Addr: addr("203.0.113.1")}), "[203.0.113.1]", ""},
		{"load balancer hostname", lb(cluster.Ingress{Hostname: "lb.cloud.test"}), "[203.0.113.9 2001:db8:f::9]", ""},
		{"load balancer both", lb(cluster.Ingress{Addr: addr("203.0.113.1")}, cluster.Ingress{Hostname: "lb.cloud.test"}), "[203.0.113.1 203.0.113.9 2001:db8:f::9]", ""},
		{"load balancer hostname not resolved", lb(cluster.Ingress{Hostname: "new.cloud.test"}), "[]", HostnameUnresolved},
		{"load balancer pending: not its cluster IP", lb(), "[]", NoAddress},
		{"load balancer without a slice", with(lb(cluster.Ingress{Addr: addr("203.0.113.1")}), func(g *cluster.Group) { g.Endpoints = nil }), "[203.0.113.1]", NoEndpoints},
		{"headless", headless("eu-1", ready("10.0.0.2", ""), ready("10.0.0.1", ""), dead), "[10.0.0.1 10.0.0.2]", ""},
		{"headless: draining ones stay behind ready ones", headless("eu-1", ready("10.0.0.1", ""), draining), "[10.0.0.1]", ""},
		{"headless: draining ones when nothing is ready", headless("eu-1", draining, dead), "[10.0.0.3]", ""},
		{"headless: none", headless("eu-1"), "[]", NoEndpoints},
		{"headless: none ready", headless("eu-1", dead), "[]", NoReadyEndpoints},
		{"publishNotReadyAddresses", with(headless("eu-1", dead, draining), func(g *cluster.Group) { g.PublishNotReady = true }), "[10.0.0.3 10.0.0.4]", ""},
		{"annotated", with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Addresses = addrs("192.0.2.1") }), "[192.0.2.1]", ""},
		{"annotated, no endpoint known", with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Addresses, g.Endpoints = addrs("192.0.2.1"), nil }), "[192.0.2.1]", ""},
		{"annotated, none ready", with(headless("eu-1", dead), func(g *cluster.Group) { g.Addresses = addrs("192.0.2.1") }), "[192.0.2.1]", NoReadyEndpoints},
		{"unusable cluster IPs", vip("eu-1", "fe80::1%eth0", "::ffff:10.0.0.9", "127.0.0.1", "10.0.0.8"), "[10.0.0.8]", ""},
		{"unusable load balancer addresses", lb(cluster.Ingress{Addr: addr("169.254.169.254")}, cluster.Ingress{Hostname: "bad.cloud.test"}), "[]", HostnameUnresolved},
		{"unusable endpoints", headless("eu-1", ready("10.0.0.1", ""), ready("::1", ""), ready("0.0.0.0", ""), ready("224.0.0.1", "")), "[10.0.0.1]", ""},
		{"unusable annotated", with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Addresses = addrs("255.255.255.255", "192.0.2.1", "::") }), "[192.0.2.1]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := Assess(&tt.group, resolve)
			if got := fmt.Sprint(v.Addresses); got != tt.want || v.Reason != tt.reason || v.Healthy != (tt.reason == "") {
				t.Errorf("addresses %s, reason %q, healthy %t; want %s, %q", got, v.Reason, v.Healthy, tt.want, tt.reason)
			}
		})
	}
}

// TestCases are the rules that cut across families.
func TestCases(t *testing.T) {
	metrics := cluster.Port{Name: "metrics", Protocol: "tcp", Number: 9090}
	unnamed := cluster.Port{Protocol: "tcp", Number: 80}
	eu := map[cluster.ID]Place{"eu-1": {"eu", []string{"eu-a"}}, "eu-2": {"eu", []string{"eu-a", "eu-b"}}}
	tests := []struct {
		name    string
		fed     Federation
		places  map[cluster.ID]Place
		groups  []cluster.Group
		only    string // suffix of the owners looked at
		want    string
		finding string
	}{
		{
			name: "fedns.io/ttl: the lowest of the healthy shards, everywhere but in shared PTR",
			fed:  Federation{Name: full.Name, Reverse: full.Reverse},
			groups: []cluster.Group{
				with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.TTL = 60 }),
				with(vip("eu-2", "10.96.0.1"), func(g *cluster.Group) { g.TTL = 20 }),
				with(vip("eu-3", "10.96.0.1"), func(g *cluster.Group) { g.TTL, g.Endpoints = 1, nil }),
			},
			want: `
				web.shop.prod.             20 A   10.96.0.1
				_https._tcp.web.shop.prod. 20 SRV 0 100 443 web.shop.prod.
				1.0.96.10.in-addr.arpa.    30 PTR web.shop.prod.`,
		}, {
			name:   "fedns.io/ttl: a week at most",
			fed:    Federation{Name: full.Name},
			groups: []cluster.Group{with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.TTL, g.Ports = 1<<32-1, nil })},
			want:   `web.shop.prod. 604800 A 10.96.0.1`,
		}, {
			name:   "configured TTLs: a week at most",
			fed:    Federation{Name: full.Name, TTL: TTLs{ShortName: 1 << 31}},
			groups: []cluster.Group{with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Ports = nil })},
			want:   `web.shop.prod. 604800 A 10.96.0.1`,
		}, {
			name:   "headless: an address no client can be sent to has no record of any kind",
			fed:    full,
			only:   "clusterset.local.",
			groups: []cluster.Group{headless("eu-1", ready("127.0.0.1", "db-0"), ready("10.0.0.2", "db-1"))},
			want: `
				web.shop.svc.clusterset.local.             5 A   10.0.0.2
				web.shop.svc.clusterset.local.             5 SRV 0 100 8443 db-1.eu-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local. 5 SRV 0 100 8443 db-1.eu-1.web.shop.svc.clusterset.local.
				db-1.eu-1.web.shop.svc.clusterset.local.   5 A   10.0.0.2`,
		}, {
			name: "an export that does not say when it was created is the youngest",
			fed:  Federation{Name: full.Name},
			groups: []cluster.Group{
				with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) {
					g.Created, g.Ports = time.Time{}, []cluster.Port{{Name: "https", Protocol: "tcp", Number: 8443}}
				}),
				vip("us-1", "10.97.0.1"),
			},
			want: `
				web.shop.prod.             5 A   10.96.0.1
				web.shop.prod.             5 A   10.97.0.1
				_https._tcp.web.shop.prod. 5 SRV 0 100 443 web.shop.prod.`,
			finding: `eu-1: port "https" is 8443, but 443 in us-1, which exported first`,
		}, {
			name: "what a Source found is told, and nothing answers for it",
			fed:  Federation{Name: full.Name},
			groups: []cluster.Group{with(vip("eu-1"), func(g *cluster.Group) {
				g.Findings = []string{"Service shop/web: spec.clusterIP: want 100%s"}
			})},
			want:    ``,
			finding: "eu-1: Service shop/web: spec.clusterIP: want 100%s",
		}, {
			name: "configured TTLs",
			fed: Federation{Name: full.Name, Domain: full.Domain, ClusterSet: full.ClusterSet,
				TTL: TTLs{ShortName: 1, ClusterSet: 2, Zone: 3, Region: 4, Global: 5}},
			places: map[cluster.ID]Place{"eu-1": {"eu", []string{"eu-a"}}},
			groups: []cluster.Group{with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Ports = nil })},
			want: `
				web.shop.prod.                          1 A 10.96.0.1
				web.shop.svc.clusterset.local.          2 A 10.96.0.1
				web.shop.prod.svc.eu-a.eu.example.com.  3 A 10.96.0.1
				web.shop.prod.svc.eu.example.com.       4 A 10.96.0.1
				web.shop.prod.svc.example.com.          5 A 10.96.0.1`,
		}, {
			name: "ports are a union; the oldest export numbers a port that clusters number differently",
			fed:  Federation{Name: full.Name},
			groups: []cluster.Group{
				with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) {
					g.Created, g.Ports = day(2), []cluster.Port{{Name: "https", Protocol: "tcp", Number: 8443}, metrics}
				}),
				vip("us-1", "10.97.0.1"),
			},
			want: `
				web.shop.prod.               5 A   10.96.0.1
				web.shop.prod.               5 A   10.97.0.1
				_https._tcp.web.shop.prod.   5 SRV 0 100 443 web.shop.prod.
				_metrics._tcp.web.shop.prod. 5 SRV 0 100 9090 web.shop.prod.`,
			finding: `eu-1: port "https" is 8443, but 443 in us-1, which exported first`,
		}, {
			name:   "a level counts the shards behind it: their number, and the level above for a port they lack",
			fed:    ladder,
			places: eu,
			only:   ".eu.example.com.",
			groups: []cluster.Group{
				with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Ports = []cluster.Port{metrics} }),
				with(vip("us-1", "10.98.0.1"), func(g *cluster.Group) {
					g.Ports = []cluster.Port{https, {Name: "metrics", Protocol: "tcp", Number: 1}}
					g.Created = day(0)
				}),
			},
			want: `
				web.shop.prod.svc.eu.example.com.                    30 A     10.96.0.1
				web.shop.prod.svc.eu-a.eu.example.com.               30 A     10.96.0.1
				web.shop.prod.svc.eu-b.eu.example.com.               30 CNAME web.shop.prod.svc.eu.example.com.
				_metrics._tcp.web.shop.prod.svc.eu.example.com.      30 SRV   0 100 9090 web.shop.prod.svc.eu.example.com.
				_metrics._tcp.web.shop.prod.svc.eu-a.eu.example.com. 30 SRV   0 100 9090 web.shop.prod.svc.eu-a.eu.example.com.
				_metrics._tcp.web.shop.prod.svc.eu-b.eu.example.com. 30 CNAME _metrics._tcp.web.shop.prod.svc.eu.example.com.
				_https._tcp.web.shop.prod.svc.eu.example.com.        30 CNAME _https._tcp.web.shop.prod.svc.example.com.
				_https._tcp.web.shop.prod.svc.eu-a.eu.example.com.   30 CNAME _https._tcp.web.shop.prod.svc.eu.example.com.
				_https._tcp.web.shop.prod.svc.eu-b.eu.example.com.   30 CNAME _https._tcp.web.shop.prod.svc.eu.example.com.`,
		}, {
			name: "an unnamed port has no SRV name, but is told at the bare ClusterSet name",
			fed:  Federation{Name: full.Name, ClusterSet: full.ClusterSet},
			groups: []cluster.Group{with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) {
				g.Ports = []cluster.Port{unnamed, https, {Name: "again", Protocol: "udp", Number: 443}}
			})},
			only: "local.",
			want: `
				web.shop.svc.clusterset.local.             5 A   10.96.0.1
				web.shop.svc.clusterset.local.             5 SRV 0 100 80 web.shop.svc.clusterset.local.
				web.shop.svc.clusterset.local.             5 SRV 0 100 443 web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local. 5 SRV 0 100 443 web.shop.svc.clusterset.local.
				_again._udp.web.shop.svc.clusterset.local. 5 SRV 0 100 443 web.shop.svc.clusterset.local.`,
		}, {
			name: "mixed types, the oldest has a virtual IP: one name, all addresses",
			fed:  Federation{ClusterSet: full.ClusterSet},
			groups: []cluster.Group{
				vip("eu-1", "10.96.0.1"),
				with(headless("us-1", ready("10.0.0.1", "db-0")), func(g *cluster.Group) { g.Created = day(2) }),
			},
			want: `
				web.shop.svc.clusterset.local.             5 A   10.0.0.1
				web.shop.svc.clusterset.local.             5 A   10.96.0.1
				web.shop.svc.clusterset.local.             5 SRV 0 100 443 web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local. 5 SRV 0 100 443 web.shop.svc.clusterset.local.`,
			finding: "us-1: type is Headless, but ClusterIP in eu-1, which exported first: the service has the names of that type",
		}, {
			name: "mixed types, the oldest is headless and not healthy: a virtual IP is named like an endpoint",
			fed:  Federation{ClusterSet: full.ClusterSet},
			groups: []cluster.Group{
				with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Created = day(2) }),
				headless("us-1"),
			},
			want: `
				web.shop.svc.clusterset.local.                5 A   10.96.0.1
				web.shop.svc.clusterset.local.                5 SRV 0 100 443 10-96-0-1.eu-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local.    5 SRV 0 100 443 10-96-0-1.eu-1.web.shop.svc.clusterset.local.
				10-96-0-1.eu-1.web.shop.svc.clusterset.local. 5 A   10.96.0.1`,
			finding: "eu-1: type is ClusterIP, but Headless in us-1, which exported first: the service has the names of that type",
		}, {
			name: "headless with annotated addresses: these are its endpoints",
			fed:  Federation{ClusterSet: full.ClusterSet},
			groups: []cluster.Group{with(headless("eu-1", ready("10.0.0.1", "db-0")), func(g *cluster.Group) {
				g.Addresses = addrs("192.0.2.1", "2001:db8::")
			})},
			want: `
				web.shop.svc.clusterset.local.                 5 A    192.0.2.1
				web.shop.svc.clusterset.local.                 5 AAAA 2001:db8::
				web.shop.svc.clusterset.local.                 5 SRV  0 100 443 192-0-2-1.eu-1.web.shop.svc.clusterset.local.
				web.shop.svc.clusterset.local.                 5 SRV  0 100 443 2001-db8--0.eu-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local.     5 SRV  0 100 443 192-0-2-1.eu-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local.     5 SRV  0 100 443 2001-db8--0.eu-1.web.shop.svc.clusterset.local.
				192-0-2-1.eu-1.web.shop.svc.clusterset.local.  5 A    192.0.2.1
				2001-db8--0.eu-1.web.shop.svc.clusterset.local. 5 AAAA 2001:db8::`,
		}, {
			name:   "headless: a bad hostname costs the endpoint its name, not its address",
			fed:    Federation{ClusterSet: full.ClusterSet},
			groups: []cluster.Group{headless("eu-1", ready("10.0.0.1", "-no"), ready("10.0.0.2", "yes"))},
			want: `
				web.shop.svc.clusterset.local.             5 A   10.0.0.1
				web.shop.svc.clusterset.local.             5 A   10.0.0.2
				web.shop.svc.clusterset.local.             5 SRV 0 100 8443 yes.eu-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local. 5 SRV 0 100 8443 yes.eu-1.web.shop.svc.clusterset.local.
				yes.eu-1.web.shop.svc.clusterset.local.    5 A   10.0.0.2`,
			finding: `eu-1: hostname "-no" is not a DNS label: the endpoint has no name`,
		}, {
			name:    "a port name that is no label",
			fed:     Federation{Name: full.Name},
			groups:  []cluster.Group{with(vip("eu-1", "10.96.0.1"), func(g *cluster.Group) { g.Ports = []cluster.Port{{Name: "a.b", Protocol: "tcp", Number: 1}} })},
			want:    `web.shop.prod. 5 A 10.96.0.1`,
			finding: `eu-1: port "a.b", protocol "tcp": no DNS labels, so there is no SRV name`,
		}, {
			name: "families without a federation name: no ladder",
			fed:  Federation{Domain: full.Domain}, places: eu,
			groups: []cluster.Group{vip("eu-1", "10.96.0.1")},
			want:   ``,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, found := New(tt.fed, tt.places)
			if len(found) > 0 {
				t.Errorf("findings %v", found)
			}
			got := s.Records(web, tt.groups, resolve)
			differ(t, families(lines(got), tt.only), zoneText(tt.want))
			if tt.finding != "" && !slices.ContainsFunc(got.Findings, func(f Finding) bool { return f.String() == tt.finding }) {
				t.Errorf("findings %q, want %q", got.Findings, tt.finding)
			}
		})
	}
}

// TestOlder: by creation, those that do not say last, then by cluster.
func TestOlder(t *testing.T) {
	at := func(id cluster.ID, created time.Time) cluster.Group {
		return cluster.Group{Cluster: id, Created: created}
	}
	want := []cluster.Group{at("d", day(1)), at("b", day(2)), at("e", day(2)), at("a", time.Time{}), at("c", time.Time{})}
	for i := range want {
		for j := range want {
			if got := Older(&want[i], &want[j]); got != cmp.Compare(i, j) {
				t.Errorf("%s and %s: %d", want[i].Cluster, want[j].Cluster, got)
			}
		}
	}
}

// TestDashed: labels that are valid, and no two addresses with one.
func TestDashed(t *testing.T) {
	seen := map[string]string{}
	for a, want := range map[string]string{
		"10.0.0.1": "10-0-0-1", "2001:db8::1": "2001-db8--1", "::1": "0--1", "::": "0--0", "fe80::": "fe80--0",
		"2001:db8:0:1:1:1:1:1": "2001-db8-0-1-1-1-1-1", "::10.0.0.1": "0--a00-1",
	} {
		got := dashed(addr(a))
		if got != want || !cluster.IsLabel(got) {
			t.Errorf("%s: %q, want %q", a, got, want)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s share %q", a, other, got)
		}
		seen[got] = a
		if back := addrFromDashed(got); back != addr(a) {
			t.Errorf("%q reads back as %s, want %s", got, back, a)
		}
	}
}

// TestFindings: what cannot be named is told, and never more than maxFindings.
func TestFindings(t *testing.T) {
	_, found := New(full, map[cluster.ID]Place{
		"a": {"eu_west", []string{"z"}}, "b": {"eu", []string{"z 1", "Z2", "z2"}}, "c": {"", []string{"z"}},
	})
	want := []string{
		`a: region "eu_west" is not a DNS label: the cluster stands in no region`,
		`a: zone "z" has no name: the region is not known`,
		`b: zone "z 1" is not a DNS label: it has no name`,
		`c: zone "z" has no name: the region is not known`,
	}
	var got []string
	for _, f := range found {
		got = append(got, f.String())
	}
	differ(t, got, want)

	s, _ := New(full, nil)
	for _, key := range []cluster.ServiceKey{{Namespace: "a.b", Name: "web"}, {Namespace: "shop"}, {Namespace: "shop", Name: "-"}} {
		rs := s.Records(key, []cluster.Group{vip("eu-1", "10.96.0.1")}, nil)
		if len(rs.Sets) > 0 || len(rs.Findings) != 1 {
			t.Errorf("%v: %d records, findings %v", key, len(rs.Sets), rs.Findings)
		}
	}
	var bad []cluster.Endpoint
	for i := range 100 {
		bad = append(bad, ready(fmt.Sprintf("10.0.0.%d", i), fmt.Sprintf("bad_%d", i)))
	}
	if n := len(s.Records(web, []cluster.Group{headless("eu-1", bad...)}, nil).Findings); n != maxFindings {
		t.Errorf("%d findings", n)
	}
}

// TestLongNames: what does not fit is left out and told, and nothing points to it.
func TestLongNames(t *testing.T) {
	label := strings.Repeat("l", 63)
	f := Federation{Name: dnsname.MustParse("prod."), Domain: dnsname.MustParse(label + "." + label + "." + label[:20] + "."), ClusterSet: full.ClusterSet}
	s, found := New(f, map[cluster.ID]Place{"eu-1": {label, []string{label}}})
	if len(found) != 1 { // the zone's suffix alone is too long
		t.Errorf("findings %v", found)
	}
	for n := 1; n <= 63; n++ {
		key := cluster.ServiceKey{Namespace: "shop", Name: label[:n]}
		rs := s.Records(key, []cluster.Group{vip("us-1", "10.96.0.1")}, nil)
		checkWhole(t, rs)
	}
	key := cluster.ServiceKey{Namespace: "shop", Name: label}
	rs := s.Records(key, []cluster.Group{vip("us-1", "10.96.0.1")}, nil)
	if len(rs.Findings) == 0 {
		t.Error("nothing was told")
	}
}
