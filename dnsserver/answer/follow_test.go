package answer_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// outside is a resolver that knows some names; cached ones it gives at once.
type outside struct {
	answers map[string]forward.Answer
	cached  map[string]bool
	asked   []string
}

func (o *outside) Cached(name dnsname.Name, _ uint16) (forward.Answer, bool) {
	a, ok := o.answers[name.String()]
	return a, ok && o.cached[name.String()]
}

func (o *outside) Resolve(_ context.Context, _ netip.Addr, name dnsname.Name, _ uint16) (forward.Answer, error) {
	o.asked = append(o.asked, name.String())
	if a, ok := o.answers[name.String()]; ok {
		return a, nil
	}
	return forward.Answer{Rcode: wire.ServFail}, errors.New("no resolver answers")
}

func TestNamesOutsideOfTheZones(t *testing.T) {
	parse := dnsname.MustParse
	address := func(name string) zone.RRset {
		return zone.NewRRset(parse(name), zone.TypeA, 60, "\xc0\x00\x02\x63")
	}
	o := &outside{cached: map[string]bool{"quick.elsewhere.": true}, answers: map[string]forward.Answer{
		"a.elsewhere.":     {Answer: []zone.RRset{address("a.elsewhere.")}},
		"quick.elsewhere.": {Answer: []zone.RRset{address("quick.elsewhere.")}},
		"stale.elsewhere.": {Answer: []zone.RRset{address("stale.elsewhere.")}, Stale: true},
		"none.elsewhere.":  {Rcode: wire.NXDomain, Authority: []zone.RRset{zone.NewRRset(parse("elsewhere."), zone.TypeSOA, 9, zone.SOA{MName: parse("n."), RName: parse("n.")}.RDATA())}},
		"back.elsewhere.":  {Answer: []zone.RRset{zone.NewRRset(parse("back.elsewhere."), zone.TypeCNAME, 9, zone.Target(parse("www.example.")))}, Next: parse("www.example.")},
		"home.elsewhere.":  {Answer: []zone.RRset{zone.NewRRset(parse("home.elsewhere."), zone.TypeCNAME, 9, zone.Target(parse("far.example.")))}, Next: parse("far.example.")},
		"round.elsewhere.": {Answer: []zone.RRset{zone.NewRRset(parse("round.elsewhere."), zone.TypeCNAME, 9, zone.Target(parse("round.example.")))}, Next: parse("round.example.")},
	}}
	const zoneText = exampleZone + "quick CNAME quick.elsewhere.\nstale CNAME stale.elsewhere.\nnone CNAME none.elsewhere.\ndead CNAME dead.elsewhere.\nback CNAME back.elsewhere.\nhome CNAME home.elsewhere.\nround CNAME round.elsewhere.\n"
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", zoneText))
	friends := policy.NewPrefixes(netip.MustParsePrefix("192.0.2.0/24"))
	e.SetPolicy(policy.New(policy.Config{Recurse: friends}))
	friend, stranger := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("203.0.113.1:1")
	for _, c := range []struct {
		what, name string
		from       netip.AddrPort
		everything bool
		want       string
		asked      string
	}{
		{"asked for", "far.example.", friend, false, "NOERROR aa rd ra; far.example. 60 IN CNAME a.elsewhere.; a.elsewhere. 60 IN A 192.0.2.99", "a.elsewhere."},
		{"a stranger", "far.example.", stranger, false, "NOERROR aa rd; far.example. 60 IN CNAME a.elsewhere.", ""},
		{"cached", "quick.example.", friend, false, "NOERROR aa rd ra; quick.example. 60 IN CNAME quick.elsewhere.; quick.elsewhere. 60 IN A 192.0.2.99", ""},
		{"stale", "stale.example.", friend, false, "NOERROR aa rd ra; stale.example. 60 IN CNAME stale.elsewhere.; stale.elsewhere. 60 IN A 192.0.2.99", "stale.elsewhere."},
		{"no such name", "none.example.", friend, false, "NXDOMAIN aa rd ra; none.example. 60 IN CNAME none.elsewhere. | authority; elsewhere. 9 IN SOA n. n. 0 0 0 0 0", "none.elsewhere."},
		{"no resolver", "dead.example.", friend, false, "SERVFAIL aa rd ra; dead.example. 60 IN CNAME dead.elsewhere.", "dead.elsewhere."},
		{"back to us", "back.example.", friend, false, "NOERROR aa rd ra; back.example. 60 IN CNAME back.elsewhere.; back.elsewhere. 9 IN CNAME www.example.; www.example. 60 IN A 192.0.2.2; www.example. 60 IN A 192.0.2.3", "back.elsewhere."},
		{"back to us and out again", "home.example.", friend, false, "NOERROR aa rd ra; home.example. 60 IN CNAME home.elsewhere.; home.elsewhere. 9 IN CNAME far.example.; far.example. 60 IN CNAME a.elsewhere.; a.elsewhere. 60 IN A 192.0.2.99", "home.elsewhere. a.elsewhere."},
		{"round and round", "round.example.", friend, false, "NOERROR aa rd ra; round.example. 60 IN CNAME round.elsewhere.; round.elsewhere. 9 IN CNAME round.example.", "round.elsewhere."},
		{"not ours", "a.elsewhere.", friend, false, "REFUSED rd ra", ""},
		{"anything", "a.elsewhere.", friend, true, "NOERROR rd ra; a.elsewhere. 60 IN A 192.0.2.99", "a.elsewhere."},
		{"anything, a stranger", "a.elsewhere.", stranger, true, "REFUSED rd", ""},
		{"our own", "www.example.", friend, true, "NOERROR aa rd ra; www.example. 60 IN A 192.0.2.2; www.example. 60 IN A 192.0.2.3", ""},
		{"our own that is not there", "nx.example.", friend, true, "NXDOMAIN aa rd ra | authority; example. 5 IN SOA ns.example. host.example. 7 7200 1800 86400 5", ""},
	} {
		e.SetForwarder(o, c.everything)
		o.asked = nil
		for by := range policy.Transports {
			w := e.NewWorker(by, &answer.Counts{})
			q := new(dns.Msg).SetQuestion(c.name, dns.TypeA)
			packed, err := q.Pack()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			dst := make([]byte, answer.MaxStream)
			n := w.Respond(dst, packed, c.from)
			if (n == answer.Later) != (c.asked != "") {
				t.Errorf("%s: put off: %v", c.what, n == answer.Later)
			}
			take := func(msg []byte) error {
				var m dns.Msg
				if err := m.Unpack(msg); err != nil {
					return err
				}
				got = append(got, show(&m))
				return nil
			}
			if n == answer.Later {
				w.Finish(t.Context(), packed, c.from, take)
			} else if err := take(dst[:n]); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0] != c.want {
				t.Errorf("%s by %s:\n got %s\nwant %s", c.what, by, strings.Join(got, "\n and "), c.want)
			}
		}
		if got := strings.TrimSpace(strings.Repeat(c.asked+" ", int(policy.Transports))); strings.Join(o.asked, " ") != got {
			t.Errorf("%s: asked %q, want %q", c.what, o.asked, got)
		}
	}
	e.SetForwarder(nil, false)
	if got := show(ask(t, e.NewWorker(policy.UDP, &answer.Counts{}), new(dns.Msg).SetQuestion("far.example.", dns.TypeA))); got != "NOERROR aa rd; far.example. 60 IN CNAME a.elsewhere." {
		t.Errorf("without a forwarder: %s", got)
	}
}
