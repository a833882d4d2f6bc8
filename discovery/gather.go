package discovery

import (
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// At the start every cluster reports all it has. A Service that a hundred of them
// have would be made and published a hundred times, each time with all endpoints
// known until then. So what is reported first is gathered: nothing of it is
// published, until the clusters make a pause, or for as long as gatherLongest.
// What somebody asks for meanwhile is published at once.
const (
	gatherPause   = 250 * time.Millisecond
	gatherLongest = 5 * time.Second
	// gatherFrom is how many clusters there have to be: what fewer report is published
	// sooner than gathered.
	gatherFrom = 8
)

// beginGathering gathers from now on, once, if it is worth while: not when what
// was kept over a restart tells most of it beforehand.
func (e *Engine) beginGathering() {
	l := &e.loop
	e.mu.RLock()
	members := len(e.members)
	e.mu.RUnlock()
	if l.gathered || members < gatherFrom || len(e.attic) > 0 || e.store.Len() > 0 {
		return
	}
	l.gathered = true
	l.gathering = time.NewTimer(gatherPause)
	l.gatherUntil = time.Now().Add(gatherLongest)
}

// gather puts a Service off whose Groups are about to change; false: something
// of it is published, or gathering is over.
func (e *Engine) gather(key cluster.ServiceKey) bool {
	l := &e.loop
	if l.gathering == nil || e.refused[key] != nil {
		return false
	}
	if _, touched := l.batch.old[key]; touched {
		return false
	}
	s, waits := l.stale[key]
	switch {
	case waits:
		return s.by == nil && !s.whole
	case e.store.Has(key):
		return false
	}
	l.stale[key] = stale{}
	l.queue = append(l.queue, key)
	return true
}

// goOnGathering waits for the next pause after something was reported, and ends
// when that took too long, or everybody has reported everything.
func (e *Engine) goOnGathering() {
	l := &e.loop
	switch {
	case l.gathering == nil:
	case time.Now().After(l.gatherUntil) || l.heard && e.allRead():
		e.endGathering()
	case l.heard:
		l.gathering.Reset(gatherPause)
	}
	l.heard = false
}

// allRead says that every member has been read whole, or cannot be.
func (e *Engine) allRead() bool {
	over := map[cluster.ID]bool{}
	for _, c := range e.loop.states {
		over[c.from.id] = c.state.Phase != cluster.Syncing
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	for id, m := range e.members {
		if m.state.Phase == cluster.Syncing && !over[id] {
			return false
		}
	}
	return true
}

// endGathering publishes what was gathered.
func (e *Engine) endGathering() {
	if e.loop.gathering != nil {
		e.loop.gathering.Stop()
		e.loop.gathering = nil
		e.publishAll()
	}
}

// raise publishes a gathered Service that somebody asks for.
func (e *Engine) raise(owner dnsname.Name) {
	key, ok := e.loop.synth.Service(owner)
	if !ok {
		return
	}
	if s, waits := e.loop.stale[key]; waits && s.by == nil {
		e.touch(key)
	}
}
