package forward_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestCoalesced: a thousand who ask at once are one query upstream.
func TestCoalesced(t *testing.T) {
	asked := make(chan struct{}) // closed when all have
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		<-asked
		w.WriteMsg(records(q, right))
	})
	r := run(t, forward.Config{Upstreams: to(u.addr), Hedge: time.Minute, Timeout: time.Minute})
	const n = 1000
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if got := show(r.Resolve(ctx, netip.MustParseAddr("10.0.0.1"), name("www.test."), dns.TypeA)); got != good {
				t.Error(got)
			}
		})
	}
	for end := time.Now().Add(time.Minute); r.Stats().Waiting < n && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	close(asked)
	all.Wait()
	s := r.Stats()
	if u.udp.Load() != 1 || s.Coalesced != n-1 || s.Waiting != 0 || s.InFlight != 0 {
		t.Errorf("%d queries upstream, %+v", u.udp.Load(), s)
	}
}

// slow is a Resolver whose upstream takes its time, in a synctest bubble.
func slow(t *testing.T, cfg forward.Config) *fake {
	f := newFake(t, cfg)
	f.SetExchange(func(ctx context.Context, _ int, key zone.Key, _ bool) ([]byte, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
		return records(new(dns.Msg).SetQuestion(key.Owner.String(), key.Type), key.Owner.String()+" 60 IN A 192.0.2.1").Pack()
	})
	return f
}

// ask asks for n names at once and counts those refused.
func (f *fake) ask(client, prefix string, n int) (busy int) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		all.Go(func() {
			_, err := f.Resolve(context.Background(), netip.MustParseAddr(client), name(fmt.Sprintf("%s%d.test.", prefix, i)), dns.TypeA)
			if err == nil {
				return
			}
			if !errors.Is(err, forward.ErrBusy) {
				f.t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			busy++
		})
	}
	all.Wait()
	return busy
}

func TestClientsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := slow(t, forward.Config{MaxInFlight: 40})
		var both sync.WaitGroup
		var busy [4]int
		both.Go(func() { busy[0] = f.ask("10.0.0.1", "a", 50) })
		synctest.Wait() // it has got all it gets
		both.Go(func() { busy[1] = f.ask("::ffff:10.0.0.1", "b", 5) })
		both.Go(func() { busy[2] = f.ask("10.0.0.2", "c", 10) })
		both.Go(func() { busy[3] = f.ask("2001:db8::1", "d", 7) + f.ask("2001:db8::ffff:1", "d", 7) })
		synctest.Wait()
		if s := f.Stats(); s.InFlight != 27 || s.Waiting != 27 {
			t.Errorf("%+v", s)
		}
		both.Wait()
		if busy != [4]int{40, 5, 0, 0} {
			t.Errorf("refused: %v", busy)
		}
		if n := f.ask("10.0.0.1", "e", 10); n != 0 {
			t.Errorf("%d refused later", n)
		}
	})
}

// TestNetworkIsOneClient: addresses of one /64 share.
func TestNetworkIsOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := slow(t, forward.Config{MaxInFlight: 8})
		var all sync.WaitGroup
		var mu sync.Mutex
		busy := 0
		for i := range 6 {
			all.Go(func() {
				n := f.ask(fmt.Sprintf("2001:db8::%d", i+1), fmt.Sprintf("x%d-", i), 1)
				mu.Lock()
				defer mu.Unlock()
				busy += n
			})
		}
		all.Wait()
		if busy != 4 {
			t.Errorf("%d of 6 refused, want all but 2", busy)
		}
	})
}

func TestWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := slow(t, forward.Config{MaxInFlight: 4})
		var all sync.WaitGroup
		var mu sync.Mutex
		refused := 0
		for range 40 { // for one name: one flight
			all.Go(func() {
				if _, err := f.Resolve(context.Background(), nobody, name("www.test."), dns.TypeA); errors.Is(err, forward.ErrBusy) {
					mu.Lock()
					defer mu.Unlock()
					refused++
				}
			})
		}
		all.Wait()
		if refused != 8 {
			t.Errorf("%d of 40 refused, want 8", refused)
		}
	})
}

// TestBusyGivesStale: past a bound, what is stale is given.
func TestBusyGivesStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{MaxInFlight: 1})
		f.says = []string{right}
		f.want(good, 60, 0)
		time.Sleep(2 * time.Minute)
		f.says, f.delay = nil, time.Hour
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		f.Resolve(ctx, nobody, name("other.test."), dns.TypeA)
		f.want(past, 30, 0)
	})
}

// TestMemory: neither many answers nor large ones take more than was allowed.
func TestMemory(t *testing.T) {
	text := fmt.Sprintf("%0200d", 7)
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := records(q)
		for i := range 4 {
			m.Answer = append(m.Answer, &dns.TXT{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60},
				Txt: []string{text, fmt.Sprint(i)},
			})
		}
		w.WriteMsg(m)
	})
	const entries, octets = 500, 200_000
	r := run(t, forward.Config{Upstreams: to(u.addr), CacheSize: entries, CacheOctets: octets})
	heap := func() int {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	for i := range 300 {
		get(t, r, fmt.Sprintf("n%d.test.", i), dns.TypeTXT)
	}
	s := r.Stats()
	if s.Octets > octets || s.Octets < octets/2 || s.Entries > entries {
		t.Errorf("%+v", s)
	}
	u.mu.Lock()
	u.seen = nil
	u.mu.Unlock()
	before := heap()
	for i := range 1000 {
		get(t, r, fmt.Sprintf("m%d.test.", i), dns.TypeTXT)
		u.mu.Lock()
		u.seen = nil
		u.mu.Unlock()
	}
	if after := heap(); after > before+octets {
		t.Errorf("the heap grew from %d to %d octets", before, after)
	}
	if s := r.Stats(); s.Octets > octets {
		t.Errorf("%+v", s)
	}
	small := run(t, forward.Config{Upstreams: to(u.addr), CacheSize: 10})
	for i := range 30 {
		get(t, small, fmt.Sprintf("n%d.test.", i), dns.TypeTXT)
	}
	if s := small.Stats(); s.Entries != 10 {
		t.Errorf("%+v", s)
	}
}

// TestCachedAllocates nothing, but once a second.
func TestCachedAllocates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, forward.Config{})
		f.says = []string{right}
		f.want(good, 60, 0)
		time.Sleep(3 * time.Second)
		www := name("www.test.")
		if n := testing.AllocsPerRun(100, func() { f.Cached(www, dns.TypeA) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func BenchmarkCached(b *testing.B) {
	r, err := forward.New(forward.Config{Upstreams: to(netip.MustParseAddrPort("127.0.0.1:53"))})
	if err != nil {
		b.Fatal(err)
	}
	r.SetExchange(func(_ context.Context, _ int, key zone.Key, _ bool) ([]byte, error) {
		return records(new(dns.Msg).SetQuestion(key.Owner.String(), key.Type), "www.test. 3600 IN A 192.0.2.1").Pack()
	})
	www := name("www.test.")
	if _, err := r.Resolve(context.Background(), nobody, www, dns.TypeA); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok := r.Cached(www, dns.TypeA); !ok {
				b.Error("not cached")
			}
		}
	})
}
