package providers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
)

// retiring has a Sync take all of its records out.
func retiring(c *providers.Config) { c.Retire = true }

// all are the server's Entries but the apex's: fences and claims too.
func all(t *testing.T, server *inmemory.Server) (out []string) {
	t.Helper()
	z, err := inmemory.New(inmemory.Config{Server: server, Client: "test"})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := z.Records(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Key.Owner != apex {
			out = append(out, strings.ReplaceAll(e.String(), ".example.com.", ""))
		}
	}
	return out
}

// many are n names of one address each.
func many(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("n-%d 30 192.0.2.1", i))
	}
	return out
}

// TestRetirement: all that is ours goes, once somebody has given the word, the fence
// last. What is another owner's or a stranger's stays. A process that starts after that
// writes nothing.
func TestRetirement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Edit(hosted.Simple(set(t, stranger)))
		other := start(t, server, func(c *providers.Config) { c.Rules.Owner, c.Holder = "test", "pod-b" }, "n-1 60 192.0.2.9", "theirs 60 192.0.2.9")
		pass()
		before := all(t, server)
		d := start(t, server, nil, many(40)...)
		pass()
		if n := len(records(t, server)); n != 42 {
			t.Fatalf("%d names are there, want 42", n)
		}
		d.halt()
		d = start(t, server, retiring, many(40)...)
		pass()
		st := d.sync.Status()
		if st.Phase != providers.PhaseHeld || st.Held != 40 || len(records(t, server)) != 42 {
			t.Errorf("%s with %d held and %d names there, want 40 to wait for a word", st.Phase, st.Held, len(records(t, server)))
		}
		d.sync.Release()
		pass()
		if st = d.sync.Status(); st.Phase != providers.PhaseRetired || st.Owned != 0 || st.Error != "" {
			t.Errorf("%s, %d owned, %q", st.Phase, st.Owned, st.Error)
		}
		// But for the other's fence all is as it was: it wrote no more either.
		if now := all(t, server); !slices.Equal(now, before) {
			t.Errorf("what is left is\n\t%s\nwant\n\t%s", strings.Join(now, "\n\t"), strings.Join(before, "\n\t"))
		}
		if st := other.sync.Status(); st.Calls.Conflicts > 0 {
			t.Errorf("the other owner met %d conflicts", st.Calls.Conflicts)
		}
		d.halt()
		writes := server.Count(inmemory.Apply)
		d = start(t, server, retiring, many(40)...)
		pass()
		d.set("n-2 30 192.0.2.7")
		pass()
		if st := d.sync.Status(); st.Phase != providers.PhaseRetired || server.Count(inmemory.Apply) != writes {
			t.Errorf("%s after %d writes more, want Retired after none", st.Phase, server.Count(inmemory.Apply)-writes)
		}
	})
}

// TestRetirementGoesThroughFaults: whichever call goes wrong, before the provider did
// what it was asked or after, and wherever the process ends, it comes to the same end.
func TestRetirementGoesThroughFaults(t *testing.T) {
	wrong := errors.New("no answer")
	for name, fault := range map[string]inmemory.Fault{"nothing is done": {Before: wrong}, "it is done, and nobody hears": {After: wrong}} {
		for at := 1; at <= 12; at++ {
			for _, crash := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s at call %d, crash %t", name, at, crash), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						server := fresh()
						server.Edit(hosted.Simple(set(t, stranger)))
						before := all(t, server)
						start(t, server, nil, many(3)...).halt()
						d := start(t, server, nil, many(3)...)
						pass()
						d.halt()
						d = start(t, server, retiring, many(3)...)
						calls := 0
						var hit chan struct{}
						if crash {
							hit = make(chan struct{}, 1)
						}
						server.Inject(func(c inmemory.Call) inmemory.Fault {
							if c.Client == "test" {
								return inmemory.Fault{}
							}
							if calls++; calls != at {
								return inmemory.Fault{}
							}
							if hit != nil {
								hit <- struct{}{}
							}
							return fault
						})
						d.sync.Release()
						pass()
						for range 4 {
							select {
							case <-hit:
								d.halt()
								d = start(t, server, retiring, many(3)...)
							default:
							}
							pass()
							d.sync.Release()
							pass()
							pass()
						}
						if st := d.sync.Status(); st.Phase != providers.PhaseRetired {
							t.Errorf("%s: %s, after %d calls", st.Phase, st.Error, calls)
						}
						if now := all(t, server); !slices.Equal(now, before) {
							t.Errorf("what is left is\n\t%s\nwant\n\t%s", strings.Join(now, "\n\t"), strings.Join(before, "\n\t"))
						}
					})
				})
			}
		}
	}
}

