package zone_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func random(t testing.TB) *rand.Rand {
	t.Logf("go test -run '%s' -seed %d", t.Name(), *seed)
	return rand.New(rand.NewPCG(*seed, 1))
}

var apex = dnsname.MustParse("example.")

func soa(serial uint32) zone.RRset {
	return zone.NewRRset(apex, zone.TypeSOA, 60, zone.SOA{MName: apex, RName: apex, Serial: serial, Minimum: 5}.RDATA())
}

func newZone(t testing.TB, sets ...zone.RRset) *zone.Snapshot {
	t.Helper()
	b := zone.NewZone(apex)
	b.Set(soa(1))
	for _, r := range sets {
		b.Set(r)
	}
	s, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// txt makes a TXT RRset at a name given relative to the apex.
func txt(name, text string) zone.RRset {
	return zone.NewRRset(dnsname.MustParse(name+".example."), zone.TypeTXT, 5, zone.TXT(text))
}

// TestSnapshotAgainstModel makes random edits in batches of very different
// sizes and compares every Snapshot, its order, its Changes and the Snapshots
// before it with a plain map.
func TestSnapshotAgainstModel(t *testing.T) {
	rnd := random(t)
	cur := newZone(t)
	model := map[zone.Key]zone.RRset{}
	for r := range cur.All() {
		model[r.Key()] = r
	}
	type past struct {
		snap  *zone.Snapshot
		model map[zone.Key]zone.RRset
	}
	var pasts []past
	for round := range 60 {
		b := zone.NewBuilder(cur)
		before := maps.Clone(model)
		for range []int{1, 2, 30, 700}[rnd.IntN(4)] {
			name := fmt.Sprintf("n%d.s%d", rnd.IntN(90), rnd.IntN(12))
			if rnd.IntN(4) == 0 {
				name = fmt.Sprintf(`\%03d.`, rnd.IntN(4)) + name // octets that the key escapes
			}
			r := randomRRset(rnd, dnsname.MustParse(name+".example."))
			// Long stretches of growth, then of decay, so that pages part and join.
			if rnd.IntN(10) < 3+4*(round/15%2) {
				b.Delete(r.Key())
				delete(model, r.Key())
			} else {
				b.Set(r)
				model[r.Key()] = r
				if r.IsEmpty() {
					delete(model, r.Key())
				}
			}
		}
		next, changes, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			old, was := before[c.Key]
			if was != (c.Old != nil) || was && old != *c.Old {
				t.Fatalf("round %d: change of %v has the wrong old set", round, c.Key)
			}
			if c.New == nil {
				delete(before, c.Key)
			} else {
				before[c.Key] = *c.New
			}
		}
		soaNow, _ := next.Lookup(apex, zone.TypeSOA)
		model[soaNow.Key()] = soaNow
		if !maps.Equal(before, model) {
			t.Fatalf("round %d: the changes do not lead from the old zone to the new", round)
		}
		if slices.ContainsFunc(changes, zone.Change.Transferred) != (next.Serial() == cur.Serial()+1) {
			t.Fatalf("round %d: %d changes, serial %d after %d", round, len(changes), next.Serial(), cur.Serial())
		}
		cur = next
		pasts = append(pasts, past{next, maps.Clone(model)})
		checkAgainst(t, next, model)
	}
	for _, p := range pasts { // immutable: none was touched by what came after
		checkAgainst(t, p.snap, p.model)
	}
}

// randomRRset makes RRsets of RDATA with nothing in common, and of such as pages
// leave out the most of.
func randomRRset(rnd *rand.Rand, owner dnsname.Name) zone.RRset {
	switch below := ".svc-" + strings.Repeat("y", rnd.IntN(3)) + ".ns.svc.clusterset.local."; rnd.IntN(4) {
	case 0:
		return zone.NewRRset(owner, zone.TypePTR, 300, zone.Target(dnsname.MustParse(fmt.Sprintf("pod-%d%s", rnd.IntN(100), below))))
	case 1:
		var rdatas []string
		for i := range rnd.IntN(12) {
			target, _ := owner.Child(fmt.Sprintf("pod-%d", i*i))
			if rnd.IntN(20) == 0 {
				target = dnsname.MustParse("far.away.test.")
			}
			rdatas = append(rdatas, zone.SRV(0, 0, uint16(8000+rnd.IntN(2)), target))
		}
		r := zone.NewRRset(owner, zone.TypeSRV, 5, rdatas...)
		r.Stale = rnd.IntN(3) == 0
		return r
	}
	size := rnd.IntN(80)
	if rnd.IntN(100) == 0 {
		size = []int{255, 500, 520, 3000, 65000}[rnd.IntN(5)]
	}
	rdatas := []string{strings.Repeat("x", size), "y", strings.Repeat("x", size) + "z"}
	return zone.NewRRset(owner, uint16(100+rnd.IntN(3)), 5, rdatas[:1+rnd.IntN(3)]...)
}

