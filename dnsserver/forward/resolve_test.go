package forward_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/zone"
)

const soa = "!test. 300 IN SOA ns.test. host.test. 1 2 3 4 60"

// TestAnswers is what is taken of what an upstream says.
func TestAnswers(t *testing.T) {
	long := []string{}
	for i := range 17 {
		long = append(long, fmt.Sprintf("%s 60 IN CNAME l%d.test.", [2]string{fmt.Sprintf("l%d.test.", i-1), "www.test."}[b2i(i == 0)], i))
	}
	for _, c := range []struct {
		name string
		typ  uint16
		says []string
		want string
	}{
		{"address", dns.TypeA, []string{"www.test. 60 IN A 192.0.2.2", "www.test. 50 IN A 192.0.2.1"}, "NOERROR; www.test. A 192.0.2.1 192.0.2.2"},
		{"chain out of order", dns.TypeA, []string{"b.other. 60 IN A 192.0.2.1", "a.test. 60 IN CNAME B.Other.", "www.test. 60 IN CNAME a.test."},
			"NOERROR; www.test. CNAME a.test.; a.test. CNAME b.other.; b.other. A 192.0.2.1"},
		{"alias itself", dns.TypeCNAME, []string{"www.test. 60 IN CNAME a.test.", "a.test. 60 IN A 192.0.2.1"}, "NOERROR; www.test. CNAME a.test."},
		{"what is not of the chain", dns.TypeA, []string{"www.test. 60 IN A 192.0.2.1", "bank.example. 60 IN A 192.0.2.66", "www.test. 60 IN TXT no", "!test. 60 IN NS evil.test."},
			"NOERROR; www.test. A 192.0.2.1"},
		{"another class", dns.TypeTXT, []string{"www.test. 60 CH TXT no", "www.test. 60 IN TXT yes"}, `NOERROR; www.test. TXT "yes"`},
		{"no such name", dns.TypeA, []string{"NXDOMAIN", soa}, "NXDOMAIN; test. SOA ns.test."},
		{"no data", dns.TypeAAAA, []string{soa}, "NOERROR; test. SOA ns.test."},
		{"no data behind an alias", dns.TypeAAAA, []string{"www.test. 60 IN CNAME a.test.", soa}, "NOERROR; www.test. CNAME a.test.; test. SOA ns.test."},
		{"no such name behind an alias", dns.TypeA, []string{"NXDOMAIN", "www.test. 60 IN CNAME a.test.", soa}, "NXDOMAIN; www.test. CNAME a.test.; test. SOA ns.test."},
		{"SOA of another zone", dns.TypeA, []string{"NXDOMAIN", "!bank.example. 300 IN SOA ns. host. 1 2 3 4 60"}, "NXDOMAIN"},
		{"referral", dns.TypeA, []string{"!test. 60 IN NS ns.test."}, "SERVFAIL"},
		{"loop", dns.TypeA, []string{"www.test. 60 IN CNAME a.test.", "a.test. 60 IN CNAME www.test."}, "SERVFAIL"},
		{"alias to itself", dns.TypeA, []string{"www.test. 60 IN CNAME www.test."}, "SERVFAIL"},
		{"too long a chain", dns.TypeA, long, "SERVFAIL"},
		{"into our zone", dns.TypeA, []string{"www.test. 60 IN CNAME a.ours.", "a.ours. 60 IN A 192.0.2.66"}, "NOERROR; www.test. CNAME a.ours.; on with a.ours."},
		{"into our zone, denied", dns.TypeA, []string{"NXDOMAIN", "www.test. 60 IN CNAME a.ours.", "!. 9 IN SOA a. b. 1 2 3 4 5"}, "NOERROR; www.test. CNAME a.ours.; on with a.ours."},
		{"refused", dns.TypeA, []string{"REFUSED"}, "SERVFAIL"},
		{"type that nobody knows", 65280, []string{`www.test. 60 IN TYPE65280 \# 2 abcd`}, `NOERROR; www.test. TYPE65280 \# 2 abcd`},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := serve(t, says(c.says...))
			r := run(t, forward.Config{Upstreams: to(u.addr), Own: ours})
			if got := get(t, r, "www.test.", c.typ); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func ours(n dnsname.Name) bool { return n.Under(dnsname.MustParse("ours.")) }

// TestChainIsCompleted asks on where an upstream gives one alias at a time.
func TestChainIsCompleted(t *testing.T) {
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		name := strings.ToLower(q.Question[0].Name)
		for owner, line := range map[string]string{
			"a.test.": "a.test. 60 IN CNAME b.test.", "b.test.": "b.test. 60 IN CNAME c.test.", "c.test.": "c.test. 60 IN A 192.0.2.1",
			"x.test.": "x.test. 60 IN CNAME y.test.", "y.test.": "y.test. 60 IN CNAME x.test.",
			"n.test.": "n.test. 60 IN CNAME none.test.",
		} {
			if owner == name {
				w.WriteMsg(records(q, line))
				return
			}
		}
		w.WriteMsg(records(q))
	})
	r := run(t, forward.Config{Upstreams: to(u.addr)})
	for name, want := range map[string]string{
		"a.test.": "NOERROR; a.test. CNAME b.test.; b.test. CNAME c.test.; c.test. A 192.0.2.1",
		"x.test.": "SERVFAIL",
		"n.test.": "NOERROR; n.test. CNAME none.test.",
	} {
		if got := get(t, r, name, dns.TypeA); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if _, ok := r.Cached(dnsname.MustParse("n.test."), dns.TypeA); ok {
		t.Error("a negative answer without SOA is kept")
	}
}

func TestNeverUpstream(t *testing.T) {
	u := serve(t, says("NXDOMAIN"))
	r := run(t, forward.Config{Upstreams: to(u.addr), Own: ours})
	for _, c := range []struct {
		name string
		typ  uint16
		want error
	}{
		{"www.ours.", dns.TypeA, forward.ErrOwn},
		{"www.test.", dns.TypeANY, forward.ErrType},
		{"www.test.", dns.TypeAXFR, forward.ErrType},
		{"www.test.", dns.TypeOPT, forward.ErrType},
		{"www.test.", 0, forward.ErrType},
	} {
		a, err := r.Resolve(context.Background(), nobody, dnsname.MustParse(c.name), c.typ)
		if !errors.Is(err, c.want) || show(a, err) != "SERVFAIL" {
			t.Errorf("%s %d: %s, %v; want %v", c.name, c.typ, show(a, err), err, c.want)
		}
	}
	if n := u.udp.Load(); n != 0 {
		t.Errorf("%d queries went upstream", n)
	}
}

// TestQuery is what goes upstream: RD, EDNS, another ID, port and spelling each time.
func TestQuery(t *testing.T) {
	u := serve(t, says("NXDOMAIN"))
	r := run(t, forward.Config{Upstreams: to(u.addr)})
	const n = 40
	for range n {
		get(t, r, "a-rather-long-name.test.", dns.TypeMX)
	}
	ids, ports, spelled := map[uint16]bool{}, map[int]bool{}, map[string]bool{}
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, q := range u.seen {
		opt := q.IsEdns0()
		if !q.RecursionDesired || opt == nil || opt.UDPSize() != 1232 || opt.Do() || q.Question[0].Qtype != dns.TypeMX || q.Question[0].Qclass != dns.ClassINET {
			t.Fatalf("sent %v", q)
		}
		ids[q.Id], ports[u.ports[i]], spelled[q.Question[0].Name] = true, true, true
	}
	if len(ids) < n-2 || len(ports) < n-4 || len(spelled) < n-2 {
		t.Errorf("%d IDs, %d ports, %d spellings in %d queries", len(ids), len(ports), len(spelled), n)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []forward.Config{
		{},
		{Upstreams: make([]forward.Upstream, 1)},
		{Upstreams: to(dead(t)), MinTTL: -1},
		{Upstreams: to(dead(t)), CacheSize: -1},
	} {
		if _, err := forward.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// TestTTL: the floor, the caps, and the lowest TTL of an RRset.
func TestTTL(t *testing.T) {
	u := serve(t, says("www.test. 1 IN CNAME a.test.", "a.test. 90000 IN A 192.0.2.1", "a.test. 80000 IN A 192.0.2.2"))
	r := run(t, forward.Config{Upstreams: to(u.addr), MinTTL: 5e9, MaxTTL: 600e9})
	a, err := r.Resolve(context.Background(), nobody, dnsname.MustParse("www.test."), zone.TypeA)
	if err != nil || len(a.Answer) != 2 || a.Answer[0].TTL != 5 || a.Answer[1].TTL != 600 {
		t.Errorf("%+v, %v", a, err)
	}
	n := serve(t, says("NXDOMAIN", "!test. 3000 IN SOA ns.test. host.test. 1 2 3 4 2000"))
	r = run(t, forward.Config{Upstreams: to(n.addr)})
	a, err = r.Resolve(context.Background(), nobody, dnsname.MustParse("www.test."), zone.TypeA)
	if err != nil || len(a.Authority) != 1 || a.Authority[0].TTL != 300 {
		t.Errorf("%+v, %v", a, err)
	}
}
