package discovery

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
)

// three are members that were read, each with web and one Service more.
func three(r *rig) (ups []chan<- cluster.Update) {
	var ms []Member
	var sources []*source
	for _, id := range []cluster.ID{"a", "b", "c"} {
		s := newSource()
		sources = append(sources, s)
		ms = append(ms, Member{ID: id, Source: s, Revision: "1"})
	}
	r.SetMembers(ms)
	for i, s := range sources {
		up := <-s.runs
		up <- live(group("web", "10.0.0."+string(rune('1'+i))), group("only-"+string(ms[i].ID), "10.0.1."+string(rune('1'+i))))
		ups = append(ups, up)
	}
	synctest.Wait()
	return ups
}

const (
	webABC = "web.shop.prod. A 10.0.0.1 10.0.0.2 10.0.0.3"
	webBC  = "web.shop.prod. A 10.0.0.2 10.0.0.3"
	onlies = "only-a.shop.prod. A 10.0.1.1\nonly-b.shop.prod. A 10.0.1.2\nonly-c.shop.prod. A 10.0.1.3\n"
)

// stale are the owners of what is marked as such.
func (r *rig) stale() string {
	r.pub.mu.Lock()
	defer r.pub.mu.Unlock()
	var out []string
	for k, set := range r.pub.have {
		if set.Stale {
			out = append(out, k.Owner.String())
		}
	}
	return strings.Join(out, " ")
}

func down(reason string) cluster.Liveness {
	return cluster.Liveness{Signal: cluster.Down, Since: time.Now(), Reason: reason}
}

func upNow() cluster.Liveness { return cluster.Liveness{Signal: cluster.Up, Since: time.Now()} }

// TestStandings: what the loss of a cluster does to the answers, and its return.
func TestStandings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		ups := three(r)
		r.want("all are live", onlies+webABC)
		ups[0] <- unreachable("connection refused")
		time.Sleep(time.Minute - 1)
		r.want("unreachable, nothing is known of the data path", onlies+webABC)
		time.Sleep(1 * time.Nanosecond)
		r.want("for a minute: it steps behind, and what only it has stands", onlies+webBC)
		if got := r.stale(); got != "only-a.shop.prod." {
			t.Errorf("stale: %q", got)
		}
		r.SetAgreed("a", cluster.Liveness{}, upNow())
		r.want("its data path works", onlies+webABC)
		if got := r.stale(); got != "" {
			t.Errorf("stale: %q", got)
		}
		r.SetAgreed("a", cluster.Liveness{}, down("no route"))
		time.Sleep(5*time.Second - 1)
		r.want("not any more", onlies+webABC)
		time.Sleep(1 * time.Nanosecond)
		r.want("for five seconds", onlies+webBC)
		ups[0] <- cluster.Update{State: &cluster.State{Phase: cluster.Syncing}}
		r.want("being read anew is no sign of life", onlies+webBC)
		ups[0] <- live()
		r.SetAgreed("a", cluster.Liveness{}, cluster.Liveness{})
		r.want("it is back", onlies+webABC)
		ups[0] <- cluster.Update{Nodes: &cluster.Liveness{Signal: cluster.Down, Since: time.Now(), Reason: "no Lease moves"}}
		time.Sleep(time.Minute)
		r.want("its nodes are dead", onlies+webBC)
		ups[0] <- cluster.Update{Nodes: &cluster.Liveness{Signal: cluster.Up, Since: time.Now()}}
		r.want("and alive", onlies+webABC)
	})
}

// TestHold: whoever loses most clusters at once was cut off, and changes nothing.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		ups := three(r)
		ups[0] <- unreachable("timeout")
		time.Sleep(20 * time.Second)
		ups[1] <- unreachable("timeout")
		time.Sleep(time.Hour)
		r.want("two of three", onlies+webABC)
		if c := r.Clusters()[0]; !c.Held || c.Standing != "first" || !strings.Contains(c.Why, "2 of 3") {
			t.Errorf("%+v", c)
		}
		if got := r.stale(); !strings.Contains(got, "only-a") || !strings.Contains(got, "only-b") || strings.Contains(got, "web") {
			t.Errorf("stale: %q", got)
		}
		ups[2] <- unreachable("timeout")
		time.Sleep(time.Hour)
		r.want("then the last: nothing live is left", onlies+webABC)
		if !strings.Contains(r.stale(), "web.shop.prod.") {
			t.Errorf("stale: %q", r.stale())
		}
		ups[1] <- live()
		ups[2] <- live()
		r.want("most are back: the one that is not steps behind", onlies+webBC)
	})
}

// TestWords: what the operator says.
func TestWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		three(r)
		for _, w := range []struct {
			word evidence.Word
			want string
		}{{evidence.Drain, onlies + webBC}, {evidence.Evict, onlies[len("only-a.shop.prod. A 10.0.1.1\n"):] + webBC}, {evidence.NoWord, onlies + webABC}} {
			if err := r.SetWord(t.Context(), "a", w.word); err != nil {
				t.Fatal(err)
			}
			r.want(string(w.word), w.want)
		}
		if r.SetWord(t.Context(), "z", evidence.Drain) == nil || r.SetWord(t.Context(), "a", "gone") == nil {
			t.Error("a word of nobody, or nothing, was taken")
		}
	})
}
