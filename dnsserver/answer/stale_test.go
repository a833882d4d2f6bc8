package answer

import (
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestStaleAnswersAreMarked: records that nobody can vouch for are answered as
// ever, with an extended error (RFC 8914 §4.4) to whom that can be told; and no
// more once somebody can again.
func TestStaleAnswersAreMarked(t *testing.T) {
	apex := dnsname.MustParse("clusterset.local.")
	web, alias, fresh := dnsname.MustParse("web.clusterset.local."), dnsname.MustParse("alias.clusterset.local."), dnsname.MustParse("fresh.clusterset.local.")
	stale := func(r zone.RRset) zone.RRset { r.Stale = true; return r }
	a := zone.NewRRset(web, zone.TypeA, 5, "\x0a\x00\x00\x01", "\x0a\x00\x00\x02")
	b := zone.NewBuilder(emptyZone(t, apex))
	b.Set(stale(a))
	b.Set(zone.NewRRset(web, zone.TypeTXT, 5, zone.TXT("of today")))
	b.Set(zone.NewRRset(alias, zone.TypeCNAME, 5, zone.Target(web)))
	b.Set(zone.NewRRset(fresh, zone.TypeA, 5, "\x0a\x00\x00\x03"))
	s, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngine()
	e.Serve(s)
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	ask := func(name dnsname.Name, typ uint16) string {
		msg, _ := question(name, typ)
		msg[11] = 1
		msg = append(msg, "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"...)
		var m dns.Msg
		if err := m.Unpack(dst[:w.Respond(dst, msg, from)]); err != nil {
			t.Fatal(err)
		}
		said := dns.RcodeToString[m.Rcode]
		for _, o := range m.IsEdns0().Option {
			said += " " + o.String()
		}
		return said
	}
	const marked, plain = "NOERROR 3 (Stale Answer): ()", "NOERROR"
	for _, q := range []struct {
		name dnsname.Name
		typ  uint16
		want string
	}{{web, zone.TypeA, marked}, {alias, zone.TypeA, marked}, {web, zone.TypeTXT, plain}, {web, zone.TypeAAAA, plain}, {fresh, zone.TypeA, plain}} {
		if got := ask(q.name, q.typ); got != q.want {
			t.Errorf("%s %s: %s, want %s", q.name, zone.TypeString(q.typ), got, q.want)
		}
	}
	msg, _ := question(web, zone.TypeA)
	if n := w.Respond(dst, msg, from); dst[7] != 2 || dst[11] != 0 {
		t.Errorf("without EDNS: %q", dst[:n])
	}
	nb := zone.NewBuilder(s)
	nb.Set(a)
	next, changes, err := nb.Build()
	if err != nil || len(changes) == 0 || !slices.ContainsFunc(changes, func(c zone.Change) bool { return c.Key == a.Key() }) {
		t.Fatalf("%v, changes %v: that a set is not stale any more is a change", err, changes)
	}
	e.Publish(next, changes)
	if got := ask(web, zone.TypeA); got != plain {
		t.Errorf("of today again: %s", got)
	}
	if n := w.hot(dst, append(msg[:len(msg):len(msg)], nil...), e.policy.Load(), from.Addr()); n == 0 {
		t.Error("and yet not on the hot path")
	}
}
