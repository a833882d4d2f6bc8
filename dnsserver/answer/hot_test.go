package answer

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func random(t testing.TB) *rand.Rand {
	t.Logf("go test -run '%s' -seed %d", t.Name(), *seed)
	return rand.New(rand.NewPCG(*seed, 2))
}

var from = netip.MustParseAddrPort("127.0.0.1:5353")

// randomEdits makes edits of every kind among few names, so that they meet; with
// plain, only such as the hot path answers.
func randomEdits(rnd *rand.Rand, apex dnsname.Name, n int, plain bool) []zone.Edit {
	labels := []string{"a", "b", "c", "d", "ns", "*"}
	if plain {
		labels = labels[:5]
	}
	name := func() dnsname.Name {
		for n := apex; ; {
			n, _ = n.Child(labels[rnd.IntN(len(labels))])
			if rnd.IntN(3) == 0 || n.Labels() > 5 {
				return n
			}
		}
	}
	edits := make([]zone.Edit, n)
	for i := range edits {
		owner, ttl := name(), uint32(rnd.IntN(100))
		var r zone.RRset
		kind := rnd.IntN(9)
		if plain {
			kind = 3 + rnd.IntN(6)
		}
		switch kind {
		case 0:
			r = zone.NewRRset(owner, zone.TypeCNAME, ttl, zone.Target(name()))
		case 1:
			r = zone.NewRRset(owner, zone.TypeNS, ttl, zone.Target(name()), zone.Target(name()))
		case 2:
			r = zone.NewRRset(owner, zone.TypeDNAME, ttl, zone.Target(name()))
		case 3:
			r = zone.NewRRset(owner, zone.TypeMX, ttl, "\x00\x01"+zone.Target(name()), "\x00\x02"+zone.Target(name()))
		case 4:
			r = zone.NewRRset(owner, zone.TypeSRV, ttl, zone.SRV(0, 1, 80, name()))
		case 5:
			r = zone.NewRRset(owner, zone.TypeTXT, ttl, zone.TXT(string(make([]byte, rnd.IntN(1500)))))
		default:
			r = zone.NewRRset(owner, zone.TypeA, ttl, "\x01\x02\x03\x04", string([]byte{1, 2, 3, byte(rnd.IntN(9))}))
		}
		edits[i] = zone.Edit{Op: zone.OpSet, RRset: r}
		if rnd.IntN(3) == 0 {
			edits[i].Op = zone.OpDelete
		}
	}
	return edits
}

// build makes what can stand of the edits.
func build(prev *zone.Snapshot, edits []zone.Edit) (*zone.Snapshot, []zone.Change) {
	var all []zone.Change
	for _, e := range edits {
		b := zone.NewBuilder(prev)
		b.Apply(e)
		if next, changes, err := b.Build(); err == nil {
			prev, all = next, append(all, changes...)
		}
	}
	return prev, all
}