func checkAgainst(t *testing.T, s *zone.Snapshot, model map[zone.Key]zone.RRset) {
	t.Helper()
	var last *zone.RRset
	records, names := 0, map[dnsname.Name]bool{}
	var node, rdata zone.Buffer
	for r := range s.All() {
		if model[r.Key()] != r {
			t.Fatalf("%v: want %v", r, model[r.Key()])
		}
		if last != nil && !(dnsname.Compare(last.Owner, r.Owner) < 0 || last.Owner == r.Owner && last.Type < r.Type) {
			t.Fatalf("%v comes behind %v", r, *last)
		}
		last = &r
		records += r.Len()
		names[r.Owner] = true
	}
	total, exist := 0, map[dnsname.Name]bool{apex: true}
	for k, r := range model {
		total += r.Len()
		if got, ok := s.Lookup(k.Owner, k.Type); !ok || got != r {
			t.Fatalf("Lookup(%v) = %v, want %v", k, got, r)
		}
		n, _ := s.FindIn(k.Owner, &node)
		var packed []string
		for p := range n.Packed() {
			if p.Type == k.Type && p.TTL == r.TTL && p.Stale == r.Stale {
				for d := range p.RDATA(&rdata) {
					packed = append(packed, strings.Clone(d))
				}
			}
		}
		if !slices.Equal(packed, slices.Collect(r.RDATA())) {
			t.Fatalf("%v stands in its page as %q", r, packed)
		}
		for up := k.Owner; up != apex; up = up.Parent() {
			exist[up] = true
			if _, ok := s.Find(up); !ok {
				t.Fatalf("%s is above %s and does not exist", up, k.Owner)
			}
		}
		if absent, _ := k.Owner.Child("\x00absent"); !absent.IsZero() {
			if _, ok := s.Find(absent); ok {
				t.Fatalf("%s exists", absent)
			}
		}
	}
	all, before := 0, dnsname.Name{}
	for wire := range s.AllNames() {
		name := dnsname.FromFolded(string(wire))
		if !exist[name] || all > 0 && dnsname.Compare(before, name) >= 0 {
			t.Fatalf("%s is among all names, behind %s", name, before)
		}
		all, before = all+1, name
	}
	if all != len(exist) {
		t.Fatalf("%d names exist, want %d", all, len(exist))
	}
	if records != total || s.Records() != total || s.Names() != len(names) {
		t.Fatalf("%d records walked, %d counted, %d names counted; want %d and %d", records, s.Records(), s.Names(), total, len(names))
	}
}

