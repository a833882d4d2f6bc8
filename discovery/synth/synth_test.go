package synth

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

var web = cluster.ServiceKey{Namespace: "shop", Name: "web"}

// full has every family on.
var full = Federation{
	Name:       dnsname.MustParse("prod."),
	Domain:     dnsname.MustParse("example.com."),
	ClusterSet: dnsname.MustParse("clusterset.local."),
	Reverse:    []dnsname.Name{dnsname.MustParse("96.10.in-addr.arpa."), dnsname.MustParse("8.b.d.0.1.0.0.2.ip6.arpa.")},
}

// ladder is full without ClusterSet and reverse names, to keep expectations short.
var ladder = Federation{Name: full.Name, Domain: full.Domain}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func addrs(list ...string) []netip.Addr {
	var out []netip.Addr
	for _, s := range list {
		out = append(out, addr(s))
	}
	return out
}

var https = cluster.Port{Name: "https", Protocol: "tcp", Number: 443}

// ready is an endpoint that takes traffic at port 8443.
func ready(a, hostname string) cluster.Endpoint {
	p := https
	p.Number = 8443
	return cluster.Endpoint{Addr: addr(a), Hostname: hostname, Ready: true, Serving: true, Ports: []cluster.Port{p}}
}

func day(n int) time.Time { return time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC) }

// vip is a healthy ClusterIP shard.
func vip(id cluster.ID, clusterIPs ...string) cluster.Group {
	return cluster.Group{
		Cluster: id, Service: web, Created: day(1), ClusterIPs: addrs(clusterIPs...), Ports: []cluster.Port{https},
		Endpoints: []cluster.Endpoint{ready("10.9.9.9", "")},
	}
}

// headless is a headless shard with these endpoints.
func headless(id cluster.ID, endpoints ...cluster.Endpoint) cluster.Group {
	return cluster.Group{
		Cluster: id, Service: web, Created: day(1), Type: cluster.Headless, Ports: []cluster.Port{https}, Endpoints: endpoints,
	}
}

// with changes a Group in a table.
func with(g cluster.Group, change func(*cluster.Group)) cluster.Group {
	change(&g)
	return g
}

// lines shows records as zone text, sorted, one record a line.
func lines(rs Records) []string {
	var out []string
	for _, r := range slices.Concat(rs.Sets, rs.PTR) {
		for d := range r.RDATA() {
			out = append(out, fmt.Sprintf("%s %d %s %s", r.Owner, r.TTL, zone.TypeString(r.Type), zone.RDATAString(r.Type, d)))
		}
	}
	slices.Sort(out)
	return out
}

