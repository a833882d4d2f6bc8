package dnsserver_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestPublishedRecordsFollowTheirZone publishes at random while zones within
// zones come and go. What a zone serves must be what was published last for the
// names that it is the innermost zone of, whatever the way there.
func TestPublishedRecordsFollowTheirZone(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 7))
	apexes := []dnsname.Name{apex, name("a"), name("b.a"), name("b"), dnsname.MustParse("other.")}
	owners := []string{"a", "x.a", "b.a", "x.b.a", "y.x.b.a", "b", "x.b", "c"}
	s := dnsserver.New(dnsserver.Config{})
	published := map[zone.Key]zone.RRset{} // with the zones served when it was published
	last := map[dnsname.Name]uint32{}
	var served []dnsserver.ZoneSpec
	for step := range 2000 {
		if step%5 == 0 {
			served = served[:0]
			for _, a := range apexes {
				if rnd.IntN(2) == 0 {
					spec := dnsserver.ZoneSpec{Apex: a, Filled: true}
					if rnd.IntN(3) == 0 && a != apexes[4] {
						owner, err := a.Child("x")
						if err != nil {
							t.Fatal(err)
						}
						spec.Static = []zone.RRset{zone.NewRRset(owner, zone.TypeTXT, 5, zone.TXT("file"))}
					}
					served = append(served, spec)
				}
			}
			if err := s.SetZones(served); err != nil {
				t.Fatal(err)
			}
		} else {
			r := txt(owners[rnd.IntN(len(owners))], string(rune('a'+rnd.IntN(4))))
			e := zone.Edit{Op: zone.OpSet, RRset: r}
			if rnd.IntN(3) == 0 {
				e.Op = zone.OpDelete
			}
			if err := s.Publish([]zone.Edit{e}); err != nil {
				t.Fatal(err)
			}
			delete(published, r.Key())
			if e.Op == zone.OpSet {
				published[r.Key()] = r
			}
		}
		holder := func(owner dnsname.Name) (spec dnsserver.ZoneSpec, ok bool) {
			for _, z := range served {
				if owner.Under(z.Apex) && (!ok || z.Apex.Under(spec.Apex)) {
					spec, ok = z, true
				}
			}
			return spec, ok
		}
		maps.DeleteFunc(published, func(k zone.Key, _ zone.RRset) bool { // what no zone holds is forgotten
			_, ok := holder(k.Owner)
			return !ok
		})
		for _, z := range served {
			want := map[zone.Key]zone.RRset{}
			for k, r := range published {
				if in, _ := holder(k.Owner); in.Apex == z.Apex && k.Owner != z.Apex {
					want[k] = r
				}
			}
			for _, r := range z.Static {
				want[r.Key()] = r
			}
			got := map[zone.Key]zone.RRset{}
			for r := range s.Snapshot(z.Apex).All() {
				if r.Owner != z.Apex {
					got[r.Key()] = r
				}
			}
			if !maps.Equal(got, want) {
				t.Fatalf("step %d, zone %s of %v: got %v, want %v", step, z.Apex, served, got, want)
			}
			if serial := s.Snapshot(z.Apex).Serial(); zone.SerialLess(serial, last[z.Apex]) {
				t.Fatalf("step %d, zone %s: serial %d after %d", step, z.Apex, serial, last[z.Apex])
			} else {
				last[z.Apex] = serial
			}
		}
	}
}

// TestNamesAreAnsweredWhileZonesComeAndGo asks for names that are there all the
// time, by a socket, while the zones around them change.
func TestNamesAreAnsweredWhileZonesComeAndGo(t *testing.T) {
	s := listening(t)
	outer, inner := dnsserver.ZoneSpec{Apex: apex, Filled: true}, dnsserver.ZoneSpec{Apex: name("in"), Filled: true}
	if err := s.SetZones([]dnsserver.ZoneSpec{outer}); err != nil {
		t.Fatal(err)
	}
	var all []zone.RRset
	for i := range 2000 {
		all = append(all, txt(fmt.Sprintf("n%d.in", i), "there"))
	}
	if err := s.Publish(set(all...)); err != nil {
		t.Fatal(err)
	}
	addr := s.Addrs()[0].String()
	var done atomic.Bool
	asked := make(chan int)
	go func() {
		n := 0
		defer func() { asked <- n }()
		conn, err := dns.Dial("udp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		for ; !done.Load(); n++ {
			q := new(dns.Msg).SetQuestion(all[n%len(all)].Owner.String(), dns.TypeTXT)
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			if err := conn.WriteMsg(q); err != nil {
				t.Error(err)
				return
			}
			r, err := conn.ReadMsg()
			if err != nil || r.Rcode != dns.RcodeSuccess || len(r.Answer) != 1 {
				t.Errorf("query %d: %v, %v", n, r, err)
				return
			}
		}
	}()
	for i := range 60 {
		specs := []dnsserver.ZoneSpec{outer, inner}
		if i%2 == 1 {
			specs = specs[:1]
		}
		if err := s.SetZones(specs); err != nil {
			t.Error(err)
		}
	}
	done.Store(true)
	if n := <-asked; n == 0 {
		t.Error("nothing was asked")
	}
}

