package providers_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

// TestUnexplainedConflict: a record that is always in conflict, though the hosted zone is
// listed as it was expected, keeps no other from being written, and is told.
func TestUnexplainedConflict(t *testing.T) {
	for _, n := range []int{1, 10, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { unexplainedConflict(t, n) }) })
	}
}

func unexplainedConflict(t *testing.T, n int) {
	server := fresh()
	server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
		for _, change := range c.Batch.Changes {
			if strings.HasPrefix(change.Key().Owner.Label(), "bad") && !change.New.IsEmpty() {
				f.Before = fmt.Errorf("%w: not as it should be", hosted.ErrConflict)
			}
		}
		return f
	})
	var records, good []string
	for i := range n {
		r := fmt.Sprintf("w%03d 30 192.0.2.1", i)
		records = append(records, r)
		good = append(good, strings.Replace(r, " ", " A ", 1))
	}
	d := start(t, server, nil, append(records, "bad1 30 192.0.2.2", "bad2 30 192.0.2.3")...)
	// That somebody publishes all the while does not begin it anew each time.
	for i := range 600 {
		d.set(fmt.Sprintf("busy 30 192.0.2.%d", 1+i%2))
		time.Sleep(100 * time.Millisecond)
	}
	synctest.Wait()
	want(t, server, append([]string{"busy A 30 192.0.2.2"}, good...)...)
	st := d.sync.Status()
	if st.RefusedCount != 2 || !strings.Contains(st.Refused[0].Reason, "not as it should be") {
		t.Errorf("refused are %+v", st.Refused)
	}
	if st.Calls.Lists > 3 {
		t.Errorf("it was listed %d times", st.Calls.Lists)
	}
}

// TestPoisonAmidChurn: a refusal that does not say of what is found while somebody
// publishes all the while.
func TestPoisonAmidChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := fresh()
		server.Inject(func(c inmemory.Call) (f inmemory.Fault) {
			for _, change := range c.Batch.Changes {
				if strings.HasPrefix(change.Key().Owner.Label(), "bad") && !change.New.IsEmpty() {
					f.Before = &hosted.RefusedError{Reason: "it is bad"}
				}
			}
			if c.Action == inmemory.Apply {
				time.Sleep(200 * time.Millisecond)
			}
			return f
		})
		var records, good []string
		for i := range 100 {
			r := fmt.Sprintf("w%03d 30 192.0.2.1", i)
			records = append(records, r)
			good = append(good, strings.Replace(r, " ", " A ", 1))
		}
		d := start(t, server, nil, append(records, "bad 30 192.0.2.2")...)
		for i := range 600 {
			d.set(fmt.Sprintf("busy 30 192.0.2.%d", 1+i%2))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, server, append([]string{"busy A 30 192.0.2.2"}, good...)...)
		if st := d.sync.Status(); st.RefusedCount != 1 || !strings.Contains(st.Refused[0].Reason, "it is bad") {
			t.Errorf("refused are %+v", st.Refused)
		}
	})
}
