package ingress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a Resolver on a fake lookup until the test ends.
func start(t *testing.T, cfg Config, lookup func(context.Context, dnsname.Name) ([2]outcome, error)) (*Resolver, chan Change) {
	if cfg.Own == nil {
		cfg.Own = func(dnsname.Name) bool { return false }
	}
	cfg.MinTTL, cfg.MaxTTL, cfg.Workers = 5*time.Second, 5*time.Minute, cmp.Or(cfg.Workers, 2)
	r := newResolver(cfg, lookup)
	changes := make(chan Change)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx, changes); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return r, changes
}

func v4(ttl time.Duration, last byte) [2]outcome {
	return [2]outcome{{found, []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, last})}, ttl}, {kind: none, ttl: ttl}}
}

// TestReresolve: a hostname is asked on its TTL, never frozen, and only changes are told.
func TestReresolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		r, changes := start(t, Config{}, func(context.Context, dnsname.Name) ([2]outcome, error) {
			return v4(30*time.Second, byte(1+asked.Add(1)/5)), nil
		})
		begin := time.Now()
		if err := r.Acquire("lb.cloud.test"); err != nil {
			t.Fatal(err)
		}
		if c := <-changes; fmt.Sprint(c) != "{lb.cloud.test [192.0.2.1]  false}" || time.Since(begin) != 0 {
			t.Errorf("%v after %s", c, time.Since(begin))
		}
		if c := <-changes; fmt.Sprint(c) != "{lb.cloud.test [192.0.2.2]  false}" {
			t.Errorf("%v", c)
		}
		if took := time.Since(begin); took < 4*30*time.Second || took > 4*33*time.Second {
			t.Errorf("fifth answer after %s", took)
		}
	})
}

// TestFailureKeeps: an upstream that fails for an hour changes nothing but the finding.
func TestFailureKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		r, changes := start(t, Config{}, func(context.Context, dnsname.Name) ([2]outcome, error) {
			if down.Load() {
				return [2]outcome{}, errors.New("timeout")
			}
			return v4(30*time.Second, 1), nil
		})
		if err := r.Acquire("lb.cloud.test"); err != nil {
			t.Fatal(err)
		}
		<-changes
		down.Store(true)
		if c := <-changes; len(c.Addrs) != 1 || c.Finding == "" {
			t.Errorf("%v", c)
		}
		select {
		case c := <-changes:
			t.Errorf("%v", c)
		case <-time.After(time.Hour):
		}
		down.Store(false)
		begin := time.Now()
		if c := <-changes; len(c.Addrs) != 1 || c.Finding != "" || time.Since(begin) > 66*time.Second {
			t.Errorf("%v after %s", c, time.Since(begin))
		}
	})
}

// TestRecall: addresses that were known before stand until there is an answer, and
// it is told that there is none.
func TestRecall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answer atomic.Pointer[[2]outcome]
		r, changes := start(t, Config{}, func(context.Context, dnsname.Name) ([2]outcome, error) {
			if a := answer.Load(); a != nil {
				return *a, nil
			}
			return [2]outcome{}, errors.New("timeout")
		})
		v6, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")
		for _, name := range []string{"lb.cloud.test", "gone.cloud.test"} {
			if err := r.Acquire(name, v6, other); err != nil {
				t.Fatal(err)
			}
			if c := <-changes; fmt.Sprint(c.Addrs) != "[192.0.2.1 2001:db8::1]" || !c.Open || c.Finding == "" {
				t.Errorf("no server answers: %+v", c)
			}
		}
		r.Release("gone.cloud.test")
		same := [2]outcome{{found, []netip.Addr{other}, time.Minute}, {found, []netip.Addr{v6}, time.Minute}}
		answer.Store(&same)
		if c := <-changes; fmt.Sprint(c.Addrs) != "[192.0.2.1 2001:db8::1]" || c.Open || c.Finding != "" {
			t.Errorf("the same is answered: %+v", c)
		}
		answer.Store(nil)
		if c := <-changes; len(c.Addrs) != 2 || c.Open || c.Finding == "" {
			t.Errorf("no server answers any more: %+v", c)
		}
		if err := r.Acquire("denied.cloud.test", other); err != nil {
			t.Fatal(err)
		}
		answer.Store(&[2]outcome{{kind: none, ttl: time.Minute}, {kind: none, ttl: time.Minute}})
		var told []string
		for len(told) == 0 || told[len(told)-1] != "[]" {
			if c := <-changes; c.Hostname == "denied.cloud.test" {
				told = append(told, fmt.Sprint(c.Addrs))
			}
		}
		if got := fmt.Sprint(told); got != "[[192.0.2.1] [192.0.2.1] []]" && got != "[[192.0.2.1] []]" {
			t.Errorf("denied: %s", got) // once is not enough
		}
	})
}

// TestReferences: a hostname is asked while anybody wants it, and forgotten then.
func TestReferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		r, changes := start(t, Config{}, func(context.Context, dnsname.Name) ([2]outcome, error) {
			asked.Add(1)
			return v4(10*time.Second, 1), nil
		})
		for range 2 {
			if err := r.Acquire("lb.cloud.test"); err != nil {
				t.Fatal(err)
			}
		}
		<-changes
		r.Release("lb.cloud.test")
		time.Sleep(time.Minute)
		if n := asked.Load(); n < 5 {
			t.Errorf("asked %d times while wanted", n)
		}
		r.Release("lb.cloud.test")
		r.Release("lb.cloud.test") // one too many is forgiven
		synctest.Wait()
		n := asked.Load()
		time.Sleep(time.Hour)
		if asked.Load() != n || r.Len() != 0 {
			t.Errorf("asked %d times more, %d left", asked.Load()-n, r.Len())
		}
		if err := r.Acquire("bad..name"); err == nil {
			t.Error("a bad name was taken")
		}
	})
}

// TestBounded: a thousand hostnames due at once are asked by as many goroutines as there are workers.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		r, changes := start(t, Config{}, func(context.Context, dnsname.Name) ([2]outcome, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Millisecond)
			now.Add(-1)
			return v4(time.Hour, 1), nil
		})
		for i := range 1000 {
			if err := r.Acquire(fmt.Sprintf("lb%d.cloud.test", i)); err != nil {
				t.Fatal(err)
			}
		}
		for range 1000 {
			<-changes
		}
		if most.Load() != 2 {
			t.Errorf("%d at a time", most.Load())
		}
	})
}

// TestOwn: a name of a zone served here is not asked, but told, and nothing of it stands.
func TestOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := dnsname.MustParse("example.com.")
		r, changes := start(t, Config{Own: func(n dnsname.Name) bool { return n.Under(own) }}, func(context.Context, dnsname.Name) ([2]outcome, error) {
			t.Error("asked")
			return [2]outcome{}, nil
		})
		if err := r.Acquire("LB.Example.com"); err != nil {
			t.Fatal(err)
		}
		want := "load balancer hostname LB.Example.com: lb.example.com. lies in a zone served here: its answer would be made of itself"
		if c := <-changes; c.Finding != want || len(c.Addrs) != 0 {
			t.Errorf("%+v", c)
		}
	})
}
