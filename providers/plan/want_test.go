package plan_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// shardsOf reads "eu-1 eu 3 192.0.2.1 lb.example.net.": cluster, region, weight,
// addresses and hostnames.
func shardsOf(texts ...string) (out []plan.Shard) {
	for _, text := range texts {
		f := strings.Fields(text)
		s := plan.Shard{Cluster: f[0], Object: "web", Region: f[1]}
		fmt.Sscan(f[2], &s.Weight)
		for _, at := range f[3:] {
			if a, err := netip.ParseAddr(at); err == nil {
				s.Addrs = append(s.Addrs, a)
			} else {
				s.Hostnames = append(s.Hostnames, at)
			}
		}
		out = append(out, s)
	}
	return out
}

// TestShape: the form in which a provider gets a name's addresses.
func TestShape(t *testing.T) {
	three := []string{"eu-1 eu 3 192.0.2.1", "eu-2 eu 2 192.0.2.2", "us-1 us 1 192.0.2.3"}
	all := "192.0.2.1 192.0.2.2 192.0.2.3"
	alias := func(n dnsname.Name) (hosted.Alias, bool) {
		return hosted.Alias{Target: n, ZoneID: "Z"}, n != dnsname.MustParse("unknown.example.net.")
	}
	for _, tt := range []struct {
		name    string
		shape   plan.Shape
		records string
		shards  []string
		want    string
		parts   string // cluster/set of each
	}{
		{"all in one", plan.Shape{}, all, three, "30 192.0.2.1 192.0.2.2 192.0.2.3", "eu-1 eu-2 us-1"},
		{"what is of no cluster", plan.Shape{}, "192.0.2.1 192.0.2.9", three, "30 192.0.2.1 192.0.2.9", "eu-1 "},
		{"longer TTLs", plan.Shape{MinTTL: 60}, "192.0.2.1", three, "60 192.0.2.1", "eu-1"},
		{"public addresses", plan.Shape{View: plan.ViewPublic}, "10.0.0.1 100.64.0.1 169.254.0.1 192.0.2.1", nil, "30 192.0.2.1", ""},
		{"private addresses", plan.Shape{View: plan.ViewPrivate}, "10.0.0.1 100.64.0.1 192.0.2.1", nil, "30 10.0.0.1 100.64.0.1", ""},
		{"nothing of the view", plan.Shape{View: plan.ViewPrivate}, "192.0.2.1", three, "(none)", ""},
		{"weights", plan.Shape{Routing: hosted.PolicyWeighted}, all, three,
			"eu-1[weight 3] 30 192.0.2.1 | eu-2[weight 2] 30 192.0.2.2 | us-1[weight 1] 30 192.0.2.3", "eu-1/eu-1 eu-2/eu-2 us-1/us-1"},
		{"no weight is 1", plan.Shape{Routing: hosted.PolicyWeighted}, "192.0.2.1", []string{"eu-1 eu 0 192.0.2.1"}, "eu-1[weight 1] 30 192.0.2.1", "eu-1/eu-1"},
		{"of no cluster, no policy", plan.Shape{Routing: hosted.PolicyWeighted}, "192.0.2.9", three, "30 192.0.2.9", ""},
		{"one set of a region", plan.Shape{Routing: hosted.PolicyLatency, Regions: map[string]string{"eu": "eu-west-1"}}, all, three,
			"eu-1[latency eu-west-1] 30 192.0.2.1 192.0.2.2 | us-1[latency us] 30 192.0.2.3", "eu-1/eu-1 eu-2/eu-1 us-1/us-1"},
		{"one set of a location", plan.Shape{Routing: hosted.PolicyGeo, Locations: map[string]hosted.Routing{"eu": {Continent: "EU"}, "us": {Country: "*"}}}, all, three,
			"eu-1[geo EU] 30 192.0.2.1 192.0.2.2 | us-1[geo *] 30 192.0.2.3", "eu-1/eu-1 eu-2/eu-1 us-1/us-1"},
		{"the first is the primary", plan.Shape{Routing: hosted.PolicyFailover}, all, three,
			"primary[primary] 30 192.0.2.1 | secondary[secondary] 30 192.0.2.2 192.0.2.3", "eu-1/primary eu-2/secondary us-1/secondary"},
		{"or whom the order has first", plan.Shape{Routing: hosted.PolicyFailover, Order: []string{"gone", "us-1"}}, all, three,
			"primary[primary] 30 192.0.2.3 | secondary[secondary] 30 192.0.2.1 192.0.2.2", "us-1/primary eu-1/secondary eu-2/secondary"},
		{"a set of each record", plan.Shape{Routing: hosted.PolicyMultivalue}, "192.0.2.1 192.0.2.2", []string{"eu-1 eu 1 192.0.2.1 192.0.2.2 lb.example.net."},
			"eu-1/192.0.2.1[Multivalue] 30 192.0.2.1 | eu-1/192.0.2.2[Multivalue] 30 192.0.2.2", "eu-1/eu-1/192.0.2.1 eu-1/eu-1/192.0.2.2"},
		{"an alias", plan.Shape{Alias: alias}, "192.0.2.1", []string{"eu-1 eu 1 192.0.2.1 lb.example.net."}, "alias lb.example.net.", "eu-1"},
		{"of a load balancer that the provider does not know", plan.Shape{Alias: alias}, "192.0.2.1", []string{"eu-1 eu 1 192.0.2.1 unknown.example.net."}, "30 192.0.2.1", "eu-1"},
		{"of one of two", plan.Shape{Alias: alias}, "192.0.2.1", []string{"eu-1 eu 1 192.0.2.1 lb.example.net. lb2.example.net."}, "30 192.0.2.1", "eu-1"},
		{"beside another's address", plan.Shape{Alias: alias}, "192.0.2.1 192.0.2.2", []string{"eu-1 eu 1 192.0.2.1 lb.example.net.", "us-1 us 1 192.0.2.2"},
			"30 192.0.2.1 192.0.2.2", "eu-1 us-1"},
		{"an alias of each cluster", plan.Shape{Alias: alias, Routing: hosted.PolicyWeighted}, "192.0.2.1 192.0.2.2", []string{"eu-1 eu 1 192.0.2.1 lb.example.net.", "us-1 us 1 192.0.2.2"},
			"eu-1[weight 1] alias lb.example.net. | us-1[weight 1] 30 192.0.2.2", "eu-1/eu-1 us-1/us-1"},
		{"two load balancers in one set are no alias", plan.Shape{Alias: alias, Routing: hosted.PolicyLatency}, "192.0.2.1 192.0.2.2", []string{"eu-1 eu 1 192.0.2.1 lb.example.net.", "eu-2 eu 1 192.0.2.2 lb2.example.net."},
			"eu-1[latency eu] 30 192.0.2.1 192.0.2.2", "eu-1/eu-1 eu-2/eu-1"},
		{"identifiers of the provider's", plan.Shape{Routing: hosted.PolicyGeo, Identify: func(s hosted.Set) string { return "in " + s.Routing.Region }}, all, three,
			"in eu[geo eu] 30 192.0.2.1 192.0.2.2 | in us[geo us] 30 192.0.2.3", "eu-1/in eu eu-2/in eu us-1/in us"},
		{"two with the same records are as likely as both", plan.Shape{Routing: hosted.PolicyWeighted, Identify: func(s hosted.Set) string { return ownership.Digest(s.Records.First()) }},
			"192.0.2.1", []string{"eu-1 eu 60000 192.0.2.1", "eu-2 eu 2 192.0.2.1"}, ownership.Digest(zone.Addr(netip.MustParseAddr("192.0.2.1"))) + "[weight 60002] 30 192.0.2.1", ""},
		{"but not beyond what a weight can be", plan.Shape{Routing: hosted.PolicyWeighted, Identify: func(hosted.Set) string { return "x" }},
			"192.0.2.1", []string{"eu-1 eu 60000 192.0.2.1", "eu-2 eu 60000 192.0.2.1"}, "x[weight 65535] 30 192.0.2.1", "eu-1/x eu-2/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var data []string
			for _, a := range strings.Fields(tt.records) {
				data = append(data, zone.Addr(netip.MustParseAddr(a)))
			}
			w := tt.shape.New(zone.NewRRset(web, zone.TypeA, 30, data...), "static", shardsOf(tt.shards...))
			got := strings.TrimPrefix(w.Entry.String(), "web.example.com. A ")
			if w.Entry.IsEmpty() {
				got = "(none)"
			}
			if got != tt.want {
				t.Errorf("it is %s\nwant   %s", got, tt.want)
			}
			var parts []string
			claimed := map[string][]string{}
			for _, p := range w.Parts {
				name := p.Cluster
				if p.Set != "" {
					name += "/" + p.Set
				}
				parts = append(parts, name)
				claimed[p.Set] = append(claimed[p.Set], p.Digests...)
			}
			if tt.parts != "" && !sameWords(parts, tt.parts) {
				t.Errorf("parts are %q, want %q", parts, tt.parts)
			}
			for _, s := range w.Entry.Sets {
				for d := range s.Records.RDATA() {
					if !slices.Contains(claimed[s.ID], ownership.Digest(d)) {
						t.Errorf("nobody claims %s of set %q", zone.RDATAString(zone.TypeA, d), s.ID)
					}
				}
			}
		})
	}
}

// sameWords says that names, which may have spaces in them, are those of want.
func sameWords(names []string, want string) bool {
	for _, n := range names {
		if !strings.Contains(want, n) {
			return false
		}
		want = strings.Replace(want, n, "", 1)
	}
	return strings.TrimSpace(want) == ""
}
