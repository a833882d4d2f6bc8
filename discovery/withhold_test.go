package discovery

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
)

// many are Groups s-0 to s-(n-1), withdrawn by some evidence, or there.
func many(n int, loss cluster.Loss) (groups []cluster.Group) {
	for i := range n {
		g := group(fmt.Sprintf("s-%d", i), fmt.Sprintf("10.1.%d.%d", i/250, i%250+1))
		if loss != cluster.NoLoss {
			g = cluster.Group{Service: g.Service, Withdrawn: true, Loss: loss}
		}
		groups = append(groups, g)
	}
	return groups
}

// guarded is a rig with one member that has n Services.
func guarded(t *testing.T, n int) (*rig, *source, chan<- cluster.Update) {
	r := newRig(t, Config{Withdrawals: evidence.Limits{Window: time.Minute, Count: 20, Share: 0.5}})
	s := newSource()
	r.SetMembers([]Member{{ID: "a", Source: s, Revision: "1"}})
	up := <-s.runs
	up <- live(many(n, cluster.NoLoss)...)
	r.names("at first", n)
	return r, s, up
}

// names checks how many are answered.
func (r *rig) names(what string, want int) {
	r.t.Helper()
	synctest.Wait()
	got := 0
	if text := r.pub.text(); text != "" {
		got = 1 + strings.Count(text, "\n")
	}
	if got != want {
		r.t.Errorf("%s: %d names, want %d", what, got, want)
	}
}

// TestWithdrawalsAreHeld: more than a share at a time waits for a word.
func TestWithdrawalsAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		up <- report(many(10, cluster.Deleted)...)
		r.names("ten were deleted", 90)
		up <- report(many(100, cluster.Deleted)[10:]...)
		r.names("so were all others", 90)
		c := r.Clusters()[0]
		if c.WithdrawalsHeld != 90 || len(c.Conditions) != 1 || c.Conditions[0].Type != "WithdrawalsHeld" || !strings.Contains(c.Conditions[0].Message, "100 of 100") {
			t.Errorf("%+v", c)
		}
		time.Sleep(time.Hour)
		r.names("an hour later", 90)
		if err := r.Release("a"); err != nil {
			t.Fatal(err)
		}
		r.names("released", 0)
		if err := r.Release("a"); err == nil {
			t.Error("there was nothing to release")
		}
		if s := r.Stats(); s.WithdrawalsHeld != 90 || len(r.Clusters()[0].Conditions) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestTheSourceKnowsOfMore: what a list lacks is told little by little, and held
// from the beginning.
func TestTheSourceKnowsOfMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		up <- cluster.Update{Groups: many(10, cluster.Missing), Losing: 100}
		r.names("ten of a hundred", 100)
		up <- cluster.Update{Groups: many(100, cluster.Missing)[10:], Losing: 90}
		r.names("the others", 100)
		up <- report(many(95, cluster.NoLoss)...)
		r.names("most came back, and the others may", 100)
		time.Sleep(time.Minute)
		r.names("nothing more came back: the others are gone", 95)
		if got := len(r.Clusters()[0].Conditions); got != 0 {
			t.Errorf("%d conditions", got)
		}
	})
}

// TestAnEmptyListIsHeld: a member that lists nothing, by error, in a new run.
func TestAnEmptyListIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, _ := guarded(t, 3)
		s.end <- nil
		up := <-s.runs
		up <- live()
		r.names("an empty list", 3)
		up <- report(many(3, cluster.NoLoss)...)
		r.names("and all is there again", 3)
		if got := len(r.Clusters()[0].Conditions); got != 0 {
			t.Errorf("%d conditions", got)
		}
		up <- report(many(1, cluster.Deleted)...)
		r.names("one is deleted", 2)
	})
}

