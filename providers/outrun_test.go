package providers_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

// TestOutrunStandsBack: a leader that was paused leaves the fence to who leads now,
// however large the batch was that failed.
func TestOutrunStandsBack(t *testing.T) {
	for _, n := range []int{1, 100} { // so few are read again one by one, so many are not
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before, after := make([]string, n), make([]string, n)
				for i := range n {
					before[i], after[i] = fmt.Sprintf("w%d 30 192.0.2.1", i), fmt.Sprintf("w%d 30 192.0.2.66", i)
				}
				server := fresh()
				a := start(t, server, nil, before...)
				pass()
				held := hold(server)
				a.set(after...)
				time.Sleep(time.Second)
				b := start(t, server, second(t, server), before...)
				pass()
				close(held)
				pass()
				b.set("new 30 192.0.2.3")
				pass()
				if calls := b.sync.Status().Calls; calls.Conflicts > 0 {
					t.Errorf("who leads was outrun: %+v", calls)
				}
				a.halt()
			})
		})
	}
}

// TestTwoInstallationsWithOneOwner: each takes what the other has written for its own that
// is wanted no longer. Neither takes it away without a word, and both say why.
func TestTwoInstallationsWithOneOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ofA, ofB []string
		for i := range 30 {
			ofA, ofB = append(ofA, fmt.Sprintf("a%d 30 192.0.2.1", i)), append(ofB, fmt.Sprintf("b%d 30 192.0.2.2", i))
		}
		server := fresh()
		a := start(t, server, nil, ofA...)
		time.Sleep(time.Minute)
		b := start(t, server, second(t, server), ofB...)
		for i := range 12 { // changes and audits of both
			a.set(fmt.Sprintf("a0 30 192.0.2.%d", 3+i))
			time.Sleep(30 * time.Minute)
			b.set(fmt.Sprintf("b0 30 192.0.2.%d", 3+i))
			time.Sleep(10 * time.Minute)
			if n := len(records(t, server)); n != 60 {
				t.Fatalf("%d record sets after %d rounds, want the 60 of both", n, i+1)
			}
		}
		for name, d := range map[string]*daemon{"pod-b": a, "pod-a": b} {
			if st := d.sync.Status(); st.Held != 30 || !strings.Contains(st.HeldBecause, name+"/") || !strings.Contains(st.HeldBecause, "needs another owner") {
				t.Errorf("got %d held: %q, want 30 and that %s writes, too", st.Held, st.HeldBecause, name)
			}
		}
		b.halt() // it was given another owner: what it has left is nobody's now
		a.sync.Release()
		pass()
		a.set("-a1")
		time.Sleep(3 * time.Hour)
		a.set("-a2")
		pass()
		if n := len(records(t, server)); n != 29 {
			t.Errorf("%d record sets, want 29: the one that was taken away while the other was about waits for a word", n)
		}
	})
}

// TestRestoredHostedZone: the hosted zone is as it was yesterday, fence and all. That is
// no other process, and what is too much in it is taken away without a word.
func TestRestoredHostedZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		var logged diary
		d := start(t, server, logged.keep,
			"old 30 192.0.2.1", "web 30 192.0.2.1", "api 30 192.0.2.1")
		pass()
		backup := content(t, server)
		d.set("-old", "web 30 192.0.2.2", "new 30 192.0.2.3")
		pass()
		d.set("api 30 192.0.2.4")
		pass()
		for _, e := range content(t, server) {
			server.Edit(hosted.Entry{Key: e.Key})
		}
		server.Edit(backup...)
		d.set("more 30 192.0.2.5")
		time.Sleep(2 * time.Minute)
		want(t, server, "api A 30 192.0.2.4", "more A 30 192.0.2.5", "new A 30 192.0.2.3", "web A 30 192.0.2.2")
		if st := d.sync.Status(); st.Phase != providers.PhaseInSync || st.Held != 0 {
			t.Errorf("got %+v, want it in sync", st)
		}
		if !strings.Contains(logged.String(), "restored from a copy") {
			t.Errorf("the log does not tell of the copy:\n%s", logged.String())
		}
	})
}

// content is all that a server holds but the apex's own.
func content(t *testing.T, server *inmemory.Server) (out []hosted.Entry) {
	t.Helper()
	z, err := inmemory.New(inmemory.Config{Server: server, Client: "test"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := z.Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Key.Owner != apex {
			out = append(out, e)
		}
	}
	return out
}
