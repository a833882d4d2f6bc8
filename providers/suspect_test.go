package providers_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers/inmemory"
)

// TestUnexplainedPoison: a record that makes its batch fail without a word of why keeps
// no other from being written, and is told.
func TestUnexplainedPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			for _, change := range c.Batch.Changes {
				if strings.HasPrefix(change.Key().Owner.Label(), "bad") && !change.New.IsEmpty() {
					f.Before = errors.New("the server says SERVFAIL")
				}
			}
			return f
		})
		var records, good []string
		for i := range 50 {
			r := fmt.Sprintf("w%02d 30 192.0.2.1", i)
			records = append(records, r)
			good = append(good, strings.Replace(r, " ", " A ", 1))
		}
		d := start(t, server, nil, append(records, "bad1 30 192.0.2.2", "bad2 30 192.0.2.3", "z-bad 30 192.0.2.4")...)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		want(t, server, append(good, "z-bad A 30 192.0.2.4")...)
		st := d.sync.Status()
		if st.RefusedCount != 2 || !strings.Contains(st.Refused[0].Reason, "SERVFAIL (5 times, while other writes were taken)") {
			t.Errorf("refused are %+v", st.Refused)
		}
		before := st.Calls.Applied
		d.set("bad1 30 192.0.2.5", "new 30 192.0.2.6") // something else is wanted: it is tried again
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		want(t, server, append(append([]string{"new A 30 192.0.2.6"}, good...), "z-bad A 30 192.0.2.4")...)
		if st := d.sync.Status(); st.RefusedCount != 2 || st.Calls.Applied == before {
			t.Errorf("got %+v", st)
		}
	})
}

// TestServerOutIsNobodysFault: while nothing can be written at all, no record is to blame.
func TestServerOutIsNobodysFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		d := start(t, server, nil, "web 30 192.0.2.1")
		pass()
		var out atomic.Bool
		out.Store(true)
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if out.Load() && c.Action == inmemory.Apply {
				f.Before = errors.New("the disk is full")
			}
			return f
		})
		d.set("web 30 192.0.2.2", "api 30 192.0.2.3")
		time.Sleep(time.Hour / 2)
		if st := d.sync.Status(); st.RefusedCount > 0 {
			t.Errorf("refused are %+v", st.Refused)
		}
		out.Store(false)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		want(t, server, "api A 30 192.0.2.3", "web A 30 192.0.2.2")
	})
}
