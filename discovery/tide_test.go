package discovery

import (
	"testing"
	"testing/synctest"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/tide"
)

// tidal is a Source that tells what its lists lack as one of a cluster does.
type tidal struct {
	*source
	tides *tide.Table
}

func (s *tidal) SetTides(t *tide.Table) { s.tides = t }

// listed is Live after a list of Services at a resource version.
func (s *tidal) listed(version string, groups ...cluster.Group) cluster.Update {
	u := live(groups...)
	u.Lacks = s.tides.Lacks("services", version)
	return u
}

// limits let a few Services of many go.
var limits = evidence.Limits{Count: 20, Share: 0.5}

// TestTidesOutliveSources: a member that is stated anew, and a run that failed,
// go on from where the cluster's store was seen.
func TestTidesOutliveSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Withdrawals: limits})
		first := &tidal{source: newSource()}
		r.SetMembers([]Member{{ID: "a", Source: first, Revision: "1"}})
		up := <-first.runs
		up <- first.listed("1000", many(10, cluster.NoLoss)...)
		r.names("at first", 10)

		second := &tidal{source: newSource()}
		r.SetMembers([]Member{{ID: "a", Source: second, Revision: "2"}})
		up = <-second.runs
		up <- second.listed("500", many(9, cluster.NoLoss)...)
		r.names("restored from a backup, with another Source", 10)

		second.end <- nil
		up = <-second.runs
		up <- second.listed("501", many(8, cluster.NoLoss)...)
		r.names("in another run", 10)
	})
}

// TestReleaseBelievesTheStore: by the operator's word the store as it is now is
// the cluster's, and its next lists are as good as any.
func TestReleaseBelievesTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		d.has("a", many(10, cluster.NoLoss)...).Tides = map[string]string{"services": "1000"}
		r := newRig(t, Config{Withdrawals: limits, Keeper: d})
		s := &tidal{source: newSource()}
		r.SetMembers([]Member{{ID: "a", Source: s, Revision: "1"}})
		up := <-s.runs
		up <- s.listed("500", many(9, cluster.NoLoss)...)
		r.names("restored from a backup", 10)
		if err := r.Release("a"); err != nil {
			t.Fatal(err)
		}
		r.names("released", 9)
		s.end <- nil
		up = <-s.runs
		up <- s.listed("510", many(8, cluster.NoLoss)...)
		r.names("another one is missing", 8)
		if err := d.Flush(t.Context()); err != nil || d.known.Clusters["a"].Tides["services"] != "510" {
			t.Errorf("%v is kept, %v", d.known.Clusters["a"].Tides, err)
		}
	})
}

// TestTidesOutliveRestarts: a store that went back stays in doubt over any number
// of restarts, until it has come to be where it was.
func TestTidesOutliveRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrawer()
		d.has("a", many(10, cluster.NoLoss)...).Tides = map[string]string{"services": "1000"}
		for _, version := range []string{"500", "999"} {
			e := newRig(t, Config{Withdrawals: limits, Keeper: d})
			s := &tidal{source: newSource()}
			e.SetMembers([]Member{{ID: "a", Source: s, Revision: "1"}})
			up := <-s.runs
			up <- s.listed(version, many(9, cluster.NoLoss)...)
			e.names("at "+version, 10)
			if err := d.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			c := d.known.Clusters["a"]
			if c.Tides["services"] != "1000" || c.Held != cluster.Doubtful {
				t.Fatalf("kept at %s: %+v", version, c.Memo)
			}
			c.Held = cluster.NoLoss // the tides alone have to do
		}
		e := newRig(t, Config{Withdrawals: limits, Keeper: d})
		s := &tidal{source: newSource()}
		e.SetMembers([]Member{{ID: "a", Source: s, Revision: "1"}})
		up := <-s.runs
		up <- s.listed("1000", many(9, cluster.NoLoss)...)
		e.names("where it was", 9)
	})
}