// TestLateBatchAfterRetirement: what a stale leader sent before, and comes after the
// fence is gone, fails whole.
func TestLateBatchAfterRetirement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		stale := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		server.Inject(func(c inmemory.Call) inmemory.Fault {
			if c.Action == inmemory.Apply {
				return inmemory.Fault{Lost: errors.New("no answer")}
			}
			return inmemory.Fault{}
		})
		stale.set("late 30 192.0.2.2")
		pass()
		stale.halt()
		held := server.Held()
		server.Inject(nil)
		d := start(t, server, retiring, "web 30 192.0.2.1")
		pass()
		d.sync.Release()
		pass()
		if st := d.sync.Status(); st.Phase != providers.PhaseRetired || held == 0 {
			t.Fatalf("%s, %d batches on their way", st.Phase, held)
		}
		for _, err := range server.Release() {
			if !errors.Is(err, hosted.ErrConflict) {
				t.Errorf("a late batch: %v, want a conflict", err)
			}
		}
		if now := all(t, server); len(now) > 0 {
			t.Errorf("what is left is %q", now)
		}
	})
}

// TestRetirementIsNotUndone: a leader that was paused, and goes on after the next one
// has retired, finds no fence. It does not write everything again before it learns
// that it leads no longer.
func TestRetirementIsNotUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		stale := start(t, server, nil, many(3)...)
		pass()
		held := hold(server)
		stale.set("n-1 30 192.0.2.7")
		pass()
		next := second(t, server)
		d := start(t, server, func(c *providers.Config) { next(c); retiring(c) }, many(3)...)
		pass()
		d.sync.Release()
		pass()
		if st := d.sync.Status(); st.Phase != providers.PhaseRetired {
			t.Fatalf("%s: %s", st.Phase, st.Error)
		}
		close(held)
		pass()
		pass() // it is as long as that until it knows
		if left := all(t, server); len(left) > 0 {
			t.Errorf("what is left is\n\t%s", strings.Join(left, "\n\t"))
		}
		stale.halt()
	})
}

// TestFenceTakenAwayIsMadeAgain: when it was nobody who retired, all goes on soon.
func TestFenceTakenAwayIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, many(2)...)
		pass()
		fence, err := ownership.FenceKey("prod", apex)
		if err != nil {
			t.Fatal(err)
		}
		server.Edit(hosted.Entry{Key: fence})
		d.set("n-1 30 192.0.2.7")
		time.Sleep(30 * time.Second)
		pass()
		want(t, server, "n-0 A 30 192.0.2.1", "n-1 A 30 192.0.2.7")
	})
}

// TestRetirementWithAnotherKey: claims that cannot be read stay with their records, and
// it is not said that nothing of ours is left.
func TestRetirementWithAnotherKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seal := func(b byte) func(*providers.Config) {
			codec, err := ownership.NewCodec(apex, bytes.Repeat([]byte{b}, ownership.KeyLen))
			if err != nil {
				t.Fatal(err)
			}
			return func(c *providers.Config) { c.Rules.Codec, c.Retire = codec, b == 2 }
		}
		server := fresh()
		d := start(t, server, seal(1), many(3)...)
		pass()
		d.halt()
		d = start(t, server, seal(2), many(3)...)
		pass()
		if st := d.sync.Status(); st.Phase != providers.PhaseRetired || !strings.Contains(st.Error, "3 record sets have claims that cannot be read") {
			t.Errorf("got %s %q", st.Phase, st.Error)
		}
		if n := len(records(t, server)); n != 3 {
			t.Errorf("%d names are there, want 3", n)
		}
	})
}

// TestOwnerByMistake: an installation wrote under another owner's name for a while. What it
// has left is taken away by retiring that owner, and nothing else is.
func TestOwnerByMistake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		mistaken := func(retire bool) func(*providers.Config) {
			return func(c *providers.Config) { c.Rules.Owner, c.Retire = "oops", retire }
		}
		d := start(t, server, nil, many(30)...)
		pass()
		d.halt()
		before := records(t, server)
		wrong := start(t, server, mistaken(false), append(many(30), "only 30 192.0.2.9")...)
		pass()
		wrong.halt()
		d = start(t, server, nil, append(many(30), "n-0 30 192.0.2.7")...)
		pass()
		d.set("n-0 30 192.0.2.1")
		pass()
		gone := start(t, server, mistaken(true))
		pass()
		if st := gone.sync.Status(); st.Phase != providers.PhaseHeld {
			t.Fatalf("the mistake's owner is %s, want it held", st.Phase)
		}
		gone.sync.Release()
		pass()
		if st := gone.sync.Status(); st.Phase != providers.PhaseRetired {
			t.Errorf("the mistake's owner is %s: %s", st.Phase, st.Error)
		}
		d.sync.Recheck()
		time.Sleep(2 * time.Hour)
		if st := d.sync.Status(); st.Phase != providers.PhaseInSync || st.RefusedCount > 0 || st.Held > 0 {
			t.Errorf("got %+v, want it in sync", st)
		}
		want(t, server, before...)
		for _, e := range all(t, server) {
			if strings.Contains(e, "oops") {
				t.Errorf("%s is left", e)
			}
		}
	})
}
