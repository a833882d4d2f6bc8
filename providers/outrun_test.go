package providers_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
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
