package discovery

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/discovery/tide"
)

// member is a member cluster and how it stands. Engine.mu guards it, but for
// run, swept and broken, which are the loop's.
type member struct {
	Member
	supervisor *supervisor // nil: to be started
	state      cluster.State
	topology   cluster.Topology
	findings   []string // of its place
	run        uint32   // number of the Source's run
	swept      bool     // the run has been Live and what it did not report is gone: no need to look again
	tides      *tide.Table
	broken     bool // the run was given up: what it reports does not count any more
	synced     bool // any run has been Live
	kept       kept
	unstated   bool // nobody said that it is a member: see there

	api, nodes, data cluster.Liveness
	agreed           cluster.Liveness // of the API server, by all who look
	verdict          evidence.Verdict
	judged           time.Time // since when it stands as it does; zero: from the beginning

	guard     evidence.Guard                       // of what is answered of it
	ahead     evidence.Guard                       // of what its Source says that it will lose
	announced int                                  // of the latter, was not told yet
	held      map[cluster.ServiceKey]cluster.Group // reports that are not taken in yet
	heldBy    cluster.Loss                         // the weakest evidence of theirs
	heldMost  int                                  // so many were held at a time
	heldWhy   string
	heldSince time.Time
	heldAt    time.Time // the last time something was held, or came back

	// lacking are reports of the run that wait until it is swept: see untilSwept. The loop's.
	lacking map[cluster.ServiceKey]cluster.Group
}

// stop ends the Source without waiting for it. Nothing it said since counts.
func (m *member) stop() {
	if m.supervisor != nil {
		m.supervisor.cancel()
		m.supervisor = nil
	}
}

// place is where the cluster is: as configured, else as its nodes tell.
func (m *member) place() synth.Place {
	p := m.Place
	p.Region = cmp.Or(p.Region, m.topology.Region)
	if len(p.Zones) == 0 {
		p.Zones = m.topology.Zones
	}
	return p
}

// setState takes in what a Source says of itself, with what it leaves out filled in.
func (m *member) setState(s cluster.State, now time.Time) {
	if s.Phase == m.state.Phase && !m.state.Since.IsZero() {
		s.Since = m.state.Since
	} else if s.Since.IsZero() {
		s.Since = now
	}
	if s.Phase == cluster.Live {
		m.synced = true
		if s.LastSync.IsZero() {
			s.LastSync = now
		}
	}
	if s.LastSync.Before(m.state.LastSync) {
		s.LastSync = m.state.LastSync
	}
	m.state = s
}

// stateChange is a State that waits until what it rests on is published.
type stateChange struct {
	from  *supervisor
	state cluster.State
}

// of finds the member that a supervisor speaks for; nil: for none any more.
func (e *Engine) of(s *supervisor) *member {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if m := e.members[s.id]; m != nil && m.supervisor == s {
		return m
	}
	return nil
}

// takeDesired makes what SetMembers, SetFederation and Republish asked for.
func (e *Engine) takeDesired(ctx context.Context) {
	e.mu.Lock()
	d := e.desired
	e.desired = desired{}
	if d.members && !d.complete {
		e.standIn()
	}
	for _, m := range e.members {
		if m.supervisor == nil {
			e.start(ctx, m)
		}
	}
	e.mu.Unlock()
	e.beginGathering()
	e.adopt(d.complete)
	l := &e.loop
	l.done = append(l.done, d.republish...)
	l.unjudged = l.unjudged || d.judge
	if d.policy != nil {
		l.policy, l.limits = *d.policy, *d.limits
	}
	if d.federation != nil {
		l.federation = *d.federation
	}
	for l.gone = append(l.gone, d.removed...); len(l.gone) > 0; l.gone = l.gone[1:] {
		e.withdrawAll(l.gone[0])
	}
	for _, id := range d.release {
		if m := e.members[id]; m != nil && len(m.held) > 0 {
			if m.heldBy == cluster.Doubtful {
				m.tides.Believe() // the store as it is now is the cluster's
			}
			e.release(m, "by the operator's word")
		}
	}
	e.setPlaces(l.redo || d.federation != nil)
	if l.redo || len(d.republish) > 0 {
		e.restale(l.synth, true)
	}
	l.redo = false
	e.judge() // before what was kept is published as something else
}

