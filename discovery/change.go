package discovery

import (
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/store"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/zone"
)

// change is one Service's records before and now. Where the Groups tell what
// differs, neither are made: only edits is.
type change struct {
	key      cluster.ServiceKey
	old, now synth.Records
	whole    bool // old is what may be there, not what is: publish all of now

	by    *synth.Synthesizer // made the records before, of then; nil: old is made
	then  store.Kept
	brief bool        // old and now are not made
	edits []zone.Edit // that turn one into the other, of a brief change
	found []synth.Finding
	moved bool // the Origin of its names may be another
}

// before remembers what the records of a Service are, so that they can be told
// when they are needed. Addresses of hostnames are not remembered: where there
// are any the records are made at once.
func (e *Engine) before(key cluster.ServiceKey) change {
	c := change{key: key, by: e.loop.synth}
	if s, ok := e.loop.stale[key]; ok {
		c.by = s.by
	}
	if c.by == nil {
		return c
	}
	c.then = e.store.Kept(key)
	if key == fixed || c.then.Has(cluster.LoadBalancer) {
		e.makeOld(&c)
	}
	return c
}

// makeOld makes the records before, if they were not. Where that panics, what is
// published is not known.
func (e *Engine) makeOld(c *change) {
	if c.by == nil {
		return
	}
	err := e.guard("synth", func() {
		if c.key == fixed {
			c.old = c.by.Fixed()
			return
		}
		e.loop.groups = c.then.Groups(e.loop.groups[:0])
		c.old = c.by.Records(c.key, e.loop.groups, e.resolve)
		clear(e.loop.groups)
	})
	if err != nil {
		e.logPanic("published records cannot be made again, some may be left over", err, "service", c.key.String())
		c.whole = true
	}
	c.by, c.then = nil, store.Kept{}
}

// make makes what a change of a Service comes to, from the Groups as they are now.
func (e *Engine) make(c *change) error {
	if c.by != nil && c.by == e.loop.synth && !c.whole {
		err := e.guard("synth", func() { e.makeEdits(c) })
		if err == nil {
			return nil
		}
		e.logPanic("what changed of records cannot be told, all of them are made", err, "service", c.key.String())
	}
	return e.makeAll(c)
}

func (e *Engine) makeEdits(c *change) {
	l := &e.loop
	l.groups, l.others = e.store.Since(c.then, l.groups[:0], l.others[:0])
	c.edits, c.found = c.by.Between(c.key, l.groups, l.others, e.resolve)
	c.moved = e.follows() && otherOrigin(l.groups, l.others, e.resolve)
	clear(l.groups)
	clear(l.others)
	c.brief = true
}

// makeAll makes the records before and now. The error says that the latter panics.
func (e *Engine) makeAll(c *change) error {
	e.makeOld(c)
	err := e.guard("synth", func() { c.now = e.records(e.loop.synth, c.key) })
	c.brief, c.edits, c.found, c.moved = false, nil, c.now.Findings, true
	return err
}

// differ is what has to be published.
func (c *change) differ() []zone.Edit {
	switch {
	case c.brief:
		return c.edits
	case c.whole:
		return synth.Replace(c.old, c.now)
	}
	return synth.Diff(c.old, c.now)
}
