package discovery

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// twelve are members that have all been started and have reported nothing.
func twelve(r *rig) (ups []chan<- cluster.Update) {
	var ms []Member
	for i := range 12 {
		ms = append(ms, Member{ID: cluster.ID(fmt.Sprintf("c-%02d", i)), Source: newSource(), Revision: "1"})
	}
	r.SetMembers(ms)
	for _, m := range ms {
		ups = append(ups, <-m.Source.(*source).runs)
	}
	return ups
}

// TestFirstReportsAreGathered: what many clusters report at the start is published
// once, when they have reported it; what is asked for, at once.
func TestFirstReportsAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		ups := twelve(r)
		for i, up := range ups[:11] {
			up <- report(group("web", fmt.Sprintf("10.0.0.%d", i+1)), group(fmt.Sprint("own-", i), "10.1.0.1"))
			up <- live()
		}
		r.want("one is still to report", "")
		r.Missed(dnsname.MustParse("own-3.shop.prod."))
		r.want("somebody asks", "own-3.shop.prod. A 10.1.0.1")
		if c := r.Clusters()[0]; c.Phase != "syncing" {
			t.Errorf("%s before its Services are answered", c.Phase)
		}
		ups[11] <- live(group("web", "10.0.0.12"))
		r.names("the last one has reported", 12)
		r.pub.mu.Lock()
		batches := len(r.pub.batches)
		r.pub.mu.Unlock()
		if batches > 3 {
			t.Errorf("published %d times", batches)
		}
		if c := r.Clusters()[0]; c.Phase != "live" {
			t.Errorf("%s", c.Phase)
		}
		ups[0] <- report(group("late", "10.2.0.1"))
		r.names("a change later", 13)
	})
}

// TestGatheringEnds: with a pause, or in the end.
func TestGatheringEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		ups := twelve(r)
		ups[0] <- report(group("web", "10.0.0.1"))
		time.Sleep(gatherPause - 1)
		r.want("before the pause is over", "")
		time.Sleep(time.Millisecond)
		r.want("nobody reports any more", "web.shop.prod. A 10.0.0.1")
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		ups := twelve(r)
		began := time.Now()
		for i := 0; time.Since(began) <= gatherLongest; i++ {
			ups[i%12] <- report(group(fmt.Sprint("s-", i), "10.0.0.1"))
			r.want("they go on and on", "")
			time.Sleep(gatherPause / 2)
		}
		ups[0] <- report(group("last", "10.0.0.1"))
		synctest.Wait()
		if r.pub.text() == "" {
			t.Error("they go on for ever")
		}
	})
}
