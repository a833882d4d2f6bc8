package rate

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRecovery: one refusal halves the rate, those of the same second do not halve
// it again, and it is back in half a minute, never above.
func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 10, 8)
		g := a.Zone("a")
		rate := func() float64 { return a.Status()[0].PerSecond }
		g.Throttled(action, 0)
		g.Throttled(action, 0)
		if rate() != 4 {
			t.Errorf("rate %v after two refusals at once, want 4", rate())
		}
		last := rate()
		for range 29 {
			time.Sleep(time.Second)
			if rate() <= last || rate() >= 8 {
				t.Fatalf("rate %v after %v", rate(), last)
			}
			last = rate()
		}
		time.Sleep(2 * time.Second)
		if s := a.Status()[0]; s.PerSecond != 8 || s.Ceiling != 8 || s.Throttled != 2 {
			t.Errorf("half a minute later: %+v", s)
		}
		for range 20 {
			g.Throttled(action, 0)
			time.Sleep(time.Second)
		}
		if rate() < 8*floor || rate() > 8*floor+2*8/recovery.Seconds() {
			t.Errorf("rate %v after a long row of refusals", rate())
		}
	})
}

// TestRateStandsStillWhileToldToWait: that time says nothing of the rate.
func TestRateStandsStillWhileToldToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 10, 8)
		a.Zone("a").Throttled(action, 20*time.Second)
		until := time.Now().Add(20 * time.Second)
		time.Sleep(19 * time.Second)
		if s := a.Status()[0]; s.PerSecond != 4 || !s.Until.Equal(until) {
			t.Errorf("%+v, want a rate of 4 until %s", s, until)
		}
		time.Sleep(2 * time.Second)
		if s := a.Status()[0]; s.PerSecond <= 4 || !s.Until.IsZero() {
			t.Errorf("a second later: %+v", s)
		}
	})
}

// TestAccountOfOthers: where others use most of an account, we find what is left,
// use it, and are refused seldom; when they have gone we have all of it.
func TestAccountOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, p := newAccount(t, 10, 10), newProvider(10, 3)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		load{t: t, ctx: ctx, gate: a.Zone("a"), zone: "a", to: p}.start(&wg, 5)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		p.mu.Lock()
		used, refused := len(p.zones), p.refused
		p.perSecond = 10
		p.mu.Unlock()
		if want := 3 * 600; used < want*8/10 {
			t.Errorf("%d calls of %d that were left", used, want)
		}
		if refused > 120 {
			t.Errorf("%d refusals in ten minutes", refused)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		before := len(p.served())
		wg.Wait()
		if got, want := len(p.zones)-before, 10*9*60; got < want*98/100 {
			t.Errorf("%d calls of %d after the others have gone", got, want)
		}
	})
}

// TestTokenOfWhoLeaves: a call that is let through at the moment it gives up gives
// its token to the next.
func TestTokenOfWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 200 {
			a := newAccount(t, 1, 1)
			g := a.Zone("a")
			_ = g.Wait(t.Context(), action, false)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second+1) // when the token comes
			begun := time.Now()
			passed := g.Wait(ctx, action, false) == nil
			cancel()
			if err := g.Wait(t.Context(), action, false); err != nil {
				t.Fatal(err)
			}
			want := time.Second
			if passed {
				want = 2 * time.Second
			}
			if took := time.Since(begun); took < want-time.Microsecond || took > want+time.Millisecond {
				t.Fatalf("passed %v, and the next after %s", passed, took)
			}
		}
	})
}
