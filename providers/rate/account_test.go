package rate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers/hosted"
)

// TestNeverRefused: a provider that holds us to its documentation never refuses a
// call, whatever the network does, and what it allows is used.
func TestNeverRefused(t *testing.T) {
	for _, limit := range []Limit{{5, 5}, {50, 10}, {2, 0.5}, {100, 100}} {
		synctest.Test(t, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			r := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			delay := func() time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return 20*time.Millisecond + time.Duration(r.Int64N(int64(jitter)))
			}
			a, p := newAccount(t, limit.Burst, limit.PerSecond), newProvider(float64(limit.Burst), limit.PerSecond)
			const span = 5 * time.Minute
			ctx, cancel := context.WithTimeout(t.Context(), span)
			defer cancel()
			var wg sync.WaitGroup
			for i := range 7 {
				load{t: t, ctx: ctx, gate: a.Zone(zoneName(i)), zone: zoneName(i), delay: delay, to: p}.start(&wg, 20)
			}
			wg.Wait()
			if p.refused > 0 {
				t.Errorf("%+v: %d calls refused", limit, p.refused)
			}
			if got, want := float64(len(p.zones)), limit.PerSecond*span.Seconds(); got < 0.98*want {
				t.Errorf("%+v: %v calls of %v that were allowed", limit, got, want)
			}
		})
	}
}

// TestTokensAtOnce: what is allowed does not wait.
func TestTokensAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newAccount(t, 50, 10).Zone("a")
		begun := time.Now()
		for range 48 {
			if err := g.Wait(t.Context(), action, false); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("a burst took %s", took)
		}
		_ = g.Wait(t.Context(), action, false)
		if took := time.Since(begun); took < 100*time.Millisecond || took > 101*time.Millisecond {
			t.Errorf("the next came after %s, want 100ms", took)
		}
	})
}

// TestFair: a zone with many calls has no more of the rate than one with few, and
// one that begins late waits for one turn only.
func TestFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, p := newAccount(t, 1, 1), newProvider(1, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for zone, callers := range map[string]int{"many": maxWaiting, "few": 3, "one": 1} {
			load{t: t, ctx: ctx, gate: a.Zone(zone), zone: zone, to: p}.start(&wg, callers)
		}
		time.Sleep(60 * time.Second)
		synctest.Wait()
		before := len(p.served())
		if err := a.Zone("late").Wait(ctx, action, false); err != nil {
			t.Fatal(err)
		}
		if waited := len(p.served()) - before; waited > 3 {
			t.Errorf("%d calls went before the first of a zone that came late", waited)
		}
		wg.Wait()
		for _, zone := range []string{"many", "few", "one"} {
			if n := count(p.zones, zone); n < 31 || n > 35 {
				t.Errorf("%s has %d calls of 100", zone, n)
			}
		}
	})
}

// TestUrgentFirst: four of five tokens, and not all.
func TestUrgentFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, p := newAccount(t, 1, 1), newProvider(1, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		load{t: t, ctx: ctx, gate: a.Zone("a"), zone: "other", to: p}.start(&wg, 10)
		load{t: t, ctx: ctx, gate: a.Zone("b"), zone: "urgent", urgent: true, to: p}.start(&wg, 10)
		wg.Wait()
		if n := count(p.zones, "urgent"); n < 78 || n > 82 {
			t.Errorf("%d of %d calls were urgent ones, want four of five", n, len(p.zones))
		}
		for i := 1; i < len(p.zones)-5; i++ { // the first went before others waited
			if n := count(p.zones[i:i+5], "other"); n == 0 {
				t.Fatalf("none but urgent calls among %q", p.zones[i:i+5])
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 10, 10)
		for _, tt := range []struct {
			action string
			after  time.Duration
			want   time.Duration
		}{
			{action, 7 * time.Second, 7 * time.Second},
			{action, 24 * time.Hour, time.Hour},
			{"of no rate", 3 * time.Second, 3 * time.Second},
			{"of no rate", 0, time.Second},
		} {
			g := a.Zone("a")
			begun := time.Now()
			g.Throttled(tt.action, tt.after)
			g.Throttled(tt.action, tt.after/2) // what is shorter takes nothing away
			var wg sync.WaitGroup
			for i := range 3 {
				wg.Go(func() {
					if err := a.Zone(zoneName(i)).Wait(t.Context(), tt.action, true); err != nil {
						t.Error(err)
					}
					if took := time.Since(begun); took < tt.want || took > tt.want+2*time.Second {
						t.Errorf("%s: called after %s, want %s", tt.action, took, tt.want)
					}
				})
			}
			wg.Wait()
		}
	})
}

func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 1, 0.1)
		g := a.Zone("a")
		if err := g.Wait(t.Context(), action, false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range maxWaiting {
			wg.Go(func() {
				err := g.Wait(ctx, action, false)
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "zone a: waiting to call Change") {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if err := g.Wait(ctx, action, true); !errors.Is(err, ErrCrowded) {
			t.Errorf("one call more: %v", err)
		}
		if s := a.Status()[0]; s.Waiting != maxWaiting || s.Urgent != 0 {
			t.Errorf("status %+v", s)
		}
		wg.Wait()
		if s := a.Status()[0]; s.Waiting != 0 {
			t.Errorf("%d wait after all have gone", s.Waiting)
		}
		// Who went took no token along.
		begun := time.Now()
		if err := a.Zone("b").Wait(t.Context(), action, false); err != nil || time.Since(begun) > 9*time.Second+time.Millisecond {
			t.Errorf("the next token came after %s, %v", time.Since(begun), err)
		}
		done, end := context.WithCancel(t.Context())
		end()
		if err := g.Wait(done, "of no rate", false); !errors.Is(err, context.Canceled) {
			t.Errorf("a call that nobody waits for: %v", err)
		}
	})
}

func TestConfig(t *testing.T) {
	rates := []hosted.Rate{{Action: "Change", Burst: 5, PerSecond: 5}, {Action: "List", Burst: 5, PerSecond: 5}}
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"documented", Config{Rates: rates}, ""},
		{"overridden", Config{Rates: rates, Override: map[string]Limit{"List": {1, 0.5}}}, ""},
		{"no such action", Config{Name: "aws", Rates: rates, Override: map[string]Limit{"Chnage": {1, 1}}}, "account aws: rate of Chnage: there is no such action, want one of Change, List"},
		{"twice", Config{Name: "aws", Rates: append(rates, rates[0])}, "account aws: two rates of Change"},
		{"no burst", Config{Rates: rates, Override: map[string]Limit{"List": {0, 1}}}, "rate of List: burst is 0"},
		{"nothing a second", Config{Rates: rates, Override: map[string]Limit{"List": {1, 0}}}, "0 calls a second"},
		{"no number", Config{Rates: rates, Override: map[string]Limit{"List": {1, math.NaN()}}}, "NaN calls a second"},
		{"without end", Config{Rates: rates, Override: map[string]Limit{"List": {1, math.Inf(1)}}}, "+Inf calls a second"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := NewAccount(tt.cfg)
			if tt.want == "" {
				if err != nil || len(a.Status()) != 2 || a.Status()[1].Action != "List" {
					t.Errorf("%v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