// withdrawAll forgets what a removed cluster held.
func (e *Engine) withdrawAll(id cluster.ID) {
	e.mu.RLock()
	back := e.members[id] != nil // its first listing will sweep
	e.mu.RUnlock()
	if back {
		return
	}
	e.log.Info("member cluster removed, withdrawing what it held", "cluster", id)
	for _, key := range e.store.Of(id) {
		e.withdraw(key, id)
	}
}

// start begins a member's Source; mu is held. How far the cluster's store had come
// the Source knows from what ran before it, in this process or another one.
func (e *Engine) start(ctx context.Context, m *member) {
	if c := e.attic[m.ID]; c != nil {
		m.tides.Raise(c.Tides)
	}
	if s, ok := m.Source.(tide.User); ok && guarantee.Holds(guarantee.TidesOutlive) {
		s.SetTides(m.tides)
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &supervisor{m.ID, m.Source, e.events, cancel, make(chan error, 1)}
	m.supervisor = s
	e.sources.Go(func() {
		defer cancel()
		s.run(ctx, e.cfg.RestartMin, e.cfg.RestartMax)
	})
}

// setPlaces makes another Synthesizer when the places of the members, or the
// names, are others.
func (e *Engine) setPlaces(always bool) {
	e.mu.RLock()
	places := make(map[cluster.ID]synth.Place, len(e.members))
	for id, m := range e.members {
		places[id] = m.place()
	}
	e.mu.RUnlock()
	if !always && maps.EqualFunc(places, e.loop.places, synth.Place.Equal) {
		return
	}
	old, before := e.loop.synth, e.loop.places
	now, found := synth.New(e.loop.federation, places)
	e.loop.places, e.loop.synth = places, now.With(e.loop.uses)
	e.locked(func() {
		e.names = now
		for _, m := range e.members {
			m.findings = nil
		}
		for _, f := range found {
			if m := e.members[f.Cluster]; m != nil {
				m.findings = append(m.findings, f.Text)
			}
		}
	})
	e.tell(fixed, found)
	if e.follows() {
		e.cfg.Follower.Moved(nil) // regions are part of Origins
	}
	if always || !now.SameLadder(old) {
		e.restale(old, false)
		return
	}
	// Every Service has the names it had: only those of whoever moved differ.
	var moved []cluster.ID
	for id, p := range places {
		if !p.Equal(before[id]) {
			moved = append(moved, id)
		}
	}
	for id := range before {
		if _, ok := places[id]; !ok {
			moved = append(moved, id)
		}
	}
	e.restaleOf(old, moved)
}

// take works one event into the batch.
func (e *Engine) take(ev event) {
	m := e.of(ev.from)
	switch {
	case m == nil:
	case ev.begin:
		e.loop.heard = true
		e.locked(func() { e.stats.SourceRuns++ })
		e.loop.runs++
		m.run, m.swept, m.broken, m.announced, m.lacking = e.loop.runs, false, false, 0, nil
	case ev.failed != nil:
		e.loop.heard = true
		e.sourceFailed(m, ev)
	case !m.broken:
		e.loop.heard = true
		e.takeUpdate(m, ev)
	}
}

// giveUp ends a run of which something could not be taken in: another is to
// report it again. What else this one reports does not count, least of all that
// it reported everything.
func (e *Engine) giveUp(m *member, from *supervisor, err error) {
	if !m.broken {
		m.broken = true
		e.logPanic("what a cluster reported could not be taken in, it will be read again", err, "cluster", from.id)
		from.abort(err)
	}
}

// sourceFailed tells a fault once, not again at each try that meets it.
func (e *Engine) sourceFailed(m *member, ev event) {
	var p *panicError
	panicked := errors.As(ev.failed, &p)
	ours := panicked && p.in == inSource
	switch {
	case ours:
		e.log.Error("source panicked, it will be run again", "cluster", ev.from.id, "panic", p.value, "stack", string(p.stack))
	case panicked: // told before
	case m.state.Reason != ev.failed.Error():
		e.log.Error("source failed, it will be run again", "cluster", ev.from.id, "err", ev.failed)
	}
	e.locked(func() {
		e.stats.SourceFailures++
		if ours {
			e.stats.SourcePanics++
		}
	})
	if !guarantee.Holds(guarantee.SilenceStands) {
		e.sweep(m, ev.from.id, cluster.Missing)
	}
	e.loop.states = append(e.loop.states, stateChange{ev.from, cluster.State{Phase: cluster.Unreachable, Reason: ev.failed.Error()}})
}

func (e *Engine) takeUpdate(m *member, ev event) {
	u := &ev.update
	groups := u.Groups
	if err := e.guard("discovery", func() {
		now := e.untilSwept(m, ev.from.id, groups)
		groups = e.withhold(m, ev.from.id, now, u.Losing-(len(groups)-len(now)))
	}); err != nil {
		e.giveUp(m, ev.from, err)
		return
	}
	for i := range groups { // one that goes wrong keeps no other from being known
		if err := e.guard("discovery", func() { e.takeGroup(ev.from.id, m.run, &groups[i]) }); err != nil {
			e.giveUp(m, ev.from, err)
			if !guarantee.Holds(guarantee.BadReportsStay) {
				break
			}
		}
	}
	if m.broken {
		return
	}
	if err := e.guard("discovery", func() { e.takeRest(m, ev) }); err != nil {
		e.giveUp(m, ev.from, err)
	}
}

// takeRest takes in what an Update says of the cluster as a whole.
func (e *Engine) takeRest(m *member, ev event) {
	u := &ev.update
	e.locked(func() {
		if m.state.Phase == cluster.Live || !guarantee.Holds(guarantee.FreshnessIsMeasured) {
			m.state.LastSync = time.Now()
		}
		if u.Topology != nil {
			m.topology = *u.Topology
		}
	})
	if u.Nodes != nil && m.nodes != *u.Nodes {
		e.locked(func() { m.nodes = *u.Nodes })
		e.loop.unjudged = true
	}
	if u.Topology != nil {
		e.setPlaces(false)
	}
	if u.State == nil {
		return
	}
	if whole(u.State.Phase) && !m.swept {
		e.sweep(m, ev.from.id, u.Lacks)
	}
	e.loop.states = append(e.loop.states, stateChange{ev.from, *u.State})
}

// whole says that a run in this phase has told everything the cluster holds.
func whole(p cluster.Phase) bool {
	return p == cluster.Live || !guarantee.Holds(guarantee.UnreachableStands)
}

// settle makes the states known that were waiting, once nothing they rest on
// waits, and says that everything was published to who asked for it.
func (e *Engine) settle() {
	if len(e.loop.queue) > 0 || e.loop.redo {
		return
	}
	if e.loop.emptied && len(e.loop.stale) == 0 { // a map that once had all Services in it stays as large
		e.loop.emptied, e.loop.stale = false, map[cluster.ServiceKey]stale{}
	}
	for len(e.loop.done) > 0 {
		done := e.loop.done[0]
		e.loop.done = e.loop.done[1:]
		done()
	}
	e.settleRestored()
	now := time.Now()
	for _, c := range e.loop.states {
		m := e.of(c.from)
		if m == nil {
			continue
		}
		was := m.state.Phase
		var api bool
		e.locked(func() {
			m.setState(c.state, now)
			api = m.setAPI(m.state)
		})
		e.loop.unjudged = true
		if api && e.cfg.Seen != nil {
			e.cfg.Seen(c.from.id, m.api)
		}
		if was != c.state.Phase {
			level := slog.LevelInfo
			if c.state.Phase == cluster.Unreachable {
				level = slog.LevelWarn
			}
			e.log.Log(context.Background(), level, "member cluster", "cluster", c.from.id, "phase", c.state.Phase.String(), "reason", c.state.Reason)
		}
	}
	clear(e.loop.states)
	e.loop.states = e.loop.states[:0]
}
