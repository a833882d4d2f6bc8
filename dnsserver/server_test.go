package dnsserver_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var apex = dnsname.MustParse("example.")

func name(s string) dnsname.Name { return dnsname.MustParse(s + ".example.") }

func txt(owner, text string) zone.RRset {
	return zone.NewRRset(name(owner), zone.TypeTXT, 5, zone.TXT(text))
}

func alias(owner, target string) zone.RRset {
	return zone.NewRRset(name(owner), zone.TypeCNAME, 5, zone.Target(name(target)))
}

func set(rs ...zone.RRset) (edits []zone.Edit) {
	for _, r := range rs {
		edits = append(edits, zone.Edit{Op: zone.OpSet, RRset: r})
	}
	return edits
}

// content shows a zone's records below the apex.
func content(s *dnsserver.Server) string {
	var lines []string
	for r := range s.Snapshot(apex).All() {
		if r.Owner != apex {
			lines = append(lines, strings.ReplaceAll(r.String(), ".example.", ""))
		}
	}
	return strings.Join(lines, "; ")
}

// serve makes the zone example. with static records, and sets them anew.
func serve(t *testing.T, s *dnsserver.Server, static ...zone.RRset) {
	t.Helper()
	if err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Static: static}}); err != nil {
		t.Fatal(err)
	}
}

func TestFilesOwnTheirNames(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	serve(t, s, txt("a", "file"))
	publish := func(edits ...zone.Edit) {
		t.Helper()
		if err := s.Publish(edits); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what, want string) {
		t.Helper()
		if got := content(s); got != want {
			t.Errorf("%s: %s; want %s", what, got, want)
		}
	}
	publish(set(alias("a", "b"), txt("b", "pub"), txt("x.d", "pub"))...)
	want("published beside the file's", `a TXT "file"; b TXT "pub"; x.d TXT "pub"`)
	serve(t, s, txt("b", "file"), zone.NewRRset(name("d"), zone.TypeDNAME, 5, zone.Target(name("a"))))
	want("the file's names change hands", `a CNAME b; b TXT "file"; d DNAME a`)
	publish(zone.Edit{Op: zone.OpAdd, RRset: txt("b", "more")}, zone.Edit{Op: zone.OpDelete, RRset: txt("x.d", "")})
	want("changed while aside", `a CNAME b; b TXT "file"; d DNAME a`)
	if z := s.Zones()[0]; z.Hidden != 1 {
		t.Errorf("%d RRsets are told as hidden, want 1", z.Hidden)
	}
	serve(t, s)
	want("the file lets go", `a CNAME b; b TXT "pub" "more"`)
}

// TestTheApexIsAName: what the apex has for the zone's sake leaves the name to
// whoever publishes for it, but not what the zone needs there.
func TestTheApexIsAName(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	address := zone.NewRRset(apex, zone.TypeA, 5, "\xc0\x00\x02\x01")
	file := zone.NewRRset(apex, zone.TypeNS, 7, zone.Target(name("file")))
	want := func(what string, addresses, hidden int) {
		t.Helper()
		node := s.Snapshot(apex).Node(apex)
		ns, _ := s.Snapshot(apex).Lookup(apex, zone.TypeNS)
		if got := s.Zones()[0].Hidden; node.Has(zone.TypeA) != (addresses > 0) || ns.First() == zone.Target(name("other")) || !node.Has(zone.TypeSOA) || got != hidden {
			t.Errorf("%s: an address: %t, name server %s, %d hidden", what, node.Has(zone.TypeA), ns, got)
		}
	}
	serve(t, s)
	if err := s.Publish(set(address, zone.NewRRset(apex, zone.TypeNS, 5, zone.Target(name("other"))))); err != nil {
		t.Fatal(err)
	}
	want("an apex that was made up", 1, 1)
	serve(t, s, file)
	want("a file with name servers", 1, 1)
	serve(t, s, file, zone.NewRRset(apex, zone.TypeTXT, 5, zone.TXT("file")))
	want("a file with more there", 0, 2)
	serve(t, s, file)
	want("the file lets go", 1, 1)
	if err := s.Publish([]zone.Edit{{Op: zone.OpDelete, RRset: address}}); err != nil {
		t.Fatal(err)
	}
	want("withdrawn", 0, 1)
}

