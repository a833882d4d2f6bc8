package discovery

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/state"
)

// A Keeper keeps what is known over a restart: see state.Keeper, whose contract
// it has. All methods may be called from any goroutine; Restore and Changed
// return at once.
type Keeper interface {
	// Restore gives what was kept before this process, once; it is the caller's.
	Restore() state.Known
	// Changed says that a cluster's Group is another one now, or gone.
	Changed(cluster.ID, cluster.ServiceKey)
	// Run writes what changed until ctx is done, and the last of it then. It may be
	// run again after a panic.
	Run(ctx context.Context, mem state.Memory)
	// Flush returns when what was changed before is on disk. The error says why it
	// is not: it will be tried again.
	Flush(context.Context) error
}

// kept is what of a member is kept over a restart beside its Groups. Engine.mu
// guards it.
type kept struct {
	// whole: what is held of the cluster has everything it had when it was last
	// read, by another process.
	whole bool
	// restored is whole, from when all of it can be answered.
	restored bool
	// any: of what is held of the cluster, something may be from before this process
	// and not heard since.
	any bool
	// held: withdrawals of the cluster were held, by evidence this weak; what its first
	// whole listing lacks is held again.
	held   cluster.Loss
	word   evidence.Word // the operator's, beside the configuration's
	wordAt time.Time
}

// spoken is a word and when it was said.
type spoken struct {
	word evidence.Word
	at   time.Time
}

// runKeeper starts the Keeper; what it returns ends it, when nothing changes any more.
func (e *Engine) runKeeper() (end func()) {
	if e.cfg.Keeper == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			err := e.guard("state", func() { e.cfg.Keeper.Run(ctx, memory{e}) })
			if err == nil {
				return
			}
			e.logPanic("writing what is known panicked, it will be tried again", err)
			if !pause(ctx, e.cfg.RestartMax) {
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

// keep has a change of a cluster's Group written.
func (e *Engine) keep(key cluster.ServiceKey, id cluster.ID) {
	if e.cfg.Keeper != nil {
		e.cfg.Keeper.Changed(id, key)
	}
}

// SetWord heeds what the operator says of a member cluster, and returns when that
// is kept over a restart, too. The error says that there is no such member or
// word, or that it could not be kept.
func (e *Engine) SetWord(ctx context.Context, id cluster.ID, word evidence.Word) error {
	if !word.Valid() {
		return fmt.Errorf("cluster %s: %q is neither %q nor %q", id, word, evidence.Drain, evidence.Evict)
	}
	known := false
	e.locked(func() {
		if m := e.members[id]; m != nil {
			m.kept.word, m.kept.wordAt, known = word, time.Now(), true
			e.desired.judge = true
			e.nudge()
		}
	})
	switch {
	case !known:
		return fmt.Errorf("there is no cluster %q", id)
	case e.cfg.Keeper == nil:
		return nil
	}
	if err := e.cfg.Keeper.Flush(ctx); err != nil {
		return fmt.Errorf("cluster %s: %q holds until the next restart only: %w", id, word, err)
	}
	return nil
}

// Word is what the operator said last of a member cluster, and when; empty: nothing.
func (e *Engine) Word(id cluster.ID) (word evidence.Word, at time.Time) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if m := e.members[id]; m != nil {
		return m.kept.word, m.kept.wordAt
	}
	return "", time.Time{}
}

// memory is the Engine as a Keeper sees it (state.Memory).
type memory struct{ *Engine }

// Memos implements state.Memory.
func (m memory) Memos() map[cluster.ID]state.Memo {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make(map[cluster.ID]state.Memo, len(m.members)+len(m.attic))
	for id, c := range m.members {
		memo := state.Memo{Topology: c.topology, Word: string(c.kept.word), WordAt: c.kept.wordAt, Tides: c.tides.Versions()}
		if len(c.held) > 0 {
			memo.Held = c.heldBy
		} else {
			memo.Held = c.kept.held // until a whole listing has told what is held
		}
		if c.synced || c.kept.whole { // else it is not known whether these are all its Groups
			memo.LastSync = c.state.LastSync
		}
		all[id] = memo
	}
	for id, w := range m.words {
		all[id] = state.Memo{Word: string(w.word), WordAt: w.at}
	}
	for id, c := range m.attic { // a member's, too, until it was adopted
		all[id] = c.Memo
	}
	return all
}

// Hosts implements state.Memory.
func (m memory) Hosts() map[string][]netip.Addr {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make(map[string][]netip.Addr, len(m.hosts)+len(m.hostsBefore))
	maps.Copy(all, m.hostsBefore)
	for name, h := range m.hosts {
		if len(h.addrs) > 0 {
			all[name] = h.addrs // never written to
		}
	}
	return all
}

// Packed implements state.Memory.
func (m memory) Packed(r state.Ref) (string, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if c := m.attic[r.Cluster]; c != nil {
		octets, ok := c.Groups[r.Service]
		return octets, ok
	}
	return m.store.Packed(r.Service, r.Cluster)
}

// All implements state.Memory. The lock is held for one Service at a time.
func (m memory) All() iter.Seq2[state.Ref, string] {
	return func(yield func(state.Ref, string) bool) {
		m.mu.RLock()
		keys := m.store.Keys()
		var attic []*state.Cluster // their Groups do not change
		var ids []cluster.ID
		for id, c := range m.attic {
			attic, ids = append(attic, c), append(ids, id)
		}
		m.mu.RUnlock()
		type group struct {
			id     cluster.ID
			octets string
		}
		var groups []group
		for _, key := range keys {
			groups = groups[:0]
			m.mu.RLock()
			for id, octets := range m.store.PackedOf(key) {
				groups = append(groups, group{id, octets})
			}
			m.mu.RUnlock()
			for _, g := range groups {
				if !yield(state.Ref{Cluster: g.id, Service: key}, g.octets) {
					return
				}
			}
		}
		for i, c := range attic {
			for key, octets := range c.Groups {
				if !yield(state.Ref{Cluster: ids[i], Service: key}, octets) {
					return
				}
			}
		}
	}
}
