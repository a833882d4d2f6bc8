package providers_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

// TestFailedAuditIsTold: as long as nobody can look for what was edited by hand, the
// status says so.
func TestFailedAuditIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if c.Action == inmemory.List {
				f.Before = errors.New("no transfers today")
			}
			return f
		})
		time.Sleep(70 * time.Minute)
		if st := d.sync.Status(); st.Phase != providers.PhaseInSync || !strings.Contains(st.AuditError, "no transfers today") {
			t.Errorf("got %s %q", st.Phase, st.AuditError)
		}
		server.Inject(nil)
		time.Sleep(70 * time.Minute)
		if st := d.sync.Status(); st.AuditError != "" {
			t.Errorf("got %q after an audit", st.AuditError)
		}
	})
}

// TestEmptiedZoneIsToldBriefly: the log of a large hosted zone that somebody emptied
// stays short.
func TestEmptiedZoneIsToldBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		var log bytes.Buffer // written to by the Sync alone, which has ended when it is read
		d := start(t, server, func(c *providers.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }, many(500)...)
		pass()
		for _, r := range many(500) {
			server.Edit(hosted.Entry{Key: set(t, r).Key()})
		}
		time.Sleep(70 * time.Minute)
		d.halt()
		if n := len(records(t, server)); n != 500 {
			t.Errorf("%d names are there, want 500", n)
		}
		if n := strings.Count(log.String(), "edited by somebody else"); n != 21 || !strings.Contains(log.String(), "number=480") || !strings.Contains(log.String(), `is=(none)`) {
			t.Errorf("told %d times:\n%.2000s", n, &log)
		}
	})
}

// TestPlansTakeTurns: who asks for plans without end has one listing made at a time.
func TestPlansTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		var lists, most atomic.Int32
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if c.Action == inmemory.List {
				now := lists.Add(1)
				most.Store(max(most.Load(), now))
				time.Sleep(time.Second)
				lists.Add(-1)
			}
			return f
		})
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		var good, late atomic.Int32
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				switch _, err := d.sync.Plan(ctx); {
				case err == nil:
					good.Add(1)
				case errors.Is(err, context.DeadlineExceeded):
					late.Add(1)
				}
			})
		}
		wait.Wait()
		if most.Load() != 1 || good.Load() < 3 || good.Load()+late.Load() != 10 {
			t.Errorf("%d listings at a time, %d plans were made, %d came too late", most.Load(), good.Load(), late.Load())
		}
	})
}

// TestEditedEachTime: what is found edited by one audit after another is told of, so that
// somebody looks: it is written each time, and never stays.
func TestEditedEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		for i, want := range []string{"", "1 record sets, such as web.example.com. A, were found edited by two audits in a row", ""} {
			if i < 2 {
				server.Edit(hosted.Simple(set(t, "web 30 192.0.2.66")))
			}
			for lists := d.sync.Status().Calls.Lists; d.sync.Status().Calls.Lists == lists; {
				time.Sleep(time.Minute)
			}
			pass()
			if st := d.sync.Status(); (want == "") != (st.AuditError == "") || !strings.Contains(st.AuditError, want) {
				t.Errorf("after audit %d: %q, want %q", i+1, st.AuditError, want)
			}
		}
	})
}