func TestWhatAZoneHasIsKept(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	serve(t, s, txt("a", "file"), zone.NewRRset(apex, zone.TypeNS, 7, zone.Target(name("a"))))
	if err := s.Publish(set(txt("a", "aside"), txt("b", "pub"))); err != nil {
		t.Fatal(err)
	}
	ns := func() string { r, _ := s.Snapshot(apex).Lookup(apex, zone.TypeNS); return r.String() }
	before, nsBefore, serial := content(s), ns(), s.Snapshot(apex).Serial()
	for _, negativeTTL := range []uint32{0, 0, 3, 3, 0} {
		if err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Keep: true, NegativeTTL: negativeTTL}}); err != nil {
			t.Fatal(err)
		}
		want := uint32(5)
		if negativeTTL > 0 {
			want = negativeTTL
		}
		if got := s.Snapshot(apex).SOA().Minimum; content(s) != before || ns() != nsBefore || got != want {
			t.Errorf("the zone became %s; %s; minimum %d, want %s; %s; %d", content(s), ns(), got, before, nsBefore, want)
		}
	}
	if now := s.Snapshot(apex).Serial(); now != serial+2 {
		t.Errorf("serial %d, was %d: want it counted up where something changed", now, serial)
	}
	serve(t, s)
	if got := content(s); got != `a TXT "aside"; b TXT "pub"` {
		t.Errorf("the file's records stayed: %s", got)
	}
}

func TestInvalidStaticRecordsChangeNothing(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	serve(t, s, txt("a", "1"))
	serial := s.Snapshot(apex).Serial()
	err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Static: []zone.RRset{txt("a", "2"), alias("a", "b")}}, {Apex: dnsname.MustParse("other.")}})
	if err == nil || !strings.Contains(err.Error(), "zone example.: a.example. CNAME: stands beside TXT") {
		t.Errorf("got %v", err)
	}
	if got := content(s); got != `a TXT "1"` || s.Snapshot(apex).Serial() != serial {
		t.Errorf("the zone became %s", got)
	}
	if s.Snapshot(dnsname.MustParse("other.")) == nil {
		t.Error("the other zone suffered from it")
	}
}

func TestPublishIsolatesWhatCannotStand(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	serve(t, s)
	err := s.Publish(set(txt("a", "1"), txt("bad", "1"), alias("bad", "a"), txt("c", "1")))
	if err == nil || !strings.Contains(err.Error(), "bad.example. CNAME") {
		t.Errorf("got %v", err)
	}
	if got := content(s); got != `a TXT "1"; c TXT "1"` {
		t.Errorf("the zone became %s", got)
	}
	if err := s.Publish(set(zone.NewRRset(dnsname.MustParse("a.elsewhere."), zone.TypeTXT, 5, "x"))); err != nil {
		t.Errorf("an edit of no zone: %v", err)
	}
}

func TestSerialStandsWhileNothingChanges(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	soa := func(serial uint32) zone.RRset {
		return zone.NewRRset(apex, zone.TypeSOA, 5, zone.SOA{MName: apex, RName: apex, Serial: serial}.RDATA())
	}
	serve(t, s, soa(10))
	steps := []uint32{s.Snapshot(apex).Serial()}
	step := func(static ...zone.RRset) {
		serve(t, s, static...)
		steps = append(steps, s.Snapshot(apex).Serial())
	}
	step(soa(10))
	step(soa(10), txt("a", "1"))
	step(soa(10), txt("a", "1"))
	step(soa(9), txt("a", "1")) // the file went back: the zone does not
	step(soa(20), txt("a", "1"))
	if want := []uint32{10, 10, 11, 11, 12, 20}; !slices.Equal(steps, want) {
		t.Errorf("serials %v, want %v", steps, want)
	}
}

