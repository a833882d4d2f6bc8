package answer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestCensus counts names in and out at random, and some twice: none that is counted is
// ever said not to exist, a reader beside never misses one that stays, and few of those
// that are not counted are said to exist.
func TestCensus(t *testing.T) {
	rnd := random(t)
	var c census
	c.init()
	var kept []uint64 // all the time
	for range 300 {
		h := rnd.Uint64()
		kept = append(kept, h)
		c.add(h)
	}
	var stop atomic.Bool
	var readers sync.WaitGroup
	readers.Go(func() {
		for i := 0; !stop.Load(); i = (i + 1) % len(kept) {
			if !c.may(kept[i]) {
				t.Errorf("%x is counted and said not to exist", kept[i])
				return
			}
		}
	})
	in := slices.Clone(kept)
	for range 200_000 {
		if n := len(in); n > len(kept) && rnd.IntN(1000) < 480 {
			i := len(kept) + rnd.IntN(n-len(kept))
			if !c.remove(in[i]) {
				t.Fatalf("%x was counted and is not there", in[i])
			}
			in = slices.Delete(in, i, i+1)
		} else {
			h := rnd.Uint64()
			if rnd.IntN(4) == 0 {
				h = in[rnd.IntN(n)]
			}
			if !c.room(1) {
				c.retake(1, slices.Values(in))
			}
			c.add(h)
			in = append(in, h)
		}
	}
	stop.Store(true)
	readers.Wait()
	for _, h := range in {
		if !c.may(h) {
			t.Fatalf("%x is counted and said not to exist", h)
		}
	}
	wrong := 0
	for range 100_000 {
		if c.may(rnd.Uint64()) {
			wrong++
		}
	}
	if c.live != len(in) || wrong > 100 {
		t.Errorf("%d counted, want %d; %d of 100,000 others may exist", c.live, len(in), wrong)
	}
	if places := 2 * len(*c.words.Load()); places > max(5*len(in), leastPrints) {
		t.Errorf("%d places for %d names", places, len(in))
	}
}

// TestCensusMendsItself: that a name is counted out once too often is noticed, and
// costs no name its existence.
func TestCensusMendsItself(t *testing.T) {
	e, _ := benchPublished(t, 300)
	name := []dnsname.Name{dnsname.MustParse("svc-7.ns-7.svc.clusterset.local.")}
	e.countOut(name)
	if e.census.may(e.table.hash([]byte(name[0].Wire()))) {
		t.Fatal("a name that was counted out may exist: nothing is tested")
	}
	e.countOut(name)
	checkTable(t, e)
}

// TestWanted: what is put in comes out once, while others put in as well; what finds no
// room is left out and comes again.
func TestWanted(t *testing.T) {
	var q wanted
	q.init()
	e := NewEngine()
	var buf [dnsname.MaxWire]byte
	got := map[string]int{}
	take := func() {
		for n := q.take(&buf); n > 0; n = q.take(&buf) {
			got[string(buf[:n])]++
		}
		q.forget()
	}
	const names = 3 * wantedNames
	for rounds := 0; len(got) < names; rounds++ {
		if rounds > 100_000 {
			t.Fatalf("%d of %d names came through", len(got), names)
		}
		var putting sync.WaitGroup
		for w := range 4 {
			putting.Go(func() {
				for i := range names {
					i = (i*(2*w+1) + rounds*wantedNames/2) % names
					name := []byte(dnsname.MustParse(fmt.Sprintf("n%d.example.", i)).Wire())
					q.add(name, e.table.hash(name))
				}
			})
		}
		take()
		putting.Wait()
		take()
	}
	for name := range got {
		if n, err := dnsname.Parse(string([]byte(name)[1 : 1+name[0]])); err != nil || n.IsZero() {
			t.Errorf("%q came out", name)
		}
	}
	clear(got)
	for range 1000 {
		q.add([]byte("\x01a\x00"), 7)
	}
	if take(); got["\x01a\x00"] != 1 || len(got) != 1 {
		t.Errorf("a name that was asked for a thousand times came out: %v", got)
	}
}

// TestWhatIsAskedForIsCompiled: names that are published have no entry before they are
// asked for, soon have one after, and an entry goes with its name.
func TestWhatIsAskedForIsCompiled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, msgs := benchPublished(t, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		var compiling sync.WaitGroup
		compiling.Go(func() { e.Compile(ctx) })
		before := entries(e)
		w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
		ask := func(what string) string { return string(dst[:w.Respond(dst, msgs[what], from)]) }
		positive, missing := ask("positive"), ask("NXDOMAIN")
		if entries(e) != before {
			t.Error("a query has compiled")
		}
		time.Sleep(2 * compileIdle)
		svc, ns := dnsname.MustParse("svc-7.ns-7.svc.clusterset.local."), dnsname.MustParse("ns-7.svc.clusterset.local.")
		for _, name := range []dnsname.Name{svc, ns} { // the second one is what the missing name is below of
			if _, ok := e.table.get([]byte(name.Wire())); !ok {
				t.Errorf("%s has no entry", name)
			}
		}
		if entries(e) != before+2 {
			t.Errorf("%d entries more, want 2", entries(e)-before)
		}
		if ask("positive") != positive || ask("NXDOMAIN") != missing {
			t.Error("the answers are others now")
		}
		for range int(5 * forgetAfter / time.Minute) { // one of them is asked for all the time
			time.Sleep(time.Minute / 2)
			ask("positive")
		}
		if _, ok := e.table.get([]byte(svc.Wire())); !ok || entries(e) != before+1 {
			t.Errorf("%d entries more, want the one that is asked for", entries(e)-before)
		}
		b := zone.NewBuilder(e.Snapshot(dnsname.MustParse("clusterset.local.")))
		b.Delete(zone.Key{Owner: svc, Type: zone.TypeA})
		s, changes, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		e.Publish(s, changes)
		if entries(e) != before || ask("positive")[3]&15 != 3 {
			t.Errorf("%d entries more, want none; %q", entries(e)-before, ask("positive"))
		}
		checkTable(t, e)
		cancel()
		compiling.Wait()
	})
}

// entries counts the names that have one, beside a goroutine that compiles.
func entries(e *Engine) int {
	e.writing.Lock()
	defer e.writing.Unlock()
	return e.table.live
}
