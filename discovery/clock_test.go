package discovery

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestEvidenceIsMonotonic: what verdicts go by are times that a clock that is set
// does not change. A bubble's fake time has no such times: this one is real.
func TestEvidenceIsMonotonic(t *testing.T) {
	seen := make(chan cluster.Liveness, 2)
	e := New(Config{Seen: func(_ cluster.ID, l cluster.Liveness) { seen <- l }, Log: slog.New(slog.DiscardHandler)}, &recorder{have: map[zone.Key]zone.RRset{}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { e.Run(ctx); close(done) }()
	s := newSource()
	e.SetMembers([]Member{{ID: "a", Source: s}})
	up := <-s.runs
	for _, u := range []cluster.Update{live(), unreachable("away")} {
		up <- u
		select {
		case l := <-seen:
			if !strings.Contains(l.Since.String(), " m=") {
				t.Errorf("%v since is of the wall clock: %v", l.Signal, l.Since)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("nothing is seen of the cluster")
		}
	}
	cancel()
	<-done
	if at := e.loop.judgeAt; !strings.Contains(at.String(), " m=") {
		t.Errorf("it would be judged again at %v, of the wall clock", at)
	}
}

// TestClockWasSetBack: what was kept before is from the future then. It does not
// make a cluster fresh that nobody hears of, nor undo what is said now.
func TestClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		began, future := time.Now(), time.Now().Add(365*24*time.Hour)
		for _, id := range []cluster.ID{"a", "b"} {
			c := d.has(id, group("of-"+string(id), "10.0.0.1"))
			c.LastSync, c.Word, c.WordAt = future, string(evidence.Drain), future
		}
		r := newRig(t, Config{Keeper: d})
		s := newSource()
		r.SetMembersSoFar([]Member{{ID: "a", Source: s}})
		up := <-s.runs
		up <- unreachable("away")
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, c := range r.Clusters() {
			if !c.LastSync.Equal(began) || c.State != "drained" || !c.Restored {
				t.Errorf("%+v", c)
			}
		}
		if err := r.SetWord(t.Context(), "a", evidence.NoWord); err != nil {
			t.Fatal(err)
		}
		up <- live(group("of-a", "10.0.0.1"))
		synctest.Wait()
		if c := r.Clusters()[0]; c.State != "live" || !c.LastSync.Equal(began.Add(time.Hour)) {
			t.Errorf("%+v", c)
		}
		if c := d.known.Clusters["a"]; c.Word != "" || c.LastSync.After(time.Now()) {
			t.Errorf("kept: %+v", c.Memo)
		}
	})
}