// TestListsThatLackSlices: a member whose first lists in a new run have its Services
// and none of their EndpointSlices, by error, or few. It is judged when all is told.
func TestListsThatLackSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s, _ := guarded(t, 100)
		bare := many(100, cluster.NoLoss)
		for i := range bare {
			bare[i].Endpoints, bare[i].Loss = nil, cluster.Missing
		}
		s.end <- nil
		up := <-s.runs
		for i := 0; i < 100; i += 10 {
			up <- report(bare[i : i+10]...)
			r.names("no slices, so far", 100)
		}
		up <- live()
		r.names("no slices", 100)
		if c := r.Clusters()[0]; c.WithdrawalsHeld != 100 || len(c.Conditions) != 1 {
			t.Errorf("%+v", c)
		}
		up <- report(many(100, cluster.NoLoss)...)
		r.names("all are there again", 100)
		if c := r.Clusters()[0]; c.WithdrawalsHeld != 0 || len(c.Conditions) != 0 {
			t.Errorf("%+v", c)
		}

		s.end <- nil
		up = <-s.runs
		up <- report(append(many(100, cluster.NoLoss)[10:], bare[:10]...)...)
		r.names("ten lack theirs, so far", 100)
		up <- report(many(5, cluster.NoLoss)...)
		up <- live()
		r.names("five lack theirs", 95)
		up <- report(many(100, cluster.NoLoss)...)
		r.names("and have them again", 100)
	})
}

// TestNotReadyIsNoWithdrawal: a Service that says itself that nothing is ready
// goes out of the answers, however many do.
func TestNotReadyIsNoWithdrawal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		groups := many(100, cluster.NoLoss)
		for i := range groups {
			groups[i].Endpoints[0].Ready = false
		}
		up <- report(groups...)
		r.names("nothing is ready", 0)
	})
}

// TestAllNamesTogether: clusters that each lose little, of which nobody else has anything.
func TestAllNamesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Withdrawals: evidence.Limits{Count: 20, Share: 0.5}})
		var ms []Member
		for i := range 4 {
			ms = append(ms, Member{ID: cluster.ID(fmt.Sprint("c", i)), Source: newSource(), Revision: "1"})
		}
		r.SetMembers(ms)
		var ups []chan<- cluster.Update
		own := func(i, n int) (groups []cluster.Group) {
			for k := range n {
				groups = append(groups, group(fmt.Sprintf("of-%d-%d", i, k), "10.0.0.1"))
			}
			return groups
		}
		for i, m := range ms {
			up := <-m.Source.(*source).runs
			up <- live(own(i, 40)...)
			ups = append(ups, up)
		}
		r.names("at first", 160)
		for i, want := range []int{140, 120, 100, 80} {
			lost := own(i, 20)
			for k := range lost {
				lost[k] = cluster.Group{Service: lost[k].Service, Withdrawn: true, Loss: cluster.Deleted}
			}
			ups[i] <- report(lost...)
			r.names(fmt.Sprint("half of cluster ", i), want)
		}
		ups[0] <- report(cluster.Group{Service: own(0, 40)[39].Service, Withdrawn: true, Loss: cluster.Deleted})
		r.names("more than half of all", 80)
		time.Sleep(time.Minute)
		ups[1] <- report(cluster.Group{Service: own(1, 40)[39].Service, Withdrawn: true, Loss: cluster.Deleted})
		r.names("a minute later", 79)
	})
}

// TestRemovedWhileHeld: nothing of a removed member stays.
func TestRemovedWhileHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		up <- report(many(100, cluster.Deleted)...)
		r.names("held", 100)
		r.SetMembers(nil)
		r.names("removed by the operator", 0)
	})
}

// TestOnlyWhatIsAnsweredCounts: Services that are not ready make no share smaller.
func TestOnlyWhatIsAnsweredCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 10)
		waiting := many(10, cluster.NoLoss)[4:]
		for i := range waiting {
			waiting[i].Endpoints[0].Ready = false
		}
		up <- report(waiting...)
		r.names("six are not ready", 4)
		up <- report(many(4, cluster.Missing)...)
		r.names("all that was answered is missing", 4)
	})
}

// TestWhatIsAnnouncedBehindOthers: Services that are not ready, told first, hide nothing.
func TestWhatIsAnnouncedBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 10)
		waiting := many(2, cluster.NoLoss)
		for i := range waiting {
			waiting[i].Endpoints[0].Ready = false
		}
		up <- report(waiting...)
		up <- cluster.Update{Groups: many(2, cluster.Missing), Losing: 10}
		up <- cluster.Update{Groups: many(10, cluster.Missing)[2:3], Losing: 8}
		r.names("all are missing", 8)
	})
}

// TestWhatIsAnnouncedCountsOnce: what a Source knows of in advance is not lost
// anew with each Update.
func TestWhatIsAnnouncedCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		for i := range 4 {
			up <- cluster.Update{Groups: many(40, cluster.Deleted)[10*i : 10*i+10], Losing: 40 - 10*i}
		}
		r.names("forty of a hundred", 60)
	})
}

