package discovery

import (
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/state"
)

// What was kept over a restart goes three steps: attic, store, zones. The attic
// has the clusters that are no members yet. When SetMembers names one, its Groups
// are put into the store as reported by no run, so that the first whole listing
// sweeps what is gone meanwhile. Then all Services that were never published are
// made and published at once: see publishAll.

// restore takes up what was kept, before anything else.
func (e *Engine) restore() {
	if e.cfg.Keeper == nil || !guarantee.Holds(guarantee.LastKnownIsAnswered) {
		return
	}
	known := e.cfg.Keeper.Restore()
	e.locked(func() {
		e.attic, e.atticWhole = known.Clusters, known.Whole
		e.store.Reserve(known.Services)
	})
	before := e.loop.stale
	e.loop.stale = make(map[cluster.ServiceKey]stale, known.Services+len(before))
	maps.Copy(e.loop.stale, before)
	e.loop.queue = slices.Grow(e.loop.queue, known.Services)
	if guarantee.Holds(guarantee.AddressesOutlive) {
		e.locked(func() { e.hostsBefore = known.Hosts })
	}
}

// adopt puts what was kept of member clusters into the store. With complete,
// what was kept of others is forgotten: that is the operator's act.
func (e *Engine) adopt(complete bool) {
	if complete { // what they want is wanted when it was adopted
		defer e.locked(func() { e.hostsBefore = nil })
	}
	if len(e.attic) == 0 {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(e.attic)) {
		e.mu.RLock()
		member := e.members[id] != nil
		e.mu.RUnlock()
		if member {
			e.adoptOne(id, e.attic[id])
		}
	}
	if complete && len(e.attic) > 0 {
		e.log.Info("kept state of clusters that are no members any more is dropped", "clusters", slices.Sorted(maps.Keys(e.attic)))
		e.locked(func() {
			for id, c := range e.attic {
				if word := evidence.Word(c.Word); word != evidence.NoWord && word.Valid() {
					e.words[id] = spoken{word, c.WordAt}
				}
			}
			e.attic = nil
		})
	}
}

func (e *Engine) adoptOne(id cluster.ID, c *state.Cluster) {
	l := &e.loop
	whole := e.atticWhole && !c.LastSync.IsZero()
	var bad int
	for key, octets := range c.Groups {
		held := e.store.Has(key)
		if !held {
			if s, ok := l.stale[key]; !ok && e.refused[key] == nil {
				l.stale[key] = stale{}
				l.queue = append(l.queue, key)
			} else if s.by != nil || e.refused[key] != nil {
				e.touch(key)
			}
		} else if s, ok := l.stale[key]; !ok || s.by != nil {
			e.touch(key)
		}
		heard := false // of the cluster itself, since
		if held {
			_, heard = e.store.Packed(key, id)
		}
		if !heard && !e.restoreGroup(key, id, octets) {
			bad++
		}
		e.commitFull()
	}
	if bad > 0 {
		whole = false
		e.log.Error("kept Groups are not such as this program writes, and are left out", "cluster", id, "groups", bad)
	}
	e.locked(func() {
		delete(e.attic, id)
		m := e.members[id]
		if m == nil {
			return // its removal will be taken up
		}
		m.topology, m.state.LastSync = c.Topology, c.LastSync
		if now := time.Now(); m.state.LastSync.After(now) {
			// The clock was set back. What is from then would seem fresh until it is there.
			m.state.LastSync = now
		}
		m.kept.whole, m.kept.any, m.kept.held = whole, len(c.Groups) > 0, c.Held
		if word := evidence.Word(c.Word); word.Valid() && m.kept.wordAt.IsZero() && guarantee.Holds(guarantee.WordsOutlive) {
			m.kept.word, m.kept.wordAt = word, c.WordAt
		}
		e.loop.unjudged = true
	})
	l.adopted = append(l.adopted, id)
}

// restoreGroup puts one kept Group into the store; false: it is not well formed.
func (e *Engine) restoreGroup(key cluster.ServiceKey, id cluster.ID, octets string) bool {
	ok := true
	var typ cluster.ServiceType
	e.locked(func() {
		sum, err := e.store.Restore(key, id, octets)
		ok, typ = err == nil, sum.Type
	})
	if ok && typ == cluster.LoadBalancer {
		g, _ := e.store.Group(key, id)
		e.setHosts(user{key, id}, nil, hostnames(&g))
	}
	return ok
}

// settleRestored says of adopted clusters that what was kept of them is answered.
func (e *Engine) settleRestored() {
	if len(e.loop.adopted) == 0 {
		return
	}
	e.locked(func() {
		for _, id := range e.loop.adopted {
			if m := e.members[id]; m != nil {
				m.kept.restored = m.kept.whole
			}
		}
	})
	e.log.Info("what was last known of clusters is answered until they are heard of", "clusters", len(e.loop.adopted))
	e.loop.adopted = nil
}
