package providers_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

func TestStaleLeaderFailsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		a := start(t, server, nil, "web 30 192.0.2.1", "api 30 192.0.2.2")
		pass()
		held := make(chan struct{})
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			if c.Client == "a" && c.Action == inmemory.Apply {
				f.Until = held
			}
			return f
		})
		a.set("web 30 192.0.2.66", "late 30 192.0.2.67")
		time.Sleep(time.Second) // a's batch is on its way, and stays there
		z, _ := inmemory.New(inmemory.Config{Server: server, Client: "b"})
		b := start(t, server, func(c *providers.Config) { c.Zone = z; c.Holder = "pod-b" }, "web 30 192.0.2.1", "api 30 192.0.2.3")
		pass()
		a.stop()
		close(held)
		<-a.done
		pass()
		want(t, server, "api A 30 192.0.2.3", "web A 30 192.0.2.1")
		if st := b.sync.Status(); st.Phase != providers.PhaseInSync {
			t.Errorf("got %+v, want it in sync", st)
		}
	})
}

// TestABatchHasRoomForALongerFence: the fence grows by a digit in the midst of
// batches that are as full as may be, and none is refused for its size.
func TestABatchHasRoomForALongerFence(t *testing.T) {
	text := func(e hosted.Entry) (n int) {
		for _, s := range e.Sets {
			for r := range s.Records.RDATA() {
				n += len(r)
			}
		}
		return n
	}
	for most := 400; most < 480; most++ { // one of them is filled to the last octet
		synctest.Test(t, func(t *testing.T) {
			limits := inmemory.Limits()
			limits.Batch = []hosted.Dimension{{Name: "octets", Max: most, Cost: func(c hosted.Change) int {
				if c.Old.Equal(c.New) {
					return 0
				}
				return text(c.Old) + text(c.New)
			}}}
			a := start(t, inmemory.NewServer(apex, limits), nil)
			pass()
			var records []string
			for i := range 100 {
				records = append(records, fmt.Sprintf("w%d 30 192.0.2.%d", i, i+1))
			}
			a.set(records...)
			pass()
			if st := a.sync.Status(); st.Generation < 10 || st.Calls.Refused > 0 || st.Phase != providers.PhaseInSync {
				t.Errorf("batches of %d: generation %d, %d batches refused, %s", most, st.Generation, st.Calls.Refused, st.Phase)
			}
			a.halt()
		})
	}
}
