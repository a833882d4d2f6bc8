package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/synth"
)

// SetAgreed says what those who look agree on: whether a member's API server is
// seen by any of them, which counts where this Engine does not see it, and
// whether its data plane works, which its API server cannot tell. Until it is
// said, both are unknown.
func (e *Engine) SetAgreed(id cluster.ID, api, data cluster.Liveness) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := e.members[id]; m != nil && (m.data != data || m.agreed != api) {
		m.agreed, m.data = api, data
		e.desired.judge = true
		e.nudge()
	}
}

// SetEvidence changes how evidence is weighed, and what may be withdrawn at a time.
func (e *Engine) SetEvidence(p evidence.Policy, l evidence.Limits) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.desired.policy, e.desired.limits = &p, &l
	e.desired.judge = true
	e.nudge()
}

// setAPI follows from m's phase what is known of its API server. To be read anew
// is no sign of life yet: what was unreachable stays so until all of it was read.
func (m *member) setAPI(s cluster.State) (changed bool) {
	was := m.api
	switch {
	case s.Phase == cluster.Live && m.api.Signal != cluster.Up:
		m.api = cluster.Liveness{Signal: cluster.Up, Since: s.Since}
	case s.Phase == cluster.Unreachable && m.api.Signal != cluster.Down:
		m.api = cluster.Liveness{Signal: cluster.Down, Since: s.Since, Reason: s.Reason}
	case s.Phase == cluster.Unreachable:
		m.api.Reason = s.Reason
	}
	return m.api.Signal != was.Signal
}

// said is what the operator said, here or in the configuration.
func (m *member) said() evidence.Word {
	if m.kept.word == evidence.Evict || m.Word == evidence.NoWord {
		return m.kept.word
	}
	return m.Word
}

// signals are what m is judged by. A cluster that is read for the first time
// counts as seen: all that is known of it was heard just now.
func (m *member) signals() evidence.Signals {
	s := evidence.Signals{API: m.api, Nodes: m.nodes, Data: m.data}
	switch {
	case m.api.Signal == cluster.Unknown && !m.kept.any:
		s.API.Signal = cluster.Up
	case m.api.Signal == cluster.Down && m.agreed.Signal == cluster.Up:
		s.API.Signal = cluster.Unknown // it lives, and what is known of it is as of then
	}
	return s
}

// judge decides anew what may be answered of each cluster, if anything that this
// depends on has changed, and has what follows from it published.
func (e *Engine) judge() {
	l := &e.loop
	now := time.Now()
	if !l.unjudged && (l.judgeAt.IsZero() || now.Before(l.judgeAt)) {
		return
	}
	l.unjudged = false
	e.mu.RLock()
	ids := slices.Sorted(maps.Keys(e.members))
	cases := make([]evidence.Case, len(ids))
	for i, id := range ids {
		m := e.members[id]
		cases[i] = evidence.Case{ID: id, Signals: m.signals(), Word: m.said()}
	}
	e.mu.RUnlock()
	verdicts, next := l.policy.Weigh(cases, now)
	e.judgeAgain(next, now)
	uses := make(map[cluster.ID]synth.Use, len(ids))
	var others []cluster.ID
	for i, id := range ids {
		if use := useOf(verdicts[i]); use != (synth.Use{}) {
			uses[id] = use
		}
		if uses[id] != l.uses[id] {
			others = append(others, id)
		}
		e.tellVerdict(id, verdicts[i])
	}
	for id := range l.uses { // of members that are no more
		if _, ok := uses[id]; !ok && !slices.Contains(others, id) {
			others = append(others, id)
		}
	}
	if len(others) > 0 {
		old := l.synth
		l.uses, l.synth = uses, old.With(uses)
		e.restaleOf(old, others)
	}
}

// judgeAgain arms the timer for when time alone changes a verdict.
func (e *Engine) judgeAgain(at, now time.Time) {
	l := &e.loop
	if l.judgeTimer != nil {
		l.judgeTimer.Stop()
	}
	l.judgeAt, l.judgeTimer = at, nil
	if !at.IsZero() {
		l.judgeTimer = time.NewTimer(at.Sub(now))
	}
}

// useOf is a Verdict as a Synthesizer understands it.
func useOf(v evidence.Verdict) synth.Use {
	return synth.Use{Rank: uint8(v.Standing), Never: v.Standing == evidence.Evicted, Stale: v.Stale}
}

// tellVerdict keeps a Verdict for Clusters, and logs it where the standing is another.
func (e *Engine) tellVerdict(id cluster.ID, v evidence.Verdict) {
	e.mu.Lock()
	m := e.members[id]
	if m == nil || m.verdict == v {
		e.mu.Unlock()
		return
	}
	was := m.verdict
	m.verdict = v
	if was.Standing != v.Standing || was.Held != v.Held {
		m.judged = time.Now()
	}
	e.mu.Unlock()
	if was.Standing == v.Standing && was.Held == v.Held {
		return
	}
	level := slog.LevelInfo
	if v.Standing != evidence.First || v.Held {
		level = slog.LevelWarn
	}
	reason := "StandingChanged"
	if v.Held {
		reason = "StandingHeld"
	}
	e.notify(Notice{id, level == slog.LevelWarn, reason, strings.TrimSpace(fmt.Sprintf("cluster %s is answered %s. %s", id, v.Standing, v.Reason))})
	e.log.Log(context.Background(), level, "member cluster's standing", "cluster", id, "standing", v.Standing.String(), "held", v.Held, "reason", v.Reason)
}

// notify tells the operator.
func (e *Engine) notify(n Notice) {
	if e.cfg.Notify != nil {
		e.cfg.Notify(n)
	}
}

// restaleOf makes the Services of some clusters due for another look, before all
// others. old is the Synthesizer that made what is published.
func (e *Engine) restaleOf(old *synth.Synthesizer, ids []cluster.ID) {
	of := make(map[cluster.ID]bool, len(ids))
	for _, id := range ids {
		of[id] = true
	}
	var keys []cluster.ServiceKey
	for key := range e.store.Services() { // once, however many clusters there are: all of them, after a restart
		if !e.store.HasOf(key, of) {
			continue
		}
		keys = append(keys, key)
		if _, ok := e.loop.stale[key]; !ok {
			e.loop.stale[key] = stale{by: old}
		}
	}
	for _, key := range e.loop.queue {
		if !e.store.HasOf(key, of) {
			keys = append(keys, key)
		}
	}
	e.loop.queue = keys
}
