package propagation

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/fedns/fedns/federation/work"
)

// say has an outcome told, unless it is what was told last; mu is held.
func (m *member) say(r *record, p work.Phase, reason, message string) {
	o := m.compose(r, p, reason, message)
	sum := sumOf(&o)
	if r.told.sum == sum {
		return
	}
	if r.told.phase == p && r.told.reason == reason {
		o.Since = r.told.since
	}
	r.told = told{phase: p, reason: reason, text: message, since: o.Since, sum: sum}
	if r.outcome == nil {
		m.outcomes = append(m.outcomes, r)
	}
	r.outcome = &o
	m.speak()
}

// repeat tells an outcome again if what the object says of its work has changed; mu
// is held.
func (m *member) repeat(r *record) {
	if r.told.phase != "" {
		m.say(r, r.told.phase, r.told.reason, r.told.text)
	}
}

func (m *member) compose(r *record, p work.Phase, reason, message string) work.Outcome {
	o := work.Outcome{Cluster: m.name, Key: r.key, Phase: p, Reason: reason, Message: message, Since: time.Now(), There: r.seen.there(), Health: work.Unknown, Template: reason == ReasonTemplate}
	if r.reading != nil {
		o.Health, o.Status, o.Replicas, o.Ready = r.reading.Health, r.reading.Status, r.reading.Replicas, r.reading.Ready
	}
	return o
}

func sumOf(o *work.Outcome) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%d\x00%d\x00%t\x00", o.Phase, o.Reason, o.Message, o.Health, o.Replicas, o.Ready, o.There)
	_, _ = h.Write(o.Status)
	return h.Sum64()
}

// speak has a goroutine tell what there is to tell; mu is held.
func (m *member) speak() {
	if m.telling || len(m.outcomes) == 0 || !m.started || m.ended {
		return
	}
	m.telling = true
	m.spawn(m.teller)
}

// teller tells until there is nothing left.
func (m *member) teller() {
	for {
		m.mu.Lock()
		batch := m.outcomes
		m.outcomes = nil
		if len(batch) == 0 || m.ended {
			m.telling = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		for _, r := range batch {
			m.mu.Lock()
			o := r.outcome
			r.outcome = nil
			m.sweep(r)
			ended := m.ended
			m.mu.Unlock()
			if ended {
				return
			}
			if o != nil {
				m.cfg.Tell(*o)
			}
		}
	}
}