func TestANewZoneIsProvisionalUntilItIsSettled(t *testing.T) {
	s := listening(t)
	specs := []dnsserver.ZoneSpec{{Apex: apex, Filled: true, Provisional: true}, {Apex: dnsname.MustParse("files."), Filled: false}}
	if err := s.SetZones(specs); err != nil {
		t.Fatal(err)
	}
	rcode := func(name string) int {
		t.Helper()
		r, _, err := (&dns.Client{Timeout: time.Minute}).Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), s.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		return r.Rcode
	}
	got := []int{rcode("x.example."), rcode("x.files.")}
	s.Settle()
	got = append(got, rcode("x.example."))
	// What only files fill is never in doubt; what is set later is, as long as the Server is.
	s.SetProvisional(true)
	if err := s.SetZones(append(specs, dnsserver.ZoneSpec{Apex: name("within")})); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	got = append(got, rcode("x.example."), rcode("x.within.example."), rcode("x.files."))
	s.SetProvisional(false)
	got = append(got, rcode("x.example."), rcode("x.within.example."))
	const fail, none = dns.RcodeServerFailure, dns.RcodeNameError
	if want := []int{fail, none, none, fail, fail, none, none, none}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAFilledZoneIsServedWithoutRefusedStaticRecords(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	static := []zone.RRset{zone.NewRRset(apex, zone.TypeCNAME, 5, zone.Target(name("a")))}
	err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Static: static, Filled: true}})
	if err == nil || !strings.Contains(err.Error(), "example. CNAME") {
		t.Errorf("got %v", err)
	}
	if err := s.Publish(set(txt("a", "1"))); err != nil {
		t.Fatal(err)
	}
	if got := content(s); got != `a TXT "1"` {
		t.Errorf("the zone is %s", got)
	}
}

// TestSecondariesGetNoProvisionalZone: what a server lacks until it has read its
// sources, a secondary that follows it is not to lose.
func TestSecondariesGetNoProvisionalZone(t *testing.T) {
	s := listening(t)
	everybody := policy.NewPrefixes(netip.MustParsePrefix("127.0.0.0/8"))
	s.SetPolicy(policy.New(policy.Config{Transfer: []policy.Grant{{From: &everybody}}}))
	s.SetProvisional(true)
	var told []string
	s.SetNotify(func(apex dnsname.Name, _ zone.RRset) { told = append(told, apex.String()) })
	if err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Filled: true}, {Apex: dnsname.MustParse("files.")}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(set(txt("a", "1"))); err != nil {
		t.Fatal(err)
	}
	transfer := func(network string, q *dns.Msg) string {
		t.Helper()
		c := dns.Client{Net: network, Timeout: time.Minute}
		r, _, err := c.Exchange(q, s.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Answer) == 1 {
			return fmt.Sprint("has ", r.Answer[0].(*dns.SOA).Serial)
		}
		return dns.RcodeToString[r.Rcode]
	}
	last := s.Snapshot(apex).Serial() - 9 // that a secondary has
	got := []string{
		transfer("tcp", new(dns.Msg).SetAxfr("example.")), transfer("tcp", new(dns.Msg).SetIxfr("example.", last, ".", ".")),
		transfer("udp", new(dns.Msg).SetIxfr("example.", last, ".", ".")), transfer("tcp", new(dns.Msg).SetAxfr("files.")),
	}
	if want := []string{"SERVFAIL", fmt.Sprint("has ", last), fmt.Sprint("has ", last), "NOERROR"}; !slices.Equal(got, want) || !slices.Equal(told, []string{"files."}) {
		t.Errorf("in doubt: transfers get %v, want %v; told of %v", got, want, told)
	}
	s.SetProvisional(false)
	if got := transfer("tcp", new(dns.Msg).SetAxfr("example.")); got != "NOERROR" || !slices.Equal(told, []string{"files.", "example."}) {
		t.Errorf("settled: AXFR gets %s; told of %v", got, told)
	}
	s.SetProvisional(false) // nothing new
	if err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Filled: true}, {Apex: dnsname.MustParse("later."), Filled: true, Provisional: true}}); err != nil {
		t.Fatal(err)
	}
	if got := transfer("tcp", new(dns.Msg).SetAxfr("later.")); got != "SERVFAIL" || len(told) != 2 {
		t.Errorf("new: AXFR gets %s; told of %v", got, told)
	}
	s.Settle()
	if got := transfer("tcp", new(dns.Msg).SetAxfr("later.")); got != "NOERROR" || !slices.Equal(told[2:], []string{"later."}) {
		t.Errorf("settled again: AXFR gets %s; told of %v", got, told)
	}
}