func emptyZone(t testing.TB, apex dnsname.Name) *zone.Snapshot {
	t.Helper()
	ns, _ := apex.Child("ns")
	b := zone.NewZone(apex)
	b.Set(zone.NewRRset(apex, zone.TypeSOA, 9, zone.SOA{MName: ns, RName: ns, Serial: 1, Minimum: 5}.RDATA()))
	b.Set(zone.NewRRset(apex, zone.TypeNS, 9, zone.Target(ns)))
	s, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// queries lists messages about a zone: every name in it, above and below them,
// every type that plays a part, in odd spelling, with and without EDNS.
func queries(rnd *rand.Rand, s *zone.Snapshot) [][]byte {
	names := map[dnsname.Name]bool{}
	for r := range s.All() {
		for n := r.Owner; n.Under(s.Apex()); n = n.Parent() {
			names[n] = true
			for _, l := range []string{"a", "x", "*"} {
				if c, err := n.Child(l); err == nil {
					names[c] = true
				}
			}
		}
	}
	var out [][]byte
	for n := range names {
		for _, typ := range []uint16{zone.TypeA, zone.TypeNS, zone.TypeCNAME, zone.TypeMX, zone.TypeTXT, zone.TypeAAAA, zone.TypeSRV, zone.TypeDNAME, zone.TypeDS, 41, 250, 255, 65280} {
			msg := binary.BigEndian.AppendUint16(nil, uint16(rnd.Uint32()))
			msg = append(msg, byte(rnd.IntN(2)), byte(rnd.IntN(8))<<4, 0, 1, 0, 0, 0, 0, 0, 0)
			for _, c := range []byte(n.Wire()) {
				if 'a' <= c && c <= 'z' && rnd.IntN(2) == 0 {
					c -= 'a' - 'A'
				}
				msg = append(msg, c)
			}
			msg = append(msg, byte(typ>>8), byte(typ), 0, 1)
			if rnd.IntN(2) == 0 {
				msg[11] = 1
				msg = append(msg, 0, 0, 41, byte(rnd.IntN(20)), 0, 0, 0, byte(rnd.IntN(2))<<7, byte(rnd.IntN(20)/19))
				options := [...]string{
					"", "", "", "\x00\x0a\x00\x08clientck", "\x00\x0a\x00\x18clientck\x01\x00\x00\x00serverserver",
					"\x00\x08\x00\x07\x00\x01\x18\x00\xc0\x00\x02", "\x00\x03\x00\x00", "\x00\x0b\x00\x00", "\x00\x63\x00\x01x",
				}[rnd.IntN(9)]
				msg = append(append(msg, 0, byte(len(options))), options...)
			}
			out = append(out, msg)
		}
	}
	return out
}

// TestHotPathEqualsReadable edits random zones step by step and, at each step,
// asks everything by both paths: whatever the hot path answers must be byte for
// byte what the readable one does. An Engine that saw the zone only as it is in
// the end must agree as well, so that nothing depends on the way there.
func TestHotPathEqualsReadable(t *testing.T) {
	rnd := random(t)
	var hot, total [2]int // before and after what was asked for was compiled
	for history := range 8 {
		e := NewEngine()
		cookies := policy.New(policy.Config{Cookies: policy.RandomCookies(), ServerID: "id"})
		e.SetPolicy(cookies)
		outer, inner := emptyZone(t, dnsname.MustParse("zone.")), emptyZone(t, dnsname.MustParse("f.d.zone."))
		e.Serve(outer)
		for step := range 6 {
			if step == 2 {
				e.Serve(inner)
			}
			snap := outer
			if step > 2 && step%2 == 0 {
				snap = inner
			}
			next, changes := build(snap, randomEdits(rnd, snap.Apex(), 1+rnd.IntN(40), history%2 == 1))
			if len(changes) > 0 {
				// Told as one list from first to last, as the caller of Publish does.
				b := zone.NewBuilder(snap)
				for r := range next.All() {
					b.Set(r)
				}
				for r := range snap.All() {
					if _, ok := next.Lookup(r.Owner, r.Type); !ok {
						b.Delete(r.Key())
					}
				}
				var err error
				if next, changes, err = b.Build(); err != nil {
					t.Fatal(err)
				}
				if step >= 2 || snap == outer {
					e.Publish(next, changes)
				}
			}
			fresh := NewEngine()
			fresh.SetPolicy(cookies)
			if snap == outer {
				outer = next
			} else {
				inner = next
			}
			fresh.Serve(outer)
			if step >= 2 {
				fresh.Serve(inner)
			}
			if step == 5 {
				e.Retract(inner.Apex())
				fresh = NewEngine()
				fresh.SetPolicy(cookies)
				fresh.Serve(outer)
			}
			// First as they are found in the zone, then, now and then, compiled.
			asked := append(queries(rnd, outer), queries(rnd, inner)...)
			for compiled := range 2 {
				for _, msg := range asked {
					total[compiled]++
					hot[compiled] += compare(t, e, fresh, msg)
				}
				if rnd.IntN(2) == 0 {
					break
				}
				e.compileWanted()
			}
			checkTable(t, e)
		}
	}
	t.Logf("%d of %d queries answered by the hot path", hot, total)
	if hot[0]*5 < total[0] || hot[1]*5 < total[1] {
		t.Errorf("the hot path answered %d of %d queries: too few to mean something", hot, total)
	}
}

// checkTable: names that exist are counted once for each zone's Snapshot that has them, and
// the table has entries only of names that exist, and of the zones that they are in.
func checkTable(t *testing.T, e *Engine) {
	t.Helper()
	names := 0
	zones := e.zones.Load()
	for _, z := range zones.byApex {
		for name := range z.snapshot.Load().AllNames() {
			names++
			if !e.census.may(e.table.hash(name)) {
				t.Fatalf("%q is not counted", name)
			}
		}
	}
	if e.census.live != names {
		t.Fatalf("%d names are counted, want %d", e.census.live, names)
	}
	s := e.table.state.Load()
	for i := range s.slots {
		if v := s.slots[i].Load(); v != slotFree && v != slotDeleted {
			entry := s.entry(v)
			z := zones.find(entry.name())
			if z == nil || z.id != entry.zone() {
				t.Fatalf("the entry of %q is of zone %d", entry.name(), entry.zone())
			}
			if _, exists := e.find(z.snapshot.Load(), dnsname.FromFolded(string(entry.name()))); !exists {
				t.Fatalf("%q has an entry and does not exist", entry.name())
			}
		}
	}
}

// room is what compare answers into.
var room [3][MaxStream]byte

func compare(t *testing.T, e, fresh *Engine, msg []byte) (hot int) {
	t.Helper()
	for _, mk := range []func(*Engine) *Worker{
		func(e *Engine) *Worker { return e.NewWorker(policy.UDP, &Counts{}) },
		func(e *Engine) *Worker { return e.NewWorker(policy.TCP, &Counts{}) },
	} {
		a, b, c := room[0][:], room[1][:], room[2][:]
		w := mk(e)
		for try := 0; ; try++ {
			p := w.engine.policy.Load()
			second := time.Now().Unix()
			na, nb := w.hot(a, msg, p, from.Addr()), w.readable(b, msg, p, from.Addr())
			nc := mk(fresh).Respond(c, msg, from)
			if time.Now().Unix() != second && try < 10 {
				continue // cookies have the time in them
			}
			if na > 0 {
				hot = 1
				if !bytes.Equal(a[:na], b[:nb]) {
					t.Fatalf("query %q:\n hot      %q\n readable %q", msg, a[:na], b[:nb])
				}
			}
			if !bytes.Equal(c[:nc], b[:nb]) {
				t.Fatalf("query %q:\n changed step by step %q\n served whole         %q", msg, b[:nb], c[:nc])
			}
			break
		}
	}
	return hot
}

// TestTableUnderChange has readers look names up while a writer changes,
// removes and adds them: a name that is always there is always found, with an
// answer that was current at some time, and memory is given back.
func TestTableUnderChange(t *testing.T) {
	apex := dnsname.MustParse("zone.")
	e := NewEngine()
	snap := emptyZone(t, apex)
	e.Serve(snap)
	names := make([]dnsname.Name, 3000)
	for i := range names {
		names[i], _ = apex.Child(fmt.Sprintf("n%d", i))
	}
	set := func(from, to int, value byte) {
		b := zone.NewBuilder(snap)
		for i := from; i < to; i++ {
			b.Set(zone.NewRRset(names[i], zone.TypeTXT, 1, zone.TXT(string(bytes.Repeat([]byte{value}, 100+i%50)))))
		}
		next, changes, err := b.Build()
		if err != nil {
			t.Error(err)
			return
		}
		snap = next
		e.Publish(snap, changes)
	}
	set(0, len(names), 'a')
	var stop atomic.Bool
	var readers sync.WaitGroup
	for r := range 2 {
		readers.Go(func() {
			w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
			for i := r; !stop.Load(); i = (i + 7) % len(names) {
				msg, _ := question(names[i], zone.TypeTXT)
				n := w.hot(dst, msg, w.engine.policy.Load(), from.Addr())
				if n == 0 {
					t.Errorf("%s was not found", names[i])
					return
				}
				text := dst[len(msg)+13 : n] // behind owner pointer, type, class, TTL, length and TXT's own length
				if len(text) != 100+i%50 || bytes.Count(text, text[:1]) != len(text) {
					t.Errorf("%s has the text %q", names[i], text)
					return
				}
			}
		})
	}
	rnd := random(t)
	most := 0
	for round := range 200 {
		e.compileWanted()
		most = max(most, e.table.live)
		e.age(forgetAfter / 10)
		from := rnd.IntN(len(names))
		set(from, min(from+200, len(names)), 'a'+byte(round%26))
	}
	stop.Store(true)
	readers.Wait()
	inUse := 0
	s := e.table.state.Load()
	for i := range s.count {
		if c := s.chunks[i].Load(); c != nil {
			inUse += len(*c)
		}
	}
	if most < len(names)/4 {
		t.Errorf("%d entries at most: what was asked for was not compiled", most)
	}
	if inUse > 4<<20 { // 3,000 names of some 200 octets, half of it dead, in chunks of 1 MiB
		t.Errorf("%d MiB of chunks are kept for 3,000 names", inUse>>20)
	}
}

// TestReadAheadIsOfTheSameQuery: what was found out ahead is used for the query it
// was found out about, and for no later one that comes to lie in its place.
func TestReadAheadIsOfTheSameQuery(t *testing.T) {
	e, _ := benchEngine(t, 100)
	msgs := map[string][]byte{}
	for kind, name := range map[string]string{"positive": "svc-7", "NXDOMAIN": "svc-x"} { // equally long
		msgs[kind], _ = question(dnsname.MustParse(name+".ns-7.svc.clusterset.local."), zone.TypeA)
	}
	friends := policy.NewPrefixes(netip.PrefixFrom(from.Addr(), 32))
	e.SetPolicy(policy.New(policy.Config{Query: &friends}))
	w := e.NewWorker(policy.UDP, &Counts{})
	stranger := netip.MustParseAddrPort("192.0.2.1:53")
	rcode := func(msg []byte, from netip.AddrPort) wire.Rcode {
		dst := make([]byte, MaxUDP)
		if n := w.Respond(dst, msg, from); n == 0 {
			t.Fatal("no answer")
		}
		return wire.Rcode(dst[3] & 15)
	}
	buffers := [][]byte{make([]byte, 512), make([]byte, 512), make([]byte, 512)}
	fill := func(kinds ...string) (queries [][]byte) {
		for i, kind := range kinds {
			queries = append(queries, buffers[i][:copy(buffers[i], msgs[kind])])
		}
		return queries
	}
	q := fill("NXDOMAIN", "positive", "NXDOMAIN")
	w.Prefetch(q)
	for i, want := range []wire.Rcode{wire.Refused, wire.NoError, wire.NXDomain} {
		who := from
		if want == wire.Refused {
			who = stranger
		}
		if got := rcode(q[i], who); got != want {
			t.Errorf("query %d of a batch: %v, want %v", i, got, want)
		}
	}
	q = fill("NXDOMAIN", "NXDOMAIN")
	w.Prefetch(q)
	rcode(q[0], stranger)
	rcode(q[1], stranger)
	if q = fill("positive"); rcode(q[0], from) != wire.NoError {
		t.Error("a query is answered as the one that lay in its place before")
	}
	q = fill("NXDOMAIN", "NXDOMAIN", "NXDOMAIN")
	w.Prefetch(q)
	if other := slices.Clone(msgs["positive"]); rcode(other, from) != wire.NoError || rcode(q[1], from) != wire.NXDomain {
		t.Error("a query that was not read ahead is answered as one that was")
	}
}

// TestHotPathAllocatesNothing is the budget of the hot path, asserted.
func TestHotPathAllocatesNothing(t *testing.T) {
	served, msgs := benchEngine(t, 1000)
	published, _ := benchPublished(t, 1000)
	for _, e := range []*Engine{served, published} {
		allocatesNothing(t, e, msgs)
	}
	if published.table.live > 10 {
		t.Errorf("%d names were compiled: that they are looked up in the zone was not tested", published.table.live)
	}
}

func allocatesNothing(t *testing.T, e *Engine, msgs map[string][]byte) {
	t.Helper()
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	for what, msg := range msgs {
		if n := w.hot(dst, msg, w.engine.policy.Load(), from.Addr()); n == 0 {
			t.Errorf("%s is not answered by the hot path", what)
		}
		ahead := [][]byte{msg, nil, msg[:5], msg}
		if n := testing.AllocsPerRun(100, func() { w.Prefetch(ahead); w.Respond(dst, msg, from) }); n != 0 {
			t.Errorf("%s: %v allocations a query", what, n)
		}
	}
}

// benchEngine serves n names and has a message for each plain case.
func benchEngine(t testing.TB, n int) (*Engine, map[string][]byte) {
	_, s, _ := benchZone(t, n)
	return engineOf(s)
}

// benchPublished is benchEngine for names that were published, so that none is compiled.
func benchPublished(t testing.TB, n int) (*Engine, map[string][]byte) {
	empty, s, changes := benchZone(t, n)
	e, msgs := engineOf(empty)
	e.Publish(s, changes)
	return e, msgs
}

func benchZone(t testing.TB, n int) (empty, s *zone.Snapshot, changes []zone.Change) {
	apex := dnsname.MustParse("clusterset.local.")
	empty = emptyZone(t, apex)
	b := zone.NewBuilder(empty)
	for i := range n {
		owner := dnsname.MustParse(fmt.Sprintf("svc-%d.ns-%d.svc.clusterset.local.", i, i%100))
		b.Set(zone.NewRRset(owner, zone.TypeA, 5, "\x0a\x00\x00\x01", "\x0a\x00\x00\x02", "\x0a\x00\x00\x03"))
	}
	// Some of what stands in pages in fewer octets than it has.
	for i := 100; i < 200; i++ {
		owner := dnsname.MustParse(fmt.Sprintf("_http._tcp.svc-%d.ns-%d.svc.clusterset.local.", i, i%100))
		var targets []string
		for j := range 3 {
			target := dnsname.MustParse(fmt.Sprintf("pod-%d.c1.svc-%d.ns-%d.svc.clusterset.local.", j, i, i%100))
			targets = append(targets, zone.SRV(0, 0, 80, target))
		}
		b.Set(zone.NewRRset(owner, zone.TypeSRV, 5, targets...))
		owner = dnsname.MustParse(fmt.Sprintf("%d.in-addr.svc.clusterset.local.", i))
		b.Set(zone.NewRRset(owner, zone.TypePTR, 5, zone.Target(dnsname.MustParse(fmt.Sprintf("pod.c1.svc-%d.ns.svc.example.", i)))))
	}
	s, changes, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return empty, s, changes
}

// engineOf serves a zone, and has messages about the one that benchZone makes.
func engineOf(s *zone.Snapshot) (*Engine, map[string][]byte) {
	e := NewEngine()
	e.SetPolicy(policy.New(policy.Config{Cookies: policy.RandomCookies()}))
	e.Serve(s)
	msgs := map[string][]byte{}
	for what, q := range map[string]struct {
		name string
		typ  uint16
	}{"positive": {"svc-7.ns-7.svc", zone.TypeA}, "NODATA": {"svc-7.ns-7.svc", zone.TypeAAAA}, "NXDOMAIN": {"nx.ns-7.svc", zone.TypeA},
		"SRV": {"_http._tcp.svc-107.ns-7.svc", zone.TypeSRV}, "PTR": {"107.in-addr.svc", zone.TypePTR}} {
		msg, _ := question(dnsname.MustParse(q.name+".clusterset.local."), q.typ)
		msgs[what] = msg
		opt := append(append([]byte(nil), msg...), 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0)
		opt[11] = 1
		msgs[what+" with EDNS"] = opt
		for kind, tail := range map[string]string{
			" with DO":            "\x80\x00\x00\x00",
			" with cookie":        "\x00\x00\x00\x0c\x00\x0a\x00\x08clientck",
			" with server cookie": "\x00\x00\x00\x1c\x00\x0a\x00\x18clientck" + string(policy.RandomCookies().Append(nil, []byte("clientck"), from.Addr(), time.Now())),
		} {
			msgs[what+kind] = append(opt[:len(opt)-4:len(opt)-4], tail...)
		}
	}
	return e, msgs
}

func BenchmarkRespond(b *testing.B) {
	e, msgs := benchEngine(b, 10_000)
	published, _ := benchPublished(b, 10_000)
	inZone := published.NewWorker(policy.UDP, &Counts{})
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	for what, msg := range msgs {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Respond(dst, msg, from)
			}
		})
		b.Run(what+" not compiled", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				inZone.Respond(dst, msg, from)
			}
		})
		b.Run(what+" readable", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.readable(dst, msg, w.engine.policy.Load(), from.Addr())
			}
		})
	}
}