// TestOneThatChangesReleasesNothing: a Service that is reported while lists are
// wrong says that they are, and nothing of the others.
func TestOneThatChangesReleasesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 10)
		up <- cluster.Update{Groups: many(6, cluster.Missing), Losing: 6}
		r.names("six are missing", 10)
		up <- report(many(2, cluster.NoLoss)[1])
		r.names("one of them changes", 10)
		up <- report(many(4, cluster.NoLoss)[2:]...)
		r.names("so do two others: half are back", 10)
		time.Sleep(time.Minute)
		r.names("the rest is gone", 7)
	})
}

// unready are Groups s-from to s-(to-1) of which nothing takes traffic.
func unready(from, to int) []cluster.Group {
	groups := many(to, cluster.NoLoss)[from:]
	for i := range groups {
		groups[i].Endpoints[0].Ready = false
	}
	return groups
}

// TestWhatIsNotAnsweredIsNoShare: Services that are not ready make the share no
// smaller of what a Source says that it will lose.
func TestWhatIsNotAnsweredIsNoShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		up <- report(unready(10, 100)...)
		r.names("ninety are not ready", 10)
		for i := range 5 { // a tenth of all, and everything that is answered
			up <- cluster.Update{Groups: many(10, cluster.Missing)[2*i : 2*i+2], Losing: 10 - 2*i}
		}
		r.names("all that is answered is missing", 10)
	})
}

// TestWhatWasAnnouncedIsNoShare: what a Source has said that it will lose, and
// has not told yet, makes the share of what it says next no smaller.
func TestWhatWasAnnouncedIsNoShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		all := many(100, cluster.Missing)
		up <- cluster.Update{Groups: all[:5], Losing: 45}
		r.names("45 of a hundred, of which five are told", 95)
		up <- cluster.Update{Groups: all[5:10], Losing: 55}
		r.names("fifteen more", 95)
	})
}

// TestNamesThatAreNotAnswered: Services that nobody answers for make the share of
// all names no smaller.
func TestNamesThatAreNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Withdrawals: evidence.Limits{Count: 20, Share: 0.5}})
		var ms []Member
		for i := range 3 {
			ms = append(ms, Member{ID: cluster.ID(fmt.Sprint("c", i)), Source: newSource()})
		}
		r.SetMembers(ms)
		all := many(390, cluster.NoLoss)
		own := [][]cluster.Group{all[:40], all[40:80], append(all[80:90:90], unready(90, 390)...)}
		var ups []chan<- cluster.Update
		for i, m := range ms {
			up := <-m.Source.(*source).runs
			up <- live(own[i]...)
			ups = append(ups, up)
		}
		r.names("at first", 90)
		gone := many(90, cluster.Deleted)
		ups[0] <- report(gone[:20]...)
		ups[1] <- report(gone[40:60]...)
		r.names("half of two clusters", 50)
		ups[2] <- report(gone[80:86]...)
		r.names("more than half of all that is answered", 50)
		if c := r.Clusters()[2]; c.WithdrawalsHeld != 6 || !strings.Contains(c.Conditions[0].Message, "of all names, 46 of 90") {
			t.Errorf("%+v", c)
		}
	})
}

// TestWhatComesBackSlowly: what is made anew one by one is not withdrawn half way.
func TestWhatComesBackSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, up := guarded(t, 100)
		up <- report(many(100, cluster.Deleted)...)
		for i, g := range many(95, cluster.NoLoss) {
			time.Sleep(30 * time.Second)
			up <- report(g)
			r.names(fmt.Sprint("with number ", i), 100)
		}
		time.Sleep(time.Minute)
		r.names("a minute after the last one", 95)
	})
}

// TestHeldInTurnsLosesNoMore: lists that lie in turns about most of a cluster lose
// no more of it within a window than one that is believed.
func TestHeldInTurnsLosesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Withdrawals: evidence.Limits{Window: time.Minute, Count: 20, Share: 0.5}})
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		up := <-s.runs
		up <- live(many(100, cluster.NoLoss)...)
		up <- report(many(60, cluster.Missing)...)
		up <- report(many(60, cluster.NoLoss)[25:]...)
		time.Sleep(time.Minute - time.Second)
		r.names("a window less a second later", 100)
		time.Sleep(time.Second)
		r.names("the rest is made", 75)
		up <- report(many(60, cluster.Missing)[25:45]...)
		r.names("twenty more, 45 in all", 55)
		up <- report(many(60, cluster.Missing)[45:52]...)
		r.names("seven more would be more than half", 55)
	})
}
