package providers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/inmemory"
)

// strict lets two losses pass, or half of what there is.
func strict(cfg *providers.Config) {
	cfg.Guard = providers.Guard{Window: time.Minute, Count: 2, Share: 0.5}
}

func several(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("n%d 30 192.0.2.1", i))
	}
	return out
}

func wantHeld(t *testing.T, d *daemon, n int) {
	t.Helper()
	if st := d.sync.Status(); st.Held != n {
		t.Errorf("%d held, want %d: %s", st.Held, n, st.HeldBecause)
	}
}

// TestLossesWaitForTheirCall: what was admitted while no call got through counts until
// a window after it was made, however long that took.
func TestLossesWaitForTheirCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, strict, several(8)...)
		pass()
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if c.Action == inmemory.Apply {
				f.Before = errors.New("timeout")
			}
			return f
		})
		for i := range 5 {
			d.set(fmt.Sprintf("-n%d", i))
			time.Sleep(2 * time.Minute)
			synctest.Wait()
		}
		wantHeld(t, d, 1)
		server.Inject(nil)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := records(t, server); len(got) != 4 {
			t.Errorf("%d records, want half of 8: %v", len(got), got)
		}
		wantHeld(t, d, 1)
	})
}

// TestLossesCountOnceMade: a window begins when losses are made, not when they pass.
func TestLossesCountOnceMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, strict, several(8)...)
		pass()
		server.Inject(func(inmemory.Call) inmemory.Fault { return inmemory.Fault{Delay: 25 * time.Second} })
		d.set("-n0", "-n1", "-n2", "-n3")
		time.Sleep(50 * time.Second)
		server.Inject(nil)
		time.Sleep(20 * time.Second) // a minute after they passed, less after they were made
		d.set("-n4")
		pass()
		wantHeld(t, d, 1)
		if got := records(t, server); len(got) != 4 {
			t.Errorf("%d records, want 4: %v", len(got), got)
		}
	})
}

// TestDoubtfulLossesCount: what may have been taken away by a call that nobody heard
// back from counts, though it is wanted again.
func TestDoubtfulLossesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, strict, several(4)...)
		pass()
		once := false
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if c.Action == inmemory.Apply && !once {
				once, f.After = true, errors.New("timeout")
			}
			return f
		})
		d.set("-n0")
		time.Sleep(300 * time.Millisecond) // it is tried again after a second
		d.set("n0 30 192.0.2.1", "-n1", "-n2")
		pass()
		wantHeld(t, d, 2)
		want(t, server, "n0 A 30 192.0.2.1", "n1 A 30 192.0.2.1", "n2 A 30 192.0.2.1", "n3 A 30 192.0.2.1")
	})
}

// TestLossesAreOfWhatThereWas: what a batch creates is not part of what it takes from.
func TestLossesAreOfWhatThereWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, strict, several(7)...)
		pass()
		d.set("a 30 192.0.2.9", "-n0", "-n1")
		pass()
		d.set("-n2", "-n3")
		pass()
		wantHeld(t, d, 2) // 4 of 7
	})
}

// TestLossesOfADryRun: what is only said to be taken away counts as if it were.
func TestLossesOfADryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, strict, several(8)...)
		pass()
		d.halt()
		d = start(t, server, func(cfg *providers.Config) { strict(cfg); cfg.DryRun = true }, several(8)...)
		pass()
		for i := range 6 {
			d.set(fmt.Sprintf("-n%d", i))
			time.Sleep(30 * time.Second)
			synctest.Wait()
			wantHeld(t, d, 0) // two within a minute
		}
	})
}

// TestWordsDoNotCount: what somebody gave the word for leaves as much as before to pass
// without.
func TestWordsDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, strict, several(8)...)
		pass()
		d.set("-n0", "-n1", "-n2", "-n3", "-n4")
		pass()
		wantHeld(t, d, 5)
		d.sync.Release()
		pass()
		want(t, server, "n5 A 30 192.0.2.1", "n6 A 30 192.0.2.1", "n7 A 30 192.0.2.1")
		d.set("-n5", "-n6")
		pass()
		want(t, server, "n7 A 30 192.0.2.1")
	})
}

// TestPlanSaysWhatIsHeld: by who writes what waits, by who does not what would.
func TestPlanSaysWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, strict, several(8)...)
		pass()
		d.set("-n0", "-n1", "-n2", "-n3", "-n4", "n5 30 192.0.2.5")
		pass()
		held := func(why string, want ...string) {
			t.Helper()
			units, err := d.sync.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range units {
				for _, a := range u.Actions {
					if a.Held != "" {
						got = append(got, a.Key.Owner.Label())
						if !strings.Contains(a.Held, why) {
							t.Errorf("%v: held: %q, want %q", a.Key, a.Held, why)
						}
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("held %v, want %v", got, want)
			}
		}
		held("5 of 8", "n0", "n1", "n2", "n3", "n4")
		d.set("n0 30 192.0.2.1", "n1 30 192.0.2.1", "n2 30 192.0.2.1")
		pass()
		held("5 of 8", "n3", "n4") // they go on waiting
		d.halt()
		held("") // by themselves they would not
		d.set("-n5", "n4 30 192.0.2.1", "-n6", "-n7", "n3 30 CNAME x", "-n3 A")
		held("") // half of 8
		d.set("-n2")
		held("5 of 8", "n2", "n3", "n3", "n5", "n6", "n7") // of n3 what goes and what comes
	})
}