// TestStaleIsNoBusinessOfSecondaries: that nobody can vouch for records is
// answered, and moves no serial: there is nothing to fetch.
func TestStaleIsNoBusinessOfSecondaries(t *testing.T) {
	s := listening(t)
	everybody := policy.NewPrefixes(netip.MustParsePrefix("127.0.0.0/8"))
	s.SetPolicy(policy.New(policy.Config{Transfer: []policy.Grant{{From: &everybody}}}))
	if err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Filled: true}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(set(txt("a", "1"), txt("b", "1"))); err != nil {
		t.Fatal(err)
	}
	told := 0
	s.SetNotify(func(dnsname.Name, zone.RRset) { told++ })
	ask := func(q *dns.Msg) *dns.Msg {
		t.Helper()
		c := dns.Client{Timeout: time.Minute}
		r, _, err := c.Exchange(q, s.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	extended := func(owner string) (texts []string) {
		for _, o := range ask(new(dns.Msg).SetQuestion(owner+".example.", dns.TypeTXT).SetEdns0(1232, false)).IsEdns0().Option {
			texts = append(texts, o.String())
		}
		return texts
	}
	before, serial := told, s.Snapshot(apex).Serial()
	stale := txt("a", "1")
	for _, stale.Stale = range []bool{true, false, true} {
		if err := s.Publish(set(stale)); err != nil {
			t.Fatal(err)
		}
		if got := extended("a"); slices.Contains(got, "3 (Stale Answer): ()") != stale.Stale {
			t.Errorf("stale %t: answered with %q", stale.Stale, got)
		}
		ixfr := ask(new(dns.Msg).SetIxfr("example.", serial-1, ".", "."))
		if now := s.Snapshot(apex).Serial(); now != serial || told != before || len(ixfr.Answer) == 0 || ixfr.Answer[0].(*dns.SOA).Serial != serial {
			t.Errorf("stale %t: serial %d, was %d; %d told; %v", stale.Stale, now, serial, told-before, ixfr.Answer)
		}
	}
	if err := s.Publish(set(txt("b", "2"), txt("a", "1"))); err != nil {
		t.Fatal(err)
	}
	if now := s.Snapshot(apex).Serial(); now == serial || told != before+1 {
		t.Errorf("records changed: serial %d, was %d, %d told", now, serial, told-before)
	}
	ixfr := ask(new(dns.Msg).SetIxfr("example.", serial, ".", "."))
	if got := len(ixfr.Answer); got != 6 { // four SOA, and one record for another
		t.Errorf("%d records: %v", got, ixfr.Answer)
	}
}

// TestFeed: whoever follows the zones is given each Snapshot with its changes, and
// none that names may be missing from.
func TestFeed(t *testing.T) {
	s := dnsserver.New(dnsserver.Config{})
	s.SetProvisional(true)
	apex := dnsname.MustParse("example.")
	if err := s.SetZones([]dnsserver.ZoneSpec{{Apex: apex, Filled: true}}); err != nil {
		t.Fatal(err)
	}
	var got []string
	s.SetFeed(func(apex dnsname.Name, next *zone.Snapshot, changes []zone.Change) {
		line := fmt.Sprintf("%s %d", apex, next.Names())
		for _, c := range changes {
			if c.Key.Type != zone.TypeSOA {
				line += " " + c.Key.Owner.String()
			}
		}
		got = append(got, line)
	})
	for i, do := range []func() error{
		func() error { return s.Publish(set(txt("a", "1"))) },
		func() error { s.SetProvisional(false); return nil },
		func() error { return s.Publish(set(txt("b", "1"))) },
		func() error { s.SetFeed(nil); return s.Publish(set(txt("c", "1"))) },
	} {
		if err := do(); err != nil {
			t.Fatal(i, err)
		}
	}
	if want := []string{"example. 2", "example. 3 b.example."}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
