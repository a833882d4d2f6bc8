package answer_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
)

// snapshot makes a zone from its text.
func snapshot(t testing.TB, apex, text string) *zone.Snapshot {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(file, []byte("$TTL 60\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	name := dnsname.MustParse(apex)
	set, err := zonefile.Read(name, file)
	if err != nil {
		t.Fatal(err)
	}
	b := zone.NewZone(name)
	for _, r := range set.RRsets {
		b.Set(r)
	}
	s, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var from = netip.MustParseAddrPort("127.0.0.1:5353")

func ask(t testing.TB, w *answer.Worker, q *dns.Msg) *dns.Msg {
	t.Helper()
	msg, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, answer.MaxStream)
	n := w.Respond(dst, msg, from)
	if n == 0 {
		return nil
	}
	var r dns.Msg
	if err := r.Unpack(dst[:n]); err != nil {
		t.Fatalf("%v: the answer does not parse: %v", q.Question, err)
	}
	return &r
}

// show gives an answer as one line: rcode, flags, then the sections.
func show(m *dns.Msg) string {
	if m == nil {
		return "nothing"
	}
	var b strings.Builder
	b.WriteString(dns.RcodeToString[m.Rcode])
	for _, f := range []struct {
		set  bool
		name string
	}{{m.Authoritative, "aa"}, {m.Truncated, "tc"}, {m.RecursionDesired, "rd"}, {m.RecursionAvailable, "ra"}, {m.AuthenticatedData, "ad"}, {m.CheckingDisabled, "cd"}} {
		if f.set {
			b.WriteString(" " + f.name)
		}
	}
	for _, s := range []struct {
		name string
		rrs  []dns.RR
	}{{"", m.Answer}, {"authority", m.Ns}, {"additional", m.Extra}} {
		for i, rr := range s.rrs {
			if i == 0 && s.name != "" {
				b.WriteString(" | " + s.name)
			}
			if o, ok := rr.(*dns.OPT); ok {
				fmt.Fprintf(&b, "; OPT %d", o.UDPSize())
				continue
			}
			b.WriteString("; " + strings.ReplaceAll(rr.String(), "\t", " "))
		}
	}
	return b.String()
}

const exampleZone = `
@           SOA ns host 7 7200 1800 86400 5
@           NS  ns
ns          A   192.0.2.1
www         A   192.0.2.2
www         A   192.0.2.3
www         TXT "x"
alias       CNAME www
far         CNAME a.elsewhere.
gone        CNAME nowhere
loop        CNAME pool
pool        CNAME loop
*.wild      A   192.0.2.4
sub.wild    TXT "blocks"
*.calias    CNAME www
deep.ent    TXT "y"
*.ent2.star TXT "z"
old         DNAME new
self        DNAME in.self
host.new    A   192.0.2.5
cut         NS  ns.cut
cut         NS  ns.other.
cut         DS  1 8 2 00
ns.cut      A   192.0.2.6
ns.cut      AAAA 2001:db8::6
below.cut   TXT "occluded"
intocut     CNAME x.cut
odd         TYPE65280 \# 3 010203
mail        MX  10 www
`

// TestAnswers walks RFC 1034 §4.3.2 and what amends it, a case a line.
func TestAnswers(t *testing.T) {
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone), snapshot(t, "new.test.", "@ SOA . . 1 1 1 1 1\n@ NS .\n* A 192.0.2.9\n"))
	const soa = " | authority; example. 5 IN SOA ns.example. host.example. 7 7200 1800 86400 5"
	for _, c := range []struct{ question, want string }{
		{"www A", "NOERROR aa; www.example. 60 IN A 192.0.2.2; www.example. 60 IN A 192.0.2.3"},
		{"WwW A", "NOERROR aa; WwW.example. 60 IN A 192.0.2.2; WwW.example. 60 IN A 192.0.2.3"},
		{"www AAAA", "NOERROR aa" + soa},
		{"www ANY", "NOERROR aa; www.example. 60 IN A 192.0.2.2; www.example. 60 IN A 192.0.2.3"},
		{"nowhere A", "NXDOMAIN aa" + soa},
		{"x.www A", "NXDOMAIN aa" + soa},
		{"ent A", "NOERROR aa" + soa}, // RFC 8020: an empty non-terminal exists
		{"x.ent A", "NXDOMAIN aa" + soa},
		{"alias A", "NOERROR aa; alias.example. 60 IN CNAME www.example.; www.example. 60 IN A 192.0.2.2; www.example. 60 IN A 192.0.2.3"},
		{"alias CNAME", "NOERROR aa; alias.example. 60 IN CNAME www.example."},
		{"alias ANY", "NOERROR aa; alias.example. 60 IN CNAME www.example."},
		{"alias MX", "NOERROR aa; alias.example. 60 IN CNAME www.example." + soa},
		{"far A", "NOERROR aa; far.example. 60 IN CNAME a.elsewhere."},
		{"gone A", "NXDOMAIN aa; gone.example. 60 IN CNAME nowhere.example." + soa}, // RFC 6604 §3
		{"loop A", "NOERROR aa; loop.example. 60 IN CNAME pool.example.; pool.example. 60 IN CNAME loop.example."},
		{"a.wild A", "NOERROR aa; a.wild.example. 60 IN A 192.0.2.4"},
		{"a.b.wild A", "NOERROR aa; a.b.wild.example. 60 IN A 192.0.2.4"},
		{"a.wild AAAA", "NOERROR aa" + soa},
		{"*.wild A", "NOERROR aa; *.wild.example. 60 IN A 192.0.2.4"},
		{"wild A", "NOERROR aa" + soa},
		{"sub.wild A", "NOERROR aa" + soa}, // RFC 4592 §2.2.1: an existing name is not covered
		{"a.sub.wild A", "NXDOMAIN aa" + soa},
		{"x.calias A", "NOERROR aa; x.calias.example. 60 IN CNAME www.example.; www.example. 60 IN A 192.0.2.2; www.example. 60 IN A 192.0.2.3"},
		{"q.star A", "NXDOMAIN aa" + soa},
		{"q.ent2.star TXT", `NOERROR aa; q.ent2.star.example. 60 IN TXT "z"`},
		{"host.old A", "NOERROR aa; old.example. 60 IN DNAME new.example.; host.old.example. 60 IN CNAME host.new.example.; host.new.example. 60 IN A 192.0.2.5"},
		{"none.old A", "NXDOMAIN aa; old.example. 60 IN DNAME new.example.; none.old.example. 60 IN CNAME none.new.example." + soa},
		{"none.old CNAME", "NOERROR aa; old.example. 60 IN DNAME new.example.; none.old.example. 60 IN CNAME none.new.example."},
		{"a.self TXT", `NOERROR aa; self.example. 60 IN DNAME in.self.example.; a.self.example. 60 IN CNAME a.in.self.example.` + selfChain()},
		{"old DNAME", "NOERROR aa; old.example. 60 IN DNAME new.example."},
		{"old A", "NOERROR aa" + soa},
		{"cut A", "NOERROR | authority; cut.example. 60 IN NS ns.cut.example.; cut.example. 60 IN NS ns.other. | additional; ns.cut.example. 60 IN A 192.0.2.6; ns.cut.example. 60 IN AAAA 2001:db8::6"},
		{"a.b.cut A", "NOERROR | authority; cut.example. 60 IN NS ns.cut.example.; cut.example. 60 IN NS ns.other. | additional; ns.cut.example. 60 IN A 192.0.2.6; ns.cut.example. 60 IN AAAA 2001:db8::6"},
		{"ns.cut A", "NOERROR | authority; cut.example. 60 IN NS ns.cut.example.; cut.example. 60 IN NS ns.other. | additional; ns.cut.example. 60 IN A 192.0.2.6; ns.cut.example. 60 IN AAAA 2001:db8::6"},
		{"cut DS", "NOERROR aa; cut.example. 60 IN DS 1 8 2 00"},
		{"intocut A", "NOERROR aa; intocut.example. 60 IN CNAME x.cut.example. | authority; cut.example. 60 IN NS ns.cut.example.; cut.example. 60 IN NS ns.other. | additional; ns.cut.example. 60 IN A 192.0.2.6; ns.cut.example. 60 IN AAAA 2001:db8::6"},
		{"odd TYPE65280", `NOERROR aa; odd.example. 60 CLASS1 TYPE65280 \# 3 010203`},
		{"mail MX", "NOERROR aa; mail.example. 60 IN MX 10 www.example."},
		{"@ SOA", "NOERROR aa; example. 60 IN SOA ns.example. host.example. 7 7200 1800 86400 5"},
		{"@ AXFR", "REFUSED"},
		{"elsewhere. A", "REFUSED"},
		{". NS", "REFUSED"},
		{"x.new.test. A", "NOERROR aa; x.new.test. 60 IN A 192.0.2.9"},
	} {
		name, typ, _ := strings.Cut(c.question, " ")
		switch {
		case name == "@":
			name = "example."
		case !strings.HasSuffix(name, "."):
			name += ".example."
		}
		q := new(dns.Msg)
		q.SetQuestion(name, typeOf(typ))
		q.RecursionDesired = false
		for transport, w := range map[string]*answer.Worker{"udp": e.NewWorker(policy.UDP, &answer.Counts{}), "tcp": e.NewWorker(policy.TCP, &answer.Counts{})} {
			if got := show(ask(t, w, q)); got != c.want {
				t.Errorf("%s over %s:\n got %s\nwant %s", c.question, transport, got, c.want)
			}
		}
	}
}

