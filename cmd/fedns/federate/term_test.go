package federate

import (
	"context"
	"errors"
	"sync"
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

// TestConfirm: a replica leads as long as the Lease names it in its term, and many who
// ask at a time are one call.
func TestConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		holder, number, failed, asked := "me_1", int64(3), error(nil), 0
		term := newTerm("me_1", func(ctx context.Context) (string, int64, error) {
			asked++
			select {
			case <-ctx.Done():
				return "", 0, ctx.Err()
			case <-time.After(time.Second):
				return holder, number, failed
			}
		})
		term.renewed(2, time.Now())
		if err := term.Confirm(t.Context()); err != nil || asked != 1 {
			t.Errorf("asked %d times: %v", asked, err)
		}
		asked = 0
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := term.Confirm(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		// The first asks, and the second for all who came meanwhile.
		if all.Wait(); asked != 2 {
			t.Errorf("50 asked %d times", asked)
		}
		holder = "me_2"
		if err := term.Confirm(t.Context()); err == nil {
			t.Error("another election's leader is taken for this one")
		}
		holder, number = "me_1", 4
		if err := term.Confirm(t.Context()); err == nil {
			t.Error("another term is taken for this one")
		}
		number, failed = 3, errors.New("no such Lease")
		if err := term.Confirm(t.Context()); !errors.Is(err, failed) {
			t.Errorf("the Lease cannot be read: %v", err)
		}
		failed = nil
		time.Sleep(leadFor)
		if err := term.Confirm(t.Context()); err == nil {
			t.Error("a term that is over is confirmed")
		}
	})
}
