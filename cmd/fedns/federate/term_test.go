package federate

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// slow is a Lease whose writes take a while, or fail.
type slow struct {
	resourcelock.Interface
	err error
}

func (s *slow) Identity() string { return "me" }

func (s *slow) Update(context.Context, resourcelock.LeaderElectionRecord) error {
	time.Sleep(3 * time.Second)
	return s.err
}

// TestTermEndsBeforeAnotherBegins: the time counts from before a renewal was asked
// for, renewals that fail or give the Lease away do not count, and a leader of the
// first Lease has a term that is more than none.
func TestTermEndsBeforeAnotherBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term, lease := &Term{}, &slow{}
		lock := timed{lease, term}
		if _, until := term.Now(); time.Now().Before(until) {
			t.Error("it leads before there is a Lease")
		}
		began := time.Now()
		if err := lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "me"}); err != nil {
			t.Fatal(err)
		}
		number, until := term.Now()
		if number != 1 || !until.Equal(began.Add(leadFor)) || until.After(began.Add(leaseDuration)) {
			t.Errorf("term %d until %v, want 1 until %v", number, until, began.Add(leadFor))
		}
		lease.err = errors.New("no answer")
		_ = lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "me", LeaderTransitions: 1})
		lease.err = nil
		_ = lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "", LeaderTransitions: 1})
		if again, later := term.Now(); again != number || !later.Equal(until) {
			t.Errorf("term %d until %v, want what was before", again, later)
		}
		if err := lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "me", LeaderTransitions: 4}); err != nil {
			t.Fatal(err)
		}
		if number, _ = term.Now(); number != 5 {
			t.Errorf("after four transitions it is term %d, want 5", number)
		}
	})
}
