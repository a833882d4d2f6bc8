package providers_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

// diary is a log, by line.
type diary struct {
	mu   sync.Mutex
	text strings.Builder
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func (d *diary) keep(c *providers.Config) { c.Log = slog.New(slog.NewTextHandler(d, nil)) }

// lines counts those with a text.
func (d *diary) lines(text string) (n int) {
	for line := range strings.Lines(d.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// TestManyRefusalsAreToldBriefly: of a zone that is somebody else's, as all of it is with
// the wrong sealKey, a part is told of by name, the rest by number.
func TestManyRefusalsAreToldBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		for _, r := range many(1000) {
			server.Edit(hosted.Simple(set(t, r)))
		}
		var log diary
		d := start(t, server, log.keep, many(1000)...)
		time.Sleep(24 * time.Hour)
		if n := log.lines("record set is refused"); n != 20 {
			t.Errorf("%d refusals are told by name, want 20", n)
		}
		if log.lines("further record sets are refused") != 1 || log.lines("number=980") != 1 {
			t.Errorf("want the other 980 to be told by number:\n%s", log.String())
		}
		if st := d.sync.Status(); st.RefusedCount != 1000 {
			t.Errorf("the status has %d refusals, want all", st.RefusedCount)
		}
	})
}

// TestPoisonForWeeks: a record that the provider never takes changes all the time, amid
// others that are written. It is told of now and then.
func TestPoisonForWeeks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			for _, ch := range c.Batch.Changes {
				if ch.Key().Owner == name_("bad") {
					f.Before = &hosted.RefusedError{Reason: "bad luck"}
				}
			}
			return f
		})
		var log diary
		d := start(t, server, log.keep, many(50)...)
		for i := range 24 * 60 {
			d.set(fmt.Sprintf("bad 30 192.0.2.%d", 1+i%2), fmt.Sprintf("n-1 30 192.0.2.%d", 1+i%200))
			time.Sleep(time.Minute)
		}
		if got := d.sync.Status(); got.RefusedCount != 1 || len(records(t, server)) != 50 {
			t.Errorf("%d refused, %d there, want 1 and 50", got.RefusedCount, len(records(t, server)))
		}
		if n := log.lines("record set is refused"); n < 20 || n > 30 {
			t.Errorf("it is told %d times in a day, want once an hour", n)
		}
	})
}

// TestHalfOfAllCallsThrottled: for hours. All is written, and the log does not fill.
func TestHalfOfAllCallsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		dice := rand.New(rand.NewPCG(1, 2))
		server.Inject(func(inmemory.Call) (f inmemory.Fault) {
			if dice.IntN(2) == 0 {
				f.Before = &hosted.ThrottledError{Err: errors.New("rate exceeded")}
			}
			return f
		})
		var log diary
		d := start(t, server, log.keep, many(50)...)
		time.Sleep(time.Hour)
		late := 0
		for i := range 8 * 60 {
			d.set(fmt.Sprintf("n-1 30 192.0.2.%d", 1+i%200))
			time.Sleep(5 * time.Minute)
			if st := d.sync.Status(); st.Phase != providers.PhaseInSync {
				late++ // nine or more were throttled in a row
			}
		}
		if late > 24 {
			t.Errorf("%d of 480 changes took more than 5 minutes, want one in 20 at most", late)
		}
		if n := log.lines("hosted zone cannot be kept"); n < 1 || n > 80 {
			t.Errorf("%d lines in 40 hours, want one or two an hour", n)
		}
		if st := d.sync.Status(); st.Calls.Throttled < 100 {
			t.Errorf("%d calls were throttled: the test shows nothing", st.Calls.Throttled)
		}
	})
}

// TestProviderOutForDays: it is told when it begins, and hourly; then all is written.
func TestProviderOutForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		var log diary
		d := start(t, server, log.keep, many(50)...)
		pass()
		server.Inject(func(inmemory.Call) inmemory.Fault { return inmemory.Fault{Before: errors.New("connection refused")} })
		d.set("n-1 30 192.0.2.99")
		time.Sleep(72 * time.Hour)
		if n := log.lines("hosted zone cannot be kept"); n < 60 || n > 90 {
			t.Errorf("%d lines in 3 days, want about one an hour", n)
		}
		server.Inject(nil)
		time.Sleep(5 * time.Minute)
		if st := d.sync.Status(); st.Phase != providers.PhaseInSync {
			t.Errorf("it is %s: %s", st.Phase, st.Error)
		}
	})
}