// selfChain is what follows when a DNAME leads below itself: the DNAME once, and
// CNAMEs as far as one answer goes.
func selfChain() string {
	var b strings.Builder
	name := "a.in.self.example."
	for range 15 {
		next := "a.in." + strings.TrimPrefix(name, "a.")
		fmt.Fprintf(&b, "; %s 60 IN CNAME %s", name, next)
		name = next
	}
	return b.String()
}

func typeOf(s string) uint16 {
	if typ, ok := dns.StringToType[s]; ok {
		return typ
	}
	var n uint16
	if _, err := fmt.Sscanf(s, "TYPE%d", &n); err != nil {
		panic(s)
	}
	return n
}

func TestMessagesOutOfTheOrdinary(t *testing.T) {
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone))
	w := e.NewWorker(policy.UDP, &answer.Counts{})
	base := func() *dns.Msg {
		q := new(dns.Msg)
		q.SetQuestion("www.example.", dns.TypeTXT)
		q.RecursionDesired = false
		return q
	}
	const txt = `; www.example. 60 IN TXT "x"`
	for _, c := range []struct {
		what   string
		change func(*dns.Msg)
		want   string
	}{
		{"RD is copied; AD, CD and Z are not (RFC 4035 §3.1.6)", func(q *dns.Msg) {
			q.RecursionDesired, q.CheckingDisabled, q.AuthenticatedData, q.Zero = true, true, true, true
		}, "NOERROR aa rd" + txt},
		{"EDNS", func(q *dns.Msg) { q.SetEdns0(4096, false) }, "NOERROR aa" + txt + " | additional; OPT 1232"},
		{"EDNS version 1", func(q *dns.Msg) { q.SetEdns0(4096, false); q.IsEdns0().SetVersion(1) }, "BADSIG | additional; OPT 1232"}, // the DNS library's word for RCODE 16, which is BADVERS here
		{"EDNS version 0 again", func(q *dns.Msg) { q.SetEdns0(512, false) }, "NOERROR aa" + txt + " | additional; OPT 1232"},
		{"two OPTs", func(q *dns.Msg) { q.SetEdns0(4096, false); q.Extra = append(q.Extra, q.Extra[0]) }, "FORMERR | additional; OPT 1232"},
		{"class CH", func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassCHAOS }, "REFUSED"},
		{"two questions", func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) }, "FORMERR"},
		{"no question", func(q *dns.Msg) { q.Question = nil }, "FORMERR"},
		{"opcode NOTIFY", func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify }, "NOTIMP"},
		{"a response", func(q *dns.Msg) { q.Response = true }, "nothing"},
	} {
		q := base()
		c.change(q)
		r := ask(t, w, q)
		if got := show(r); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, got, c.want)
		}
		if r != nil && (r.Id != q.Id || r.Opcode != q.Opcode) {
			t.Errorf("%s: ID or opcode differ from the query's", c.what)
		}
	}
	if n := w.Respond(make([]byte, answer.MaxUDP), make([]byte, 11), from); n != 0 {
		t.Error("a runt was answered")
	}
}

