package clouddns_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/clouddns/clouddnstest"
	"github.com/fedns/fedns/providers/hosted"
)

func addresses(owner string, n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("10.0.%d.%d", i/256, i%256)
	}
	return owner + " 60 A: " + strings.Join(parts, " | ")
}

// TestRules: each Rule refuses something, and what it refuses Cloud DNS (as
// simulated) would refuse, or hold as something else.
func TestRules(t *testing.T) {
	set := func(text string, r hosted.Routing) hosted.Set { return routed(t, text, r) }
	one := func(s hosted.Set) hosted.Entry { return clouddns.Canonical(hosted.NewEntry(s.Records.Key(), s)) }
	checked := entry(t, "a 60 A: 192.0.2.1")
	checked.Sets[0].Health = hosted.Health{Protocol: "TCP", Port: 443}
	named := weighted(t, 1, 2)
	named.Sets[0].ID = "eu-1"
	many := make([]hosted.Set, 101)
	for i := range many {
		many[i] = set(fmt.Sprintf("m 60 A: 192.0.2.%d", i), hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 1})
	}
	mixed := weighted(t, 1, 2)
	mixed.Sets[1].Routing.Policy = hosted.PolicyGeo
	refused := map[string]bool{}
	for _, tt := range []struct {
		e    hosted.Entry
		want string
	}{
		{entry(t, `a 60 TYPE65280: \# 1 00`), "no records of type"},
		{entry(t, "*.x 60 NS: ns.example.net."), "no wildcards"},
		{entry(t, "@ 60 CNAME: x.example.net."), "beside the SOA"},
		{hosted.Simple(zone.NewRRset(apex.Parent(), zone.TypeA, 60, "\x01\x02\x03\x04")), "not in the zone"},
		{entry(t, "a 2147483648 A: 192.0.2.1"), "larger than"},
		{entry(t, addresses("a", 101)), "more than the 100"},
		{entry(t, `a 60 A: 192.0.2.1 | 192.0.2.2`), ""},
		{hosted.Simple(zone.NewRRset(checked.Key.Owner, zone.TypeMX, 60, "\x00")), "form of RFC 3597"},
		{hosted.NewEntry(checked.Key, hosted.Set{Alias: hosted.Alias{Target: apex, ZoneID: "Z"}}), "no alias"},
		{checked, "health check"},
		{hosted.NewEntry(many[0].Records.Key(), many...), "more than the 100"},
		{named, "would hold it as"},
		{mixed, "routing policies"},
		{one(set("a 60 NS: ns.example.net.", hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 1})), "no routing policies of NS"},
		{one(set("a 60 A: 192.0.2.1", hosted.Routing{Policy: hosted.PolicyGeo, Country: "DE"})), "a region"},
		{one(set("a 60 A: 192.0.2.1", hosted.Routing{Policy: hosted.PolicyFailover})), "a primary and a secondary"},
		{one(set("a 60 A: 192.0.2.1", hosted.Routing{Policy: hosted.PolicyLatency, Region: "us-east1"})), "no routing policy Latency"},
	} {
		l := clouddns.Limits(clouddns.Config{Apex: apex, HealthCheck: healthCheck})
		got := l.Check(tt.e)
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.e, got, tt.want)
		}
		for _, r := range l.Rules {
			if r.Refuse(tt.e) != "" {
				refused[r.Name] = true
			}
		}
	}
	for _, r := range clouddns.Limits(clouddns.Config{Apex: apex}).Rules {
		if !refused[r.Name] {
			t.Errorf("rule %q refused nothing", r.Name)
		}
		if r.Source.Text == "" {
			t.Errorf("rule %q has no source", r.Name)
		}
	}
}

// TestBatchLimits: a Batch at each limit lands, one past it is refused.
func TestBatchLimits(t *testing.T) {
	for _, d := range clouddns.Limits(clouddns.Config{Apex: apex}).Batch {
		t.Run(d.Name, func(t *testing.T) {
			for _, past := range []bool{false, true} {
				z, _ := open(t, clouddnstest.Config{}, nil)
				b, cost := hosted.Batch{}, 0
				for i := 0; ; i++ {
					e := entry(t, fmt.Sprintf("h%d 60 A: 192.0.2.1", i))
					if strings.Contains(d.Name, "octets") {
						e = entry(t, fmt.Sprintf(`h%d 60 TXT: "%s"`, i, strings.Repeat("x", 248)))
					}
					c := hosted.Change{New: e}
					if strings.Contains(d.Name, "deletions") {
						if cost%500 == 0 {
							var seed hosted.Batch
							for j := i; j < i+500; j++ {
								seed.Changes = append(seed.Changes, hosted.Change{New: entry(t, fmt.Sprintf("h%d 60 A: 192.0.2.1", j))})
							}
							apply(t, z, seed)
						}
						c = hosted.Change{Old: e}
					}
					if cost+d.Cost(c) > d.Max && !past {
						break
					}
					b.Changes, cost = append(b.Changes, c), cost+d.Cost(c)
					if cost > d.Max {
						break
					}
				}
				if !past && cost != d.Max {
					t.Fatalf("the batch costs %d, not %d", cost, d.Max)
				}
				if _, err := z.Apply(t.Context(), b); (err != nil) != past {
					t.Errorf("cost %d of %d: %v", cost, d.Max, err)
				}
			}
		})
	}
}
