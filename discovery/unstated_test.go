package discovery

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/state"
)

// TestKeptStandsUntilItIsSaidWhoIsAMember: where members come from cannot be read
// after a restart, and what was known is answered.
func TestKeptStandsUntilItIsSaidWhoIsAMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		d.has("a", group("web", "10.0.0.1"))
		d.has("b", group("web", "10.0.0.2"))
		r := newRig(t, Config{Keeper: d})
		r.SetMembersSoFar(nil)
		time.Sleep(time.Hour)
		r.want("nobody has said anything", "web.shop.prod. A 10.0.0.1 10.0.0.2")
		if c := r.Clusters(); len(c) != 2 || c[0].Phase != "unreachable" || !c[0].Restored || !r.Decided() {
			t.Errorf("%+v", c)
		}
		a := newSource()
		r.SetMembersSoFar([]Member{{ID: "a", Source: a, Revision: "1"}})
		up := <-a.runs
		up <- live(group("web", "10.0.0.11"))
		r.want("one of them is stated, and live", "web.shop.prod. A 10.0.0.11")
		r.SetMembers([]Member{{ID: "a", Source: a, Revision: "1"}})
		r.want("and no other", "web.shop.prod. A 10.0.0.11")
		if got := len(r.Clusters()); got != 1 {
			t.Errorf("%d clusters", got)
		}
	})
}

// TestHeldStaysHeld: a restart is no word that withdrawals are meant.
func TestHeldStaysHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		d.has("a", many(100, cluster.NoLoss)...).Held = cluster.Deleted
		r := newRig(t, Config{Keeper: d, Withdrawals: evidence.Limits{Count: 20, Share: 0.5}})
		s := newSource()
		r.SetMembers([]Member{{ID: "a", Source: s}})
		up := <-s.runs
		r.names("nothing is told yet", 100)
		if err := r.Release("a"); err == nil || !strings.Contains(err.Error(), "before the restart") {
			t.Errorf("what will be held cannot be released yet, and is said to: %v", err)
		}
		up <- live(many(95, cluster.NoLoss)...)
		r.names("five are missing still", 100)
		if c := r.Clusters()[0]; c.WithdrawalsHeld != 5 || len(c.Conditions) != 1 {
			t.Errorf("%+v", c)
		}
		if memo := (memory{r.Engine}).Memos()["a"]; memo.Held == cluster.NoLoss {
			t.Error("the next restart would make them")
		}
		if err := r.Release("a"); err != nil {
			t.Fatal(err)
		}
		r.names("released", 95)
		up <- report(many(1, cluster.Deleted)...)
		r.names("and one more later", 94)
		if memo := (memory{r.Engine}).Memos()["a"]; memo.Held != cluster.NoLoss {
			t.Error("nothing is held any more")
		}
		if err := r.Release("a"); err == nil || !strings.Contains(err.Error(), "no withdrawals are held") {
			t.Errorf("nothing is held, and yet: %v", err)
		}
	})
}

// TestWordsHoldUntilTakenBack: whoever takes a cluster away and states it again has
// not said that it may be answered.
func TestWordsHoldUntilTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		three(r)
		if err := r.SetWord(t.Context(), "a", evidence.Evict); err != nil {
			t.Fatal(err)
		}
		r.SetMembers(nil)
		r.want("all are gone", "")
		if memo := (memory{r.Engine}).Memos()["a"]; memo.Word != "evicted" {
			t.Errorf("kept is %+v", memo)
		}
		three(r)
		r.want("all are back", onlies[len("only-a.shop.prod. A 10.0.1.1\n"):]+webBC)
		if err := r.SetWord(t.Context(), "a", evidence.NoWord); err != nil {
			t.Fatal(err)
		}
		r.want("taken back", onlies+webABC)
	})
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		d.known.Clusters["a"] = &state.Cluster{Memo: state.Memo{Word: "evicted", WordAt: time.Unix(9e8, 0)}}
		r := newRig(t, Config{Keeper: d})
		r.SetMembers(nil)
		synctest.Wait()
		three(r)
		r.want("over a restart without it", onlies[len("only-a.shop.prod. A 10.0.1.1\n"):]+webBC)
	})
}