func TestTruncation(t *testing.T) {
	var b strings.Builder
	b.WriteString("@ SOA ns host 1 1 1 1 1\n@ NS ns\ncut NS ns.cut\n")
	for i := range 60 {
		fmt.Fprintf(&b, "big A 192.0.2.%d\nns.cut A 192.0.2.%d\n", i, i)
	}
	var addrs []string
	for i := range 5000 {
		addrs = append(addrs, zone.Addr(netip.AddrFrom4([4]byte{10, 1, byte(i / 250), byte(i % 250)})))
	}
	nb := zone.NewBuilder(snapshot(t, "example.", b.String()))
	nb.Set(zone.NewRRset(dnsname.MustParse("huge.example."), zone.TypeA, 5, addrs...))
	s, _, err := nb.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := answer.NewEngine()
	e.Serve(s)
	udp, tcp := e.NewWorker(policy.UDP, &answer.Counts{}), e.NewWorker(policy.TCP, &answer.Counts{})
	for _, c := range []struct {
		name    string
		size    uint16 // 0: no EDNS
		w       *answer.Worker
		tc      bool
		records int
	}{
		{"big", 0, udp, true, 0},
		{"big", 100, udp, true, 0}, // less than 512 counts as 512
		{"big", 1000, udp, false, 60},
		{"big", 65535, udp, false, 60},
		{"big", 0, tcp, false, 60},
		{"huge", 65535, udp, true, 0},
		{"huge", 0, tcp, true, 4094}, // as many as a message can hold: there is nothing to retry with
		{"x.cut", 512, udp, true, 0}, // glue belongs to the referral (RFC 9471)
		{"x.cut", 1232, udp, false, 0},
	} {
		q := new(dns.Msg)
		q.SetQuestion(c.name+".example.", dns.TypeA)
		if c.size > 0 {
			q.SetEdns0(c.size, false)
		}
		r := ask(t, c.w, q)
		if r.Truncated != c.tc || len(r.Answer) != c.records {
			t.Errorf("%s with room for %d: TC %v, %d records; want %v, %d", c.name, c.size, r.Truncated, len(r.Answer), c.tc, c.records)
		}
	}
}

