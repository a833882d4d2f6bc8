package rfc2136_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/rfc2136"
)

// shown is a record of an UPDATE in one line, its class in the RFC's words.
func shown(rr dns.RR) string {
	h := rr.Header()
	data := strings.TrimSpace(strings.TrimPrefix(rr.String(), h.String()))
	class := strings.Replace(dns.Class(h.Class).String(), "CLASS255", "ANY", 1)
	return strings.TrimSpace(fmt.Sprintf("%s %s %d %s %s", strings.TrimSuffix(h.Name, ".example.com."), class, h.Ttl, dns.Type(h.Rrtype), data))
}

func TestMessages(t *testing.T) {
	a := func(ttl uint32, texts ...string) hosted.Entry {
		return entry(t, "www.example.com", zone.TypeA, ttl, texts...)
	}
	cname := entry(t, "www.example.com", zone.TypeCNAME, 60, "web.example.net.")
	txt := entry(t, "www.example.com", zone.TypeTXT, 60, `"x"`)
	ns := func(texts ...string) hosted.Entry { return entry(t, "example.com", zone.TypeNS, 60, texts...) }
	for _, c := range []struct {
		what              string
		changes           []hosted.Change
		requires, updates []string
	}{
		{
			"create", []hosted.Change{{New: a(60, "192.0.2.1", "192.0.2.2")}},
			[]string{"www NONE 0 A", "www NONE 0 CNAME"},
			[]string{"www IN 60 A 192.0.2.1", "www IN 60 A 192.0.2.2"},
		},
		{
			"delete", []hosted.Change{{Old: a(60, "192.0.2.1", "192.0.2.2")}},
			[]string{"www IN 0 A 192.0.2.1", "www IN 0 A 192.0.2.2"},
			[]string{"www ANY 0 A"},
		},
		{
			"one of two replaced", []hosted.Change{{Old: a(60, "192.0.2.1", "192.0.2.2"), New: a(60, "192.0.2.2", "192.0.2.3")}},
			[]string{"www IN 0 A 192.0.2.1", "www IN 0 A 192.0.2.2"},
			[]string{"www NONE 0 A 192.0.2.1", "www IN 60 A 192.0.2.3"},
		},
		{
			"another TTL", []hosted.Change{{Old: a(60, "192.0.2.1", "192.0.2.2"), New: a(30, "192.0.2.1", "192.0.2.2")}},
			[]string{"www IN 0 A 192.0.2.1", "www IN 0 A 192.0.2.2"},
			[]string{"www ANY 0 A", "www IN 30 A 192.0.2.1", "www IN 30 A 192.0.2.2"},
		},
		{
			"nothing", []hosted.Change{{Old: a(60, "192.0.2.1"), New: a(60, "192.0.2.1")}},
			[]string{"www IN 0 A 192.0.2.1"}, nil,
		},
		{
			"a CNAME alone", []hosted.Change{{New: cname}},
			[]string{"www NONE 0 CNAME", "www NONE 0 ANY"},
			[]string{"www IN 60 CNAME web.example.net."},
		},
		{
			"an address in place of a CNAME", []hosted.Change{{New: a(60, "192.0.2.1")}, {Old: cname}},
			[]string{"www NONE 0 A", "www IN 0 CNAME web.example.net."},
			[]string{"www ANY 0 CNAME", "www IN 60 A 192.0.2.1"},
		},
		{
			"a CNAME in place of another", []hosted.Change{{Old: cname, New: entry(t, "www.example.com", zone.TypeCNAME, 60, "b.example.net.")}},
			[]string{"www IN 0 CNAME web.example.net."},
			[]string{"www ANY 0 CNAME", "www IN 60 CNAME b.example.net."},
		},
		{
			"the zone's NS: never none", []hosted.Change{{Old: ns("a.example.net.", "b.example.net."), New: ns("c.example.net.")}},
			[]string{"example.com. IN 0 NS a.example.net.", "example.com. IN 0 NS b.example.net."},
			[]string{"example.com. IN 60 NS c.example.net.", "example.com. NONE 0 NS a.example.net.", "example.com. NONE 0 NS b.example.net."},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := serve(t, secret, code(dns.RcodeSuccess))
			if err := apply(t, open(t, s, nil), c.changes...); err != nil {
				t.Fatal(err)
			}
			m := s.messages(dns.OpcodeUpdate)[0]
			var requires, updates []string
			for _, rr := range m.Answer {
				requires = append(requires, shown(rr))
			}
			for _, rr := range m.Ns {
				updates = append(updates, shown(rr))
			}
			if !slices.Equal(requires, c.requires) || !slices.Equal(updates, c.updates) {
				t.Errorf("requires\n%q\nand does\n%q\nwant\n%q\nand\n%q", requires, updates, c.requires, c.updates)
			}
			if m.IsTsig() == nil || m.Question[0].Qtype != dns.TypeSOA {
				t.Errorf("message %s", m)
			}
		})
	}
	t.Run("a CNAME in place of others", func(t *testing.T) {
		s := serve(t, secret, code(dns.RcodeSuccess))
		if err := apply(t, open(t, s, nil), hosted.Change{Old: a(60, "192.0.2.1")}, hosted.Change{Old: txt}, hosted.Change{New: cname}); err != nil {
			t.Fatal(err)
		}
		m := s.messages(dns.OpcodeUpdate)[0]
		absent := 0
		for _, rr := range m.Answer {
			if rr.Header().Class == dns.ClassNONE {
				absent++
				if typ := rr.Header().Rrtype; typ == dns.TypeA || typ == dns.TypeTXT || typ == dns.TypeANY {
					t.Errorf("requires that there is no %s, which is there", dns.Type(typ))
				}
			}
		}
		if absent < 15 || len(m.Ns) != 3 {
			t.Errorf("message %s", m)
		}
	})
}

