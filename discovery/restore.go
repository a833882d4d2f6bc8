package discovery

import (
	"cmp"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/state"
	"github.com/fedns/fedns/discovery/synth"
)

// What was kept over a restart goes three steps: attic, store, zones. The attic
// has the clusters that are no members yet. When SetMembers names one, its Groups
// are put into the store as reported by no run, so that the first whole listing
// sweeps what is gone meanwhile. Then all Services that were never published are
// made and published at once: see publishAll.

// publishEdits is how many edits the Services published together make, or a few
// more: enough that what a publication costs by itself does not count, and few
// enough that what is asked for meanwhile waits for milliseconds only.
const publishEdits = 8192

// restore takes up what was kept, before anything else.
func (e *Engine) restore() {
	if e.cfg.Keeper == nil {
		return
	}
	known := e.cfg.Keeper.Restore()
	e.locked(func() { e.attic, e.atticWhole = known.Clusters, known.Whole })
}

// adopt puts what was kept of member clusters into the store. With complete,
// what was kept of others is forgotten: that is the operator's act.
func (e *Engine) adopt(complete bool) {
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
		e.locked(func() { e.attic = nil })
	}
}

func (e *Engine) adoptOne(id cluster.ID, c *state.Cluster) {
	l := &e.loop
	whole := e.atticWhole && !c.LastSync.IsZero()
	var bad int
	for key, octets := range c.Groups {
		if !e.store.Has(key) {
			if s, ok := l.stale[key]; !ok && e.refused[key] == nil {
				l.stale[key] = stale{}
				l.queue = append(l.queue, key)
			} else if s.by != nil || e.refused[key] != nil {
				e.touch(key)
			}
		} else if s, ok := l.stale[key]; !ok || s.by != nil {
			e.touch(key)
		}
		if !e.restoreGroup(key, id, octets) {
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
		m.kept = kept{whole: whole, any: len(c.Groups) > 0, wordAt: c.WordAt}
		if word := evidence.Word(c.Word); word.Valid() {
			m.kept.word = word
		}
		e.loop.unjudged = true
	})
	l.adopted = append(l.adopted, id)
}

// restoreGroup puts one kept Group into the store; false: it is not well formed.
func (e *Engine) restoreGroup(key cluster.ServiceKey, id cluster.ID, octets string) bool {
	if _, ok := e.store.Packed(key, id); ok {
		return true // the cluster itself was heard of since
	}
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

// publishAll makes and publishes all Services of which nothing was published
// yet, with all processors: after a start that is everything that was kept.
func (e *Engine) publishAll() {
	l := &e.loop
	var keys []cluster.ServiceKey
	for _, key := range l.queue {
		if s, ok := l.stale[key]; ok && s.by == nil && !s.whole && e.refused[key] == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) <= staleChunk {
		return // refresh is good enough
	}
	slices.SortFunc(keys, func(a, b cluster.ServiceKey) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	made, stop := e.makeAll(keys)
	defer stop()
	var lost lost
	var changes []change
	edits := 0
	for m := range made {
		delete(l.stale, m.change.key)
		if m.err != nil {
			e.refuse(m.change, m.err, &lost)
			continue
		}
		e.note(m.change.key, m.change.now.Findings)
		changes = append(changes, m.change)
		if edits += len(m.change.now.Sets) + len(m.change.now.PTR); edits >= publishEdits {
			e.publish(changes, &lost)
			changes, edits = nil, 0
		}
	}
	e.publish(changes, &lost)
	e.tellLost(&lost)
	l.queue = slices.DeleteFunc(l.queue, func(key cluster.ServiceKey) bool {
		_, ok := l.stale[key]
		return !ok
	})
}

// made is a Service's records before they are published.
type made struct {
	change change
	err    error
}

// makeAll makes the records of Services that are not published. The loop must
// change nothing that they depend on until the channel is closed, or stop returned.
func (e *Engine) makeAll(keys []cluster.ServiceKey) (<-chan made, func()) {
	out := make(chan made, 4)
	quit := make(chan struct{})
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var groups []cluster.Group
			for {
				i := int(next.Add(1)) - 1
				if i >= len(keys) {
					return
				}
				m := made{change: change{key: keys[i]}}
				m.err = e.guard("synth", func() { m.change.now, groups = e.recordsOf(e.loop.synth, keys[i], groups) })
				select {
				case out <- m:
				case <-quit:
					return
				}
			}
		})
	}
	go func() { workers.Wait(); close(out) }()
	return out, func() {
		close(quit)
		workers.Wait()
	}
}

// recordsOf is records with a scratch of the caller's.
func (e *Engine) recordsOf(by *synth.Synthesizer, key cluster.ServiceKey, groups []cluster.Group) (synth.Records, []cluster.Group) {
	if key == fixed {
		return by.Fixed(), groups
	}
	groups = e.store.Groups(groups[:0], key)
	rs := by.Records(key, groups, e.resolve)
	clear(groups)
	return rs, groups
}