func TestProvisionalZonesDoNotDenyNames(t *testing.T) {
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone))
	w := e.NewWorker(policy.UDP, &answer.Counts{})
	q := new(dns.Msg)
	missed := map[string]int{}
	e.SetMissed(func(n dnsname.Name) { missed[n.String()]++ })
	for _, provisional := range []bool{true, false} {
		e.SetProvisional(dnsname.MustParse("example."), provisional)
		for name, want := range map[string]int{"nowhere": dns.RcodeNameError, "www": dns.RcodeSuccess, "gone": dns.RcodeNameError} {
			if provisional && want == dns.RcodeNameError {
				want = dns.RcodeServerFailure
			}
			q.SetQuestion(name+".example.", dns.TypeAAAA)
			if r := ask(t, w, q); r.Rcode != want || want == dns.RcodeServerFailure && len(r.Answer)+len(r.Ns) > 0 {
				t.Errorf("provisional %v: %s: %s", provisional, name, show(r))
			}
		}
	}
	if len(missed) != 2 || missed["nowhere.example."] != 1 || missed["gone.example."] != 1 {
		t.Errorf("missed while provisional: %v", missed)
	}
}

func TestNestedZones(t *testing.T) {
	outer := snapshot(t, "example.", "@ SOA ns host 1 1 1 1 1\n@ NS ns\nsub NS ns.sub\nns.sub A 192.0.2.1\nwww.sub A 192.0.2.2\nsub DS 1 8 2 00\n")
	inner := snapshot(t, "sub.example.", "@ SOA ns host 2 2 2 2 2\n@ NS ns\nwww A 192.0.2.3\n")
	e := answer.NewEngine()
	w := e.NewWorker(policy.UDP, &answer.Counts{})
	want := func(state, question, want string) {
		t.Helper()
		name, typ, _ := strings.Cut(question, " ")
		q := new(dns.Msg)
		q.SetQuestion(name, dns.StringToType[typ])
		q.RecursionDesired = false
		if got := show(ask(t, w, q)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s:\n got %s\nwant %s", state, question, got, want)
		}
	}
	const ours, referral = "NOERROR aa; www.sub.example. 60 IN A 192.0.2.3", "NOERROR | authority; sub.example. 60 IN NS"
	e.Serve(outer)
	want("outer alone", "www.sub.example. A", referral)
	e.Serve(inner)
	want("both", "www.sub.example. A", ours)
	want("both", "no.sub.example. A", "NXDOMAIN aa | authority; sub.example. 2 IN SOA")
	want("both", "sub.example. DS", "NOERROR aa; sub.example. 60 IN DS") // the parent's (RFC 4035 §3.1.4.1)
	want("both", "no.example. A", "NXDOMAIN aa | authority; example. 1 IN SOA")
	e.Retract(outer.Apex())
	want("inner alone", "www.sub.example. A", ours)
	want("inner alone", "no.example. A", "REFUSED")
	e.Serve(outer)
	want("both again", "www.sub.example. A", ours)
	e.Retract(inner.Apex())
	want("outer again", "www.sub.example. A", referral)

	// A name above a zone exists, and so does the zone's own, though the zone
	// around has neither (RFC 8020 §2).
	deep := snapshot(t, "deep.ent.example.", "@ SOA ns host 3 3 3 3 3\n@ NS ns\n")
	const nodata, none, refused = "NOERROR aa | authority; example. 1 IN SOA", "NXDOMAIN aa | authority; example. 1 IN SOA", "REFUSED"
	all := func(state, ent, beside, ds string) {
		t.Helper()
		want(state, "ent.example. A", ent)
		want(state, "b.ent.example. A", beside)
		want(state, "deep.ent.example. DS", ds)
	}
	all("before", none, none, none)
	e.Serve(deep)
	all("with the deep one", nodata, none, nodata)
	e.Retract(outer.Apex())
	all("the deep one alone", refused, refused, "NOERROR aa | authority; deep.ent.example. 3 IN SOA")
	e.Serve(outer)
	all("outer later", nodata, none, nodata)
	e.Retract(deep.Apex())
	all("without it", none, none, none)
}