// TestCosts: a Batch that its costs let pass fits a message, and costs are not
// much more than what a message has.
func TestCosts(t *testing.T) {
	s := serve(t, secret, code(dns.RcodeSuccess))
	z := open(t, s, nil)
	limit := z.Limits().Batch[0]
	var changes []hosted.Change
	sum := 0
	for i := 0; ; i++ {
		c := hosted.Change{New: entry(t, fmt.Sprintf("n%d.example.com", i), zone.TypeTXT, 60, fmt.Sprintf("%q", strings.Repeat("x", i%200)))}
		switch i % 3 {
		case 1:
			c.Old = entry(t, fmt.Sprintf("n%d.example.com", i), zone.TypeTXT, 30, `"old"`)
		case 2:
			c.Old, c.New = c.New, hosted.Entry{}
		}
		if sum += limit.Cost(c); sum > limit.Max {
			break
		}
		changes = append(changes, c)
	}
	if err := apply(t, z, changes...); err != nil {
		t.Fatal(err)
	}
	if got := len(s.messages(dns.OpcodeUpdate)); got != 1 {
		t.Errorf("%d messages", got)
	}
	changes = append(changes, hosted.Change{New: entry(t, "big.example.com", zone.TypeTXT, 60, strings.Repeat(fmt.Sprintf("%q ", strings.Repeat("x", 200)), 30))})
	var r *hosted.RefusedError
	if err := apply(t, z, changes...); !errors.As(err, &r) || !strings.Contains(r.Reason, "octets") {
		t.Errorf("a batch that does not fit: %v", err)
	}
	if got := len(s.messages(dns.OpcodeUpdate)); got != 1 {
		t.Errorf("a batch that does not fit was sent")
	}
}

func TestRefusedBeforeItIsSent(t *testing.T) {
	s := serve(t, secret, code(dns.RcodeSuccess))
	z := open(t, s, nil)
	good, sets := entry(t, "good.example.com", zone.TypeA, 60, "192.0.2.1"), entry(t, "sets.example.com", zone.TypeA, 60, "192.0.2.1")
	set := sets.Sets[0]
	set.ID = "a"
	for want, bad := range map[string]hosted.Change{
		"no set identifiers": {New: hosted.Entry{Key: sets.Key, Sets: []hosted.Set{set}}},
		"is not in zone":     {New: entry(t, "example.org", zone.TypeA, 60, "192.0.2.1")},
		"SOA":                {New: entry(t, "example.com", zone.TypeSOA, 60, "a. b. 1 2 3 4 5")},
		"server's own":       {New: entry(t, "example.com", dns.TypeDNSKEY, 60, "257 3 13 aaaa")},
		"cannot be beside":   {New: entry(t, "example.com", zone.TypeCNAME, 60, "a.example.net.")},
		"only be one":        {New: entry(t, "c.example.com", zone.TypeCNAME, 60, "a.example.net.", "b.example.net.")},
		"above 2147483647":   {New: entry(t, "b.example.com", zone.TypeA, 1<<31, "192.0.2.1")},
		"cannot be deleted":  {Old: entry(t, "example.com", zone.TypeNS, 60, "a.example.net.")},
		"two changes":        {New: good},
	} {
		var r *hosted.RefusedError
		err := apply(t, z, hosted.Change{New: entry(t, "good.example.com", zone.TypeA, 60, "192.0.2.9")}, bad)
		if !errors.As(err, &r) || r.Key == nil || *r.Key != bad.Key() || !strings.Contains(r.Reason, want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	both := []hosted.Change{{New: entry(t, "c.example.com", zone.TypeCNAME, 60, "a.example.net.")}, {New: entry(t, "c.example.com", zone.TypeA, 60, "192.0.2.1")}}
	var r *hosted.RefusedError
	if err := apply(t, z, both...); !errors.As(err, &r) || *r.Key != both[0].Key() {
		t.Errorf("CNAME and address in one batch: %v", err)
	}
	if n := len(s.messages(dns.OpcodeUpdate)); n > 0 {
		t.Errorf("%d messages were sent", n)
	}
	for _, r := range rfc2136.Limits(apex).Rules {
		if r.Name == "" || r.Source.Text == "" || r.Source.Verified == "" {
			t.Errorf("rule %q has no source", r.Name)
		}
	}
}
