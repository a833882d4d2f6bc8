package discovery

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
)

// member is a member cluster and how it stands. Engine.mu guards it, but for
// run and swept, which are the loop's.
type member struct {
	Member
	supervisor *supervisor // nil: to be started
	state      cluster.State
	topology   cluster.Topology
	findings   []string // of its place
	run        uint32   // number of the Source's run
	swept      bool     // the run has been Live and what it did not report is gone: no need to look again
	synced     bool     // any run has been Live
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
	for _, m := range e.members {
		if m.supervisor == nil {
			e.start(ctx, m)
		}
	}
	var gone []cluster.ID
	for _, id := range d.removed {
		if e.members[id] == nil { // else it is back, and its first listing will sweep
			gone = append(gone, id)
		}
	}
	e.mu.Unlock()
	for _, id := range gone {
		e.log.Info("member cluster removed, withdrawing what it held", "cluster", id)
		for _, key := range e.store.Of(id) {
			e.withdraw(key, id)
		}
	}
	if d.federation != nil {
		e.loop.federation = *d.federation
	}
	e.setPlaces(d.federation != nil)
	if d.republish {
		e.restale(e.loop.synth, true)
	}
}

// start begins a member's Source; mu is held.
func (e *Engine) start(ctx context.Context, m *member) {
	ctx, cancel := context.WithCancel(ctx)
	s := &supervisor{m.ID, m.Source, e.events, cancel}
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
	old := e.loop.synth
	var found []synth.Finding
	e.loop.places = places
	e.loop.synth, found = synth.New(e.loop.federation, places)
	e.mu.Lock()
	for _, m := range e.members {
		m.findings = nil
	}
	for _, f := range found {
		if m := e.members[f.Cluster]; m != nil {
			m.findings = append(m.findings, f.Text)
		}
	}
	e.mu.Unlock()
	e.tell(fixed, found)
	e.restale(old, false)
}

// take works one event into the batch.
func (e *Engine) take(ev event) {
	m := e.of(ev.from)
	if m == nil {
		return
	}
	switch {
	case ev.begin:
		e.mu.Lock()
		e.stats.SourceRuns++
		e.mu.Unlock()
		e.loop.runs++
		m.run, m.swept = e.loop.runs, false
	case ev.failed != nil:
		e.sourceFailed(m, ev)
	default:
		e.takeUpdate(m, ev)
	}
}

// sourceFailed tells a fault once, not again at each try that meets it.
func (e *Engine) sourceFailed(m *member, ev event) {
	var p *panicError
	if errors.As(ev.failed, &p) {
		e.log.Error("source panicked, it will be run again", "cluster", ev.from.id, "panic", p.value, "stack", string(p.stack))
	} else if m.state.Reason != ev.failed.Error() {
		e.log.Error("source failed, it will be run again", "cluster", ev.from.id, "err", ev.failed)
	}
	e.mu.Lock()
	e.stats.SourceFailures++
	if p != nil {
		e.stats.SourcePanics++
	}
	e.mu.Unlock()
	e.loop.states = append(e.loop.states, stateChange{ev.from, cluster.State{Phase: cluster.Unreachable, Reason: ev.failed.Error()}})
}

func (e *Engine) takeUpdate(m *member, ev event) {
	u := &ev.update
	for i := range u.Groups {
		e.takeGroup(ev.from.id, m.run, &u.Groups[i])
	}
	e.mu.Lock()
	if m.state.Phase == cluster.Live {
		m.state.LastSync = time.Now()
	}
	if u.Topology != nil {
		m.topology = *u.Topology
	}
	e.mu.Unlock()
	if u.Topology != nil {
		e.setPlaces(false)
	}
	if u.State == nil {
		return
	}
	if u.State.Phase == cluster.Live && !m.swept {
		for _, key := range e.store.NotOf(ev.from.id, m.run) {
			e.withdraw(key, ev.from.id)
		}
		m.swept = true
	}
	e.loop.states = append(e.loop.states, stateChange{ev.from, *u.State})
}

// settle makes the states known that were waiting, once nothing they rest on waits.
func (e *Engine) settle() {
	if len(e.loop.states) == 0 || len(e.loop.queue) > 0 {
		return
	}
	now := time.Now()
	for _, c := range e.loop.states {
		m := e.of(c.from)
		if m == nil {
			continue
		}
		e.mu.Lock()
		was := m.state.Phase
		m.setState(c.state, now)
		e.mu.Unlock()
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
