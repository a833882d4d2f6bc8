package discovery

import (
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// What is held of a cluster ends by itself when at least half of it came back and
// the rest is few enough: most was an error that is over then. The rest may be on
// its way back, too (objects are made anew one by one, a list gets better each
// time), so that it is made only when nothing came back for a window. It counts as
// all losses do: held and let go in turns, no more is lost than without a guard
// that holds.

// mend forgets what was held of Services that are reported anew. One that comes
// back may have changed while the error lasts.
func (e *Engine) mend(m *member, groups []cluster.Group) {
	before := len(m.held)
	if before == 0 {
		return
	}
	e.locked(func() {
		for i := range groups {
			delete(m.held, groups[i].Service)
		}
	})
	switch {
	case len(m.held) == 0:
		e.release(m, "all came back")
	case len(m.held) < before:
		m.heldAt = time.Now()
		e.mendAgain(e.loop.limits.WithDefaults().Window)
	}
}

// mendAgain has mendAll look after some time, or earlier.
func (e *Engine) mendAgain(wait time.Duration) {
	l := &e.loop
	at := time.Now().Add(wait)
	if l.mend != nil && !at.Before(l.mendAt) {
		return
	}
	if l.mend != nil {
		l.mend.Stop()
	}
	l.mend, l.mendAt = time.NewTimer(wait), at
}

// mendAll makes what is held of clusters of which nothing comes back any more.
func (e *Engine) mendAll() {
	e.loop.mend = nil
	now, window := time.Now(), e.loop.limits.WithDefaults().Window
	e.mu.RLock()
	ids := slices.Sorted(maps.Keys(e.members))
	e.mu.RUnlock()
	for _, id := range ids {
		e.mu.RLock()
		m := e.members[id]
		e.mu.RUnlock()
		switch {
		case m == nil || len(m.held) == 0 || 2*len(m.held) > m.heldMost || m.heldBy == cluster.Doubtful:
		case now.Sub(m.heldAt) < window:
			e.mendAgain(m.heldAt.Add(window).Sub(now))
		case e.admitRest(m, now) != nil:
			e.mendAgain(window)
		default:
			e.release(m, "the others came back")
		}
	}
}

// admitRest asks the guards for what is left of what was held.
func (e *Engine) admitRest(m *member, now time.Time) error {
	left := func(enough int) int { return e.answered(m.ID, enough) }
	if why := m.guard.Admit(e.loop.limits, now, len(m.held), left, m.heldBy); why != nil {
		return why
	}
	return e.admitNames(m.ID, slices.Collect(maps.Keys(m.held)), now)
}
