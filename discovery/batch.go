package discovery

import (
	"errors"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/zone"
)

// fixed stands for the records that belong to no Service.
var fixed cluster.ServiceKey

// batch gathers the Services that changed since the last commit.
type batch struct {
	order []cluster.ServiceKey
	old   map[cluster.ServiceKey]change
}

// stale marks a Service whose published records are not by the current Synthesizer.
type stale struct {
	by    *synth.Synthesizer // nil: none were published
	whole bool               // publish all of it, changed or not
	at    uint32             // in the bulk that is being published, counted from 1; 0: it is in none
}

// refusal is what a Publisher refused.
type refusal struct {
	may synth.Records // what may be in the zones of this Service
	err string
}

// tellKey is a finding that was logged.
type tellKey struct {
	key cluster.ServiceKey
	synth.Finding
}

// maxTold bounds the memory of what was logged; past it everything may be logged once more.
const maxTold = 10_000

// touch must come before anything that the records of a Service depend on is
// changed: it remembers what they were.
func (e *Engine) touch(key cluster.ServiceKey) {
	b := &e.loop.batch
	if _, ok := b.old[key]; ok {
		return
	}
	b.order = append(b.order, key)
	if r := e.refused[key]; r != nil {
		b.old[key] = change{key: key, old: r.may, whole: true}
		return
	}
	b.old[key] = e.before(key)
}

// records are those of a Service as it is known now.
func (e *Engine) records(by *synth.Synthesizer, key cluster.ServiceKey) synth.Records {
	switch {
	case by == nil:
		return synth.Records{}
	case key == fixed:
		return by.Fixed()
	}
	e.loop.groups = e.store.Groups(e.loop.groups[:0], key)
	rs := by.Records(key, e.loop.groups, e.resolve)
	clear(e.loop.groups)
	return rs
}

// restale makes every Service due for another look, old being the Synthesizer
// that made what is published.
func (e *Engine) restale(old *synth.Synthesizer, whole bool) {
	keys := append(e.store.Keys(), fixed)
	for _, key := range keys {
		s, ok := e.loop.stale[key]
		if !ok {
			s.by = old
		}
		s.whole = s.whole || whole
		e.loop.stale[key] = s
	}
	e.loop.queue = keys
}

// commitFull commits when the batch is full.
func (e *Engine) commitFull() {
	if len(e.loop.batch.order) >= e.cfg.Batch {
		e.commit()
	}
}

// commit publishes what the touched Services' records have become.
func (e *Engine) commit() {
	b := &e.loop.batch
	if len(b.order) == 0 {
		return
	}
	changes := make([]change, 0, len(b.order))
	var lost lost
	for _, key := range b.order {
		c := b.old[key]
		c.whole = c.whole || e.loop.stale[key].whole
		delete(e.loop.stale, key)
		if err := e.make(&c); err != nil {
			e.refuse(c, err, &lost)
			continue
		}
		e.note(key, c.found)
		changes = append(changes, c)
	}
	e.publish(changes, &lost)
	e.tellMoved(changes)
	b.order = b.order[:0]
	clear(b.old)
	e.answerable()
	e.tellLost(&lost)
}

// tellLost tells of what a commit refused, and sees to it that it is tried again.
func (e *Engine) tellLost(lost *lost) {
	if lost.count > 0 {
		e.log.Warn("records refused, they will be published again", "services", lost.count, "service", lost.key.String(), "err", lost.err)
		e.logPanic("publishing records panicked", lost.panic)
	}
	e.armRetry()
}

// lost is what of one commit was refused for the first time.
type lost struct {
	count int
	key   cluster.ServiceKey // the first
	err   error
	panic error // the first that is one
}

// publish publishes changes, together if it can. Where that fails, each half is
// tried by itself, down to the one Service that is at fault, so that the others
// do not wait for it.
func (e *Engine) publish(changes []change, lost *lost) {
	if len(changes) == 0 {
		return
	}
	var edits []zone.Edit
	var err error
	panicked := e.guard("publisher", func() {
		parts := make([][]zone.Edit, len(changes))
		for i := range changes {
			parts[i] = changes[i].differ()
		}
		edits = slices.Concat(parts...)
		if len(edits) > 0 {
			err = e.pub.Publish(edits)
		}
	})
	err = errors.Join(err, panicked)
	e.published(changes, len(edits), err)
	if err == nil {
		return
	}
	changes = e.all(changes, lost)
	if len(changes) == 0 {
		return
	}
	for i := range changes {
		c := &changes[i]
		c.old, c.whole = synth.Union(c.old, c.now), true
	}
	if half := len(changes) / 2; half > 0 && guarantee.Holds(guarantee.BadRecordsStay) {
		e.publish(changes[:half], lost)
		e.publish(changes[half:], lost)
		return
	}
	e.refuse(changes[0], err, lost)
}

// all makes the records of the changes of which only edits were made, and gives
// up those where that cannot be done.
func (e *Engine) all(changes []change, lost *lost) []change {
	left := changes[:0]
	for _, c := range changes {
		if c.brief {
			if err := e.makeAll(&c); err != nil {
				e.refuse(c, err, lost)
				continue
			}
		}
		left = append(left, c)
	}
	return left
}

// published keeps the books.
func (e *Engine) published(changes []change, edits int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.stats.PublishErrors++
		return
	}
	for i := range changes {
		delete(e.refused, changes[i].key)
	}
	if edits > 0 {
		e.stats.Publishes++
		e.stats.Edits += uint64(edits)
		e.stats.LastPublish = time.Now()
	}
}

func (e *Engine) refuse(c change, err error, lost *lost) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refused[c.key] == nil {
		if lost.count++; lost.count == 1 {
			lost.key, lost.err = c.key, err
		}
		var p *panicError
		if lost.panic == nil && errors.As(err, &p) {
			lost.panic = p
		}
	}
	e.refused[c.key] = &refusal{c.old, err.Error()}
}

// armRetry sees to it that what is refused is tried again.
func (e *Engine) armRetry() {
	l := &e.loop
	switch {
	case len(e.refused) == 0:
		if l.retry != nil {
			l.retry.Stop()
		}
		l.retry, l.retryWait = nil, e.cfg.RetryMin
	case l.retry == nil:
		l.retryWait = max(l.retryWait, e.cfg.RetryMin)
		l.retry = time.NewTimer(l.retryWait)
		l.retryWait = min(2*l.retryWait, e.cfg.RetryMax)
	}
}

// note keeps a Service's findings for Services, and logs the new ones.
func (e *Engine) note(key cluster.ServiceKey, found []synth.Finding) {
	if len(found) == 0 && len(e.findings[key]) == 0 {
		return
	}
	e.locked(func() {
		if len(found) == 0 {
			delete(e.findings, key)
		} else {
			e.findings[key] = found
		}
	})
	e.tell(key, found)
}

// tell logs each finding once.
func (e *Engine) tell(key cluster.ServiceKey, found []synth.Finding) {
	for _, f := range found {
		k := tellKey{key, f}
		if e.loop.told[k] {
			continue
		}
		if len(e.loop.told) >= maxTold {
			clear(e.loop.told)
		}
		e.loop.told[k] = true
		if key == fixed {
			e.log.Warn("member cluster is not named as it could be", "cluster", string(f.Cluster), "finding", f.Text)
		} else {
			e.log.Warn("service is not named as it could be", "service", key.String(), "cluster", string(f.Cluster), "finding", f.Text)
		}
	}
}
