package answer

import (
	"bytes"
	"fmt"
	"net/netip"
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

var from = netip.MustParseAddrPort("127.0.0.1:5353")

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
