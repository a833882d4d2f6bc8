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
		b := newBucket(action, Limit{Burst: 1, PerSecond: 1}, time.Now())
		begun := time.Now()
		first, err := b.queue.add("a", false)
		if err != nil {
			t.Fatal(err)
		}
		b.grant()
		<-first.ready
		b.leave(first)
		for i := range 2 {
			if err := b.wait(t.Context(), "a", false); err != nil {
				t.Fatal(err)
			}
			if took, want := time.Since(begun), time.Duration(i)*time.Second; took < want || took > want+time.Millisecond {
				t.Errorf("call %d after %s, want %s", i, took, want)
			}
		}
	})
}

// TestBurstShrinks with the rate: who uses the account too has no room for ours.
func TestBurstShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 12, 10) // 10 beside what is for the network
		g := a.Zone("a")
		g.Throttled(action, 0)
		time.Sleep(3 * time.Second) // the rate is 5.5: tokens for the whole burst
		begun, calls := time.Now(), 0
		for time.Since(begun) == 0 {
			if err := g.Wait(t.Context(), action, false); err != nil {
				t.Fatal(err)
			}
			calls++
		}
		if calls--; calls != 5 { // the last one had to wait
			t.Errorf("%d calls at once, want 5", calls)
		}
	})
}

// TestNoTimerIsLeft when nobody waits.
func TestNoTimerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(action, Limit{Burst: 1, PerSecond: 0.1}, time.Now())
		_ = b.wait(t.Context(), "a", false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := b.wait(ctx, "a", false); err == nil {
			t.Fatal("a token comes after half a second")
		}
		if b.timer.Stop() {
			t.Error("a timer runs")
		}
	})
}