// zoneText parses an expectation: trims, drops blank lines, sorts.
func zoneText(text string) []string {
	var out []string
	for l := range strings.Lines(text) {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out
}

// differ tells what is in one list and not in the other.
func differ(t *testing.T, got, want []string) {
	t.Helper()
	for _, l := range want {
		if !slices.Contains(got, l) {
			t.Errorf("missing  %s", l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("too much %s", l)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
}

// families keeps the lines of one kind of names.
func families(all []string, suffix string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(l string) bool { return !strings.HasSuffix(strings.Fields(l)[0], suffix) })
}

var lbNames = map[string][]netip.Addr{"lb.cloud.test": addrs("203.0.113.9", "2001:db8:f::9"), "bad.cloud.test": addrs("127.0.0.1", "::1")}

func resolve(hostname string) ([]netip.Addr, bool) { return lbNames[hostname], false }

// TestNames walks the tables of names: each family for virtual-IP and headless Services.
func TestNames(t *testing.T) {
	tests := []struct {
		name   string
		fed    Federation
		places map[cluster.ID]Place
		groups []cluster.Group
		want   string
	}{
		{
			name: "short, virtual IPs of two clusters",
			fed:  Federation{Name: full.Name},
			groups: []cluster.Group{
				vip("eu-1", "10.96.0.1", "2001:db8::1"),
				vip("us-1", "10.97.0.1"),
			},
			want: `
				web.shop.prod.             5 A    10.96.0.1
				web.shop.prod.             5 A    10.97.0.1
				web.shop.prod.             5 AAAA 2001:db8::1
				_https._tcp.web.shop.prod. 5 SRV  0 100 443 web.shop.prod.`,
		}, {
			name:   "short, headless, without a ClusterSet",
			fed:    Federation{Name: full.Name},
			groups: []cluster.Group{headless("eu-1", ready("10.0.0.1", "db-0"), ready("10.0.0.2", ""))},
			want: `
				web.shop.prod.               5 A   10.0.0.1
				web.shop.prod.               5 A   10.0.0.2
				db-0.eu-1.web.shop.prod.     5 A   10.0.0.1
				10-0-0-2.eu-1.web.shop.prod. 5 A   10.0.0.2
				_https._tcp.web.shop.prod.   5 SRV 0 100 8443 db-0.eu-1.web.shop.prod.
				_https._tcp.web.shop.prod.   5 SRV 0 100 8443 10-0-0-2.eu-1.web.shop.prod.`,
		}, {
			name:   "ClusterSet and reverse, virtual IP",
			fed:    Federation{ClusterSet: full.ClusterSet, Reverse: full.Reverse},
			groups: []cluster.Group{vip("eu-1", "10.96.0.1", "10.97.0.1", "2001:db8::1")},
			want: `
				web.shop.svc.clusterset.local.             5 A    10.96.0.1
				web.shop.svc.clusterset.local.             5 A    10.97.0.1
				web.shop.svc.clusterset.local.             5 AAAA 2001:db8::1
				web.shop.svc.clusterset.local.             5 SRV  0 100 443 web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local. 5 SRV  0 100 443 web.shop.svc.clusterset.local.
				1.0.96.10.in-addr.arpa. 30 PTR web.shop.svc.clusterset.local.
				1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 30 PTR web.shop.svc.clusterset.local.`,
		}, {
			name: "ClusterSet and reverse, headless",
			fed:  Federation{Name: full.Name, ClusterSet: full.ClusterSet, Reverse: full.Reverse},
			groups: []cluster.Group{
				headless("eu-1", ready("10.96.0.1", "db-0"), ready("2001:db8::1", "db-0")),
				headless("us-1", ready("10.96.0.1", ""), ready("2001:db8::2", "")),
			},
			want: `
				web.shop.prod.                                     5 A    10.96.0.1
				web.shop.prod.                                     5 AAAA 2001:db8::1
				web.shop.prod.                                     5 AAAA 2001:db8::2
				_https._tcp.web.shop.prod.                         5 SRV  0 100 8443 db-0.eu-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.prod.                         5 SRV  0 100 8443 10-96-0-1.us-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.prod.                         5 SRV  0 100 8443 2001-db8--2.us-1.web.shop.svc.clusterset.local.
				web.shop.svc.clusterset.local.                     5 A    10.96.0.1
				web.shop.svc.clusterset.local.                     5 AAAA 2001:db8::1
				web.shop.svc.clusterset.local.                     5 AAAA 2001:db8::2
				web.shop.svc.clusterset.local.                     5 SRV  0 100 8443 db-0.eu-1.web.shop.svc.clusterset.local.
				web.shop.svc.clusterset.local.                     5 SRV  0 100 8443 10-96-0-1.us-1.web.shop.svc.clusterset.local.
				web.shop.svc.clusterset.local.                     5 SRV  0 100 8443 2001-db8--2.us-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local.         5 SRV  0 100 8443 db-0.eu-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local.         5 SRV  0 100 8443 10-96-0-1.us-1.web.shop.svc.clusterset.local.
				_https._tcp.web.shop.svc.clusterset.local.         5 SRV  0 100 8443 2001-db8--2.us-1.web.shop.svc.clusterset.local.
				db-0.eu-1.web.shop.svc.clusterset.local.           5 A    10.96.0.1
				db-0.eu-1.web.shop.svc.clusterset.local.           5 AAAA 2001:db8::1
				10-96-0-1.us-1.web.shop.svc.clusterset.local.      5 A    10.96.0.1
				2001-db8--2.us-1.web.shop.svc.clusterset.local.    5 AAAA 2001:db8::2
				1.0.96.10.in-addr.arpa. 30 PTR db-0.eu-1.web.shop.svc.clusterset.local.
				1.0.96.10.in-addr.arpa. 30 PTR 10-96-0-1.us-1.web.shop.svc.clusterset.local.
				1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 30 PTR db-0.eu-1.web.shop.svc.clusterset.local.
				2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 30 PTR 2001-db8--2.us-1.web.shop.svc.clusterset.local.`,
		}, {
			name: "ladder: own addresses, else the level above",
			fed:  ladder,
			places: map[cluster.ID]Place{
				"eu-1": {"eu", []string{"eu-a", "eu-b"}}, "eu-2": {"eu", []string{"eu-c"}}, "us-1": {"us", []string{"us-a"}},
			},
			groups: []cluster.Group{vip("eu-1", "10.96.0.1")},
			want: `
				web.shop.prod.                             5 A     10.96.0.1
				_https._tcp.web.shop.prod.                 5 SRV   0 100 443 web.shop.prod.
				web.shop.prod.svc.example.com.            30 A     10.96.0.1
				web.shop.prod.svc.eu.example.com.         30 A     10.96.0.1
				web.shop.prod.svc.eu-a.eu.example.com.    30 A     10.96.0.1
				web.shop.prod.svc.eu-b.eu.example.com.    30 A     10.96.0.1
				web.shop.prod.svc.eu-c.eu.example.com.    30 CNAME web.shop.prod.svc.eu.example.com.
				web.shop.prod.svc.us.example.com.         30 CNAME web.shop.prod.svc.example.com.
				web.shop.prod.svc.us-a.us.example.com.    30 CNAME web.shop.prod.svc.us.example.com.
				_https._tcp.web.shop.prod.svc.example.com.         30 SRV   0 100 443 web.shop.prod.svc.example.com.
				_https._tcp.web.shop.prod.svc.eu.example.com.      30 SRV   0 100 443 web.shop.prod.svc.eu.example.com.
				_https._tcp.web.shop.prod.svc.eu-a.eu.example.com. 30 SRV   0 100 443 web.shop.prod.svc.eu-a.eu.example.com.
				_https._tcp.web.shop.prod.svc.eu-b.eu.example.com. 30 SRV   0 100 443 web.shop.prod.svc.eu-b.eu.example.com.
				_https._tcp.web.shop.prod.svc.eu-c.eu.example.com. 30 CNAME _https._tcp.web.shop.prod.svc.eu.example.com.
				_https._tcp.web.shop.prod.svc.us.example.com.      30 CNAME _https._tcp.web.shop.prod.svc.example.com.
				_https._tcp.web.shop.prod.svc.us-a.us.example.com. 30 CNAME _https._tcp.web.shop.prod.svc.us.example.com.`,
		}, {
			name: "ladder: clusters that do not know where they are count globally only",
			fed:  ladder,
			places: map[cluster.ID]Place{
				"eu-1": {"eu", nil}, "edge": {}, "odd": {"", []string{"attic"}}, "bad": {"Not_A_Label", []string{"z"}},
			},
			groups: []cluster.Group{vip("edge", "10.96.0.1"), vip("odd", "10.96.0.2"), vip("bad", "10.96.0.3"), vip("unlisted", "10.96.0.4")},
			want: `
				web.shop.prod.                      5 A     10.96.0.1
				web.shop.prod.                      5 A     10.96.0.2
				web.shop.prod.                      5 A     10.96.0.3
				web.shop.prod.                      5 A     10.96.0.4
				_https._tcp.web.shop.prod.          5 SRV   0 100 443 web.shop.prod.
				web.shop.prod.svc.example.com.     30 A     10.96.0.1
				web.shop.prod.svc.example.com.     30 A     10.96.0.2
				web.shop.prod.svc.example.com.     30 A     10.96.0.3
				web.shop.prod.svc.example.com.     30 A     10.96.0.4
				web.shop.prod.svc.eu.example.com.  30 CNAME web.shop.prod.svc.example.com.
				_https._tcp.web.shop.prod.svc.example.com.    30 SRV   0 100 443 web.shop.prod.svc.example.com.
				_https._tcp.web.shop.prod.svc.eu.example.com. 30 CNAME _https._tcp.web.shop.prod.svc.example.com.`,
		}, {
			name:   "nothing healthy: no name at all, in any family",
			fed:    full,
			places: map[cluster.ID]Place{"eu-1": {"eu", []string{"eu-a"}}},
			groups: []cluster.Group{headless("eu-1"), with(vip("us-1", "10.96.0.1"), func(g *cluster.Group) { g.Endpoints = nil })},
			want:   ``,
		}, {
			name:   "withdrawn: as if it were not there",
			fed:    full,
			groups: []cluster.Group{{Cluster: "eu-1", Service: web, Withdrawn: true}},
			want:   ``,
		}, {
			name: "two clusters at one level with one address: no duplicate",
			fed:  Federation{Name: full.Name},
			groups: []cluster.Group{
				vip("eu-1", "10.96.0.1"), vip("eu-2", "10.96.0.1", "::ffff:10.96.0.1"),
			},
			want: `
				web.shop.prod.             5 A   10.96.0.1
				_https._tcp.web.shop.prod. 5 SRV 0 100 443 web.shop.prod.`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := New(tt.fed, tt.places)
			got := s.Records(web, tt.groups, resolve)
			differ(t, lines(got), zoneText(tt.want))
			for range 3 { // any order of Groups gives the same
				slices.Reverse(tt.groups)
				if again := s.Records(web, tt.groups, resolve); !slices.Equal(lines(again), lines(got)) {
					t.Errorf("another order of groups gives other records")
				}
			}
		})
	}
}

func TestFixed(t *testing.T) {
	s, _ := New(full, nil)
	differ(t, lines(s.Fixed()), zoneText(`dns-version.clusterset.local. 28800 TXT "1.0.0"`))
	s, _ = New(Federation{Name: full.Name}, nil)
	differ(t, lines(s.Fixed()), nil)
}