func TestFindTellsEmptyNonTerminals(t *testing.T) {
	s := newZone(t, txt("a.b.c", "x"), txt("ab", "y"))
	for name, want := range map[string]struct{ exists, empty bool }{
		"a.b.c": {true, false}, "b.c": {true, true}, "c": {true, true}, "ab": {true, false},
		"b": {false, true}, "x.a.b.c": {false, true}, "a": {false, true}, "bc": {false, true},
	} {
		n, exists := s.Find(dnsname.MustParse(name + ".example."))
		if exists != want.exists || n.IsEmpty() != want.empty {
			t.Errorf("%s: exists %v, empty %v; want %v", name, exists, n.IsEmpty(), want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	name := func(s string) dnsname.Name { return dnsname.MustParse(s) }
	target := zone.Target(apex)
	for _, c := range []struct {
		what string
		sets []zone.RRset
		want string
	}{
		{"CNAME beside data", []zone.RRset{txt("a", "x"), zone.NewRRset(name("a.example."), zone.TypeCNAME, 5, target)}, "a.example. CNAME: stands beside TXT (RFC 1034 §3.6.2)"},
		{"two CNAMEs", []zone.RRset{zone.NewRRset(name("a.example."), zone.TypeCNAME, 5, target, zone.Target(name("b.")))}, "a.example. CNAME: is there more than once (RFC 2181 §10.1)"},
		{"second SOA", []zone.RRset{zone.NewRRset(name("a.example."), zone.TypeSOA, 5, soa(1).First())}, "a.example. SOA: stands below the apex example. (RFC 1035 §5.2)"},
		{"out of zone", []zone.RRset{zone.NewRRset(name("a.exemple."), zone.TypeTXT, 5, "x")}, "a.exemple. TXT: is outside of the zone example."},
		{"DNAME above", []zone.RRset{txt("b.a", "x"), zone.NewRRset(name("a.example."), zone.TypeDNAME, 5, target)}, "b.a.example. TXT: stands below the DNAME of a.example. (RFC 6672 §2.4)"},
	} {
		b := zone.NewBuilder(newZone(t))
		for _, r := range c.sets {
			b.Set(r)
		}
		if _, _, err := b.Build(); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.what, err, c.want)
		}
	}
	// What comes under a DNAME later is refused as well, and so is a zone without an SOA.
	s := newZone(t, zone.NewRRset(name("a.example."), zone.TypeDNAME, 5, target))
	b := zone.NewBuilder(s)
	b.Set(txt("c.b.a", "x"))
	if _, _, err := b.Build(); err == nil {
		t.Error("a record below a DNAME was taken")
	}
	b = zone.NewBuilder(s)
	b.Delete(zone.Key{Owner: apex, Type: zone.TypeSOA})
	if _, _, err := b.Build(); err == nil {
		t.Error("a zone without SOA was taken")
	}
}

// TestHugeNodes has entries that are many pages long beside small ones.
func TestHugeNodes(t *testing.T) {
	for _, size := range []int{1000, 5000, 60_000, 500_000} {
		for _, order := range []string{"abc", "bac", "bca", "cba"} {
			s := newZone(t)
			for _, c := range order {
				text := "x"
				if c == 'b' {
					text = strings.Repeat("y", size)
				}
				b := zone.NewBuilder(s)
				b.Set(txt(string(c), text))
				var err error
				if s, _, err = b.Build(); err != nil {
					t.Fatal(err)
				}
			}
			if s.Names() != 4 {
				t.Errorf("%s with %d octets: %d names", order, size, s.Names())
			}
			all := newZone(t, txt("a", "x"), txt("b", strings.Repeat("y", size)), txt("c", "x"))
			if all.Names() != 4 {
				t.Errorf("at once with %d octets: %d names", size, all.Names())
			}
		}
	}
}

func TestAddAndRemove(t *testing.T) {
	s := newZone(t, txt("a", "1"))
	b := zone.NewBuilder(s)
	owner := txt("a", "").Owner
	b.Apply(zone.Edit{Op: zone.OpAdd, RRset: txt("a", "2")}, zone.Edit{Op: zone.OpAdd, RRset: txt("a", "2")}, zone.Edit{Op: zone.OpRemove, RRset: txt("a", "1")})
	s, changes, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := s.Lookup(owner, zone.TypeTXT); r != txt("a", "2") || len(changes) != 2 {
		t.Fatalf("got %v, %d changes", r, len(changes))
	}
	b = zone.NewBuilder(s)
	b.Apply(zone.Edit{Op: zone.OpRemove, RRset: txt("a", "2")}, zone.Edit{Op: zone.OpRemove, RRset: txt("b", "2")})
	s, _, err = b.Build()
	if err != nil {
		t.Fatal(err)
	}
	if _, exists := s.Find(owner); exists {
		t.Fatal("the name outlived its last record")
	}
}

func TestSerial(t *testing.T) {
	s := newZone(t)
	step := func(floor uint32, sets ...zone.RRset) uint32 {
		t.Helper()
		b := zone.NewBuilder(s)
		b.SerialFloor(floor)
		for _, r := range sets {
			b.Set(r)
		}
		var err error
		if s, _, err = b.Build(); err != nil {
			t.Fatal(err)
		}
		return s.Serial()
	}
	got := []uint32{
		step(0, txt("a", "1")),           // counted up
		step(0, txt("a", "1")),           // nothing differs
		step(100, txt("a", "2")),         // lifted to the floor
		step(50, txt("a", "3")),          // never back to a floor
		step(0, soa(7), txt("a", "4")),   // never back to a file's
		step(0, soa(500), txt("a", "5")), // a file's newer one stands
		step(0, soa(1<<31+500-1)),        // as far ahead as RFC 1982 knows
	}
	if want := []uint32{2, 2, 100, 101, 102, 500, 1<<31 + 499}; !slices.Equal(got, want) {
		t.Fatalf("serials %v, want %v", got, want)
	}
}

func BenchmarkOneChange(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			sets := make([]zone.RRset, n)
			for i := range sets {
				sets[i] = zone.NewRRset(dnsname.MustParse(fmt.Sprintf("svc-%d.ns-%d.svc.example.", i, i%100)), zone.TypeA, 5, fmt.Sprintf("%04d", i%9999))
			}
			s := newZone(b, sets...)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				nb := zone.NewBuilder(s)
				nb.Set(zone.NewRRset(sets[i*7919%n].Owner, zone.TypeA, 5, fmt.Sprintf("%04d", i%9999)))
				var err error
				if s, _, err = nb.Build(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