// BenchmarkBatch answers as the UDP reader does, batches of different queries, of
// more names than a core's caches hold.
func BenchmarkBatch(b *testing.B) {
	b.Run("compiled", func(b *testing.B) {
		e, _ := benchEngine(b, batchNames)
		benchBatch(b, e)
	})
	b.Run("not compiled", func(b *testing.B) {
		e, _ := benchPublished(b, batchNames)
		benchBatch(b, e)
	})
}

const batchNames = 1_000_000

func benchBatch(b *testing.B, e *Engine) {
	const n, batch = batchNames, 16
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	var msgs [][]byte
	for i := range 100_000 {
		i = i * 7919 % n
		msg, _ := question(dnsname.MustParse(fmt.Sprintf("svc-%d.ns-%d.svc.clusterset.local.", i, i%100)), zone.TypeA)
		msgs = append(msgs, msg)
	}
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		if at += batch; at+batch > len(msgs) {
			at = 0
		}
		w.Prefetch(msgs[at : at+batch])
		for _, msg := range msgs[at : at+batch] {
			w.Respond(dst, msg, from)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/query")
}

// BenchmarkMemory reports what a name with one A costs, zone and table together.
func BenchmarkMemory(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e := NewEngine()
		apex := dnsname.MustParse("clusterset.local.")
		s := emptyZone(b, apex)
		e.Serve(s)
		for i := 0; i < n; i += 10_000 {
			nb := zone.NewBuilder(s)
			for j := i; j < i+10_000; j++ {
				owner := dnsname.MustParse(fmt.Sprintf("svc-%d.ns-%d.svc.clusterset.local.", j, j%100))
				nb.Set(zone.NewRRset(owner, zone.TypeA, 5, string(binary.BigEndian.AppendUint32(nil, uint32(j)))))
			}
			next, changes, err := nb.Build()
			if err != nil {
				b.Fatal(err)
			}
			s = next
			e.Publish(s, changes)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/name")
		runtime.KeepAlive(e)
	}
}

func FuzzRespond(f *testing.F) {
	e, msgs := benchEngine(f, 100)
	for _, m := range msgs {
		f.Add(m)
	}
	f.Add([]byte("\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01*\x00\x00\x01\x00\x01\x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x04\x00\x0a\x00\x00"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, w := range []*Worker{e.NewWorker(policy.UDP, &Counts{}), e.NewWorker(policy.TCP, &Counts{})} {
			dst := make([]byte, w.room)
			w.Prefetch([][]byte{msg, msg})
			second := time.Now().Unix()
			hot := append([]byte(nil), dst[:w.hot(dst, msg, w.engine.policy.Load(), from.Addr())]...)
			n := w.Respond(dst, msg, from)
			if e.Panics() > 0 {
				t.Fatalf("%q made the answer panic", msg)
			}
			if n > 0 && (n < 12 || dst[0] != msg[0] || dst[1] != msg[1] || dst[2]&0x80 == 0) {
				t.Fatalf("%q was answered by %q", msg, dst[:n])
			}
			m := w.readable(dst, msg, w.engine.policy.Load(), from.Addr())
			if len(hot) > 0 && !bytes.Equal(hot, dst[:m]) && time.Now().Unix() == second { // cookies have the time in them
				t.Fatalf("%q: hot %q, readable %q", msg, hot, dst[:m])
			}
		}
	})
}