// TestMergeAgainstModel publishes and sets static records at random, and
// compares with what the rule gives when worked out from scratch.
func TestMergeAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 3))
	dname := zone.NewRRset(name("a"), zone.TypeDNAME, 5, zone.Target(name("b")))
	random := func() zone.RRset {
		r := txt([]string{"a", "b", "x.a", "y.x.a", "x.b"}[rnd.IntN(5)], fmt.Sprint(rnd.IntN(3)))
		if rnd.IntN(3) == 0 {
			r = zone.NewRRset(r.Owner, zone.TypeA, 5, "\x01\x02\x03"+string(rune(rnd.IntN(3))))
		}
		if rnd.IntN(5) == 0 {
			r.Owner = apex
		}
		return r
	}
	s := dnsserver.New(dnsserver.Config{})
	published, lastStatic := map[zone.Key]zone.RRset{}, map[zone.Key]zone.RRset{}
	for step := range 3000 {
		static := map[zone.Key]zone.RRset{}
		if step%3 == 0 {
			for range rnd.IntN(4) {
				r := random()
				static[r.Key()] = r
			}
			if rnd.IntN(3) == 0 {
				static = map[zone.Key]zone.RRset{dname.Key(): dname}
			}
			if rnd.IntN(3) == 0 { // it claims nothing
				ns := zone.NewRRset(apex, zone.TypeNS, 5, zone.Target(name("b")))
				static[ns.Key()] = ns
			}
			serve(t, s, slices.Collect(maps.Values(static))...)
			lastStatic = static
		} else {
			r := random()
			e := zone.Edit{Op: []zone.Op{zone.OpSet, zone.OpDelete, zone.OpAdd, zone.OpRemove}[rnd.IntN(4)], RRset: r}
			if err := s.Publish([]zone.Edit{e}); err != nil {
				t.Fatal(err)
			}
			old, had := published[r.Key()]
			now := r
			switch {
			case e.Op == zone.OpDelete:
				now = zone.RRset{}
			case e.Op == zone.OpAdd && had:
				now = old.With(r.First())
			case e.Op == zone.OpRemove:
				now = zone.RRset{}
				if had {
					now = old.Without(r.First())
				}
			}
			delete(published, r.Key())
			if !now.IsEmpty() {
				published[r.Key()] = now
			}
		}
		want := maps.Clone(lastStatic)
		for k, r := range published {
			mine := true
			for f := range lastStatic {
				mine = mine && (f.Owner != k.Owner || f.Type == zone.TypeNS) && (f.Type != zone.TypeDNAME || !k.Owner.Under(f.Owner))
			}
			if mine {
				want[k] = r
			}
		}
		got := map[zone.Key]zone.RRset{}
		for r := range s.Snapshot(apex).All() {
			if r.Type != zone.TypeSOA && r.Type != zone.TypeNS {
				got[r.Key()] = r
			}
		}
		delete(want, zone.Key{Owner: apex, Type: zone.TypeNS})
		if !maps.Equal(got, want) {
			t.Fatalf("step %d: got %v, want %v", step, got, want)
		}
	}
}

// listening is a Server on a free port.
func listening(t *testing.T) *dnsserver.Server {
	t.Helper()
	s := dnsserver.New(dnsserver.Config{Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestAnswersOverBothTransports(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("[::1]:0")}})
	serve(t, s, txt("a", "1"))
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, addr := range s.Addrs() {
		for _, transport := range []string{"udp", "tcp"} {
			q := new(dns.Msg)
			q.SetQuestion("a.example.", dns.TypeTXT)
			r, _, err := (&dns.Client{Net: transport, Timeout: time.Minute}).ExchangeContext(t.Context(), q, addr.String())
			if err != nil || len(r.Answer) != 1 {
				t.Errorf("%s %s: %v, %v", transport, addr, r, err)
			}
		}
	}
	for _, transport := range []policy.Transport{policy.UDP, policy.TCP} {
		var n uint64
		for _, c := range s.Counts(transport) {
			n += c.Rcodes[0].Load()
		}
		if n != 2 {
			t.Errorf("%d answers counted over %s, want 2", n, transport)
		}
	}
}

func TestAnAddressInUseIsNamed(t *testing.T) {
	first := dnsserver.New(dnsserver.Config{Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}})
	if err := first.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	addr := first.Addrs()[0]
	err := dnsserver.New(dnsserver.Config{Listen: []netip.AddrPort{addr}}).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), addr.String()) {
		t.Errorf("got %v", err)
	}
}
