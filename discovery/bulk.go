package discovery

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

const (
	// publishEdits is how many edits the Services published together make, or a few
	// more: enough that what a publication costs by itself does not count, and few
	// enough that what is asked for meanwhile waits for milliseconds only.
	publishEdits = 8192
	// maxAsked is how many names that were asked for may wait; others are forgotten,
	// and asked for again.
	maxAsked = 64
	// raiseAtOnce is how many of them come before the others at a time, so that the
	// others go on, too.
	raiseAtOnce = 8
)

// Missed says that a name was asked for that is not there. While Services are
// published for the first time, its Service comes before the others. It may be
// called from any goroutine, and does not block.
func (e *Engine) Missed(owner dnsname.Name) {
	select {
	case e.asked <- owner:
	default:
	}
}

// publishAll makes and publishes all Services of which nothing was published
// yet, with all processors: after a start that is everything that was kept.
func (e *Engine) publishAll() {
	l := &e.loop
	if len(l.queue) <= staleChunk {
		return // refresh is good enough
	}
	keys := make([]cluster.ServiceKey, 0, len(l.queue))
	for _, key := range l.queue {
		if s, ok := l.stale[key]; ok && s.by == nil && !s.whole && e.refused[key] == nil {
			keys = append(keys, key)
			s.at = uint32(len(keys))
			l.stale[key] = s
		}
	}
	if len(keys) <= staleChunk {
		return
	}
	b := bulk{engine: e, by: l.synth, keys: keys, claimed: make([]atomic.Bool, len(keys)), made: make(chan made, 4), quit: make(chan struct{})}
	b.begin()
	defer b.end()
	var lost lost
	var changes []change
	edits, raised := 0, 0
	for more := true; more; {
		var m made
		if m, more = b.take(raised < raiseAtOnce); more {
			if n, ok := e.takeMade(m, &lost); ok {
				changes, edits = append(changes, m.change), edits+n
			}
		}
		if raised++; !m.raised {
			raised = 0
		}
		if edits >= publishEdits || m.raised || !more {
			e.publish(changes, &lost)
			changes, edits = nil, 0
		}
	}
	e.tellLost(&lost)
	l.queue = slices.DeleteFunc(l.queue, func(key cluster.ServiceKey) bool {
		_, ok := l.stale[key]
		return !ok
	})
}

// takeMade takes a Service's first records; false: they could not be made.
func (e *Engine) takeMade(m made, lost *lost) (edits int, ok bool) {
	delete(e.loop.stale, m.change.key)
	if m.err != nil {
		e.refuse(m.change, m.err, lost)
		return 0, false
	}
	e.note(m.change.key, m.change.now.Findings)
	return len(m.change.now.Sets) + len(m.change.now.PTR), true
}

// made is a Service's records before they are published.
type made struct {
	change change
	err    error
	raised bool // somebody waits for it
}

// bulk makes the records of many Services, of which nothing is published. The
// loop must change nothing that they depend on meanwhile.
type bulk struct {
	engine  *Engine
	by      *synth.Synthesizer
	keys    []cluster.ServiceKey
	claimed []atomic.Bool // parallel: somebody makes it, or did
	order   []uint32      // of keys, by which they are made: neighbours stand in one page
	next    atomic.Int64  // of order
	made    chan made     // closed after the last
	quit    chan struct{}
	workers sync.WaitGroup
}

// begin starts a worker for each processor. What is asked for does not wait until it
// is known in which order they make all others.
func (b *bulk) begin() {
	b.workers.Go(func() {
		defer close(b.made)
		b.sort()
		var making sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			making.Go(b.work)
		}
		making.Wait()
	})
}

func (b *bulk) sort() {
	b.order = make([]uint32, len(b.keys))
	for i := range b.order {
		b.order[i] = uint32(i)
	}
	slices.SortFunc(b.order, func(x, y uint32) int { return b.keys[x].Compare(b.keys[y]) })
}

// work makes what nobody has made, until nothing is left.
func (b *bulk) work() {
	for {
		n := int(b.next.Add(1)) - 1
		if n >= len(b.order) {
			return
		}
		i := b.order[n]
		if b.claimed[i].Swap(true) {
			continue
		}
		select {
		case b.made <- b.make(b.keys[i]):
		case <-b.quit:
			return
		}
	}
}

// end stops the workers and waits.
func (b *bulk) end() {
	close(b.quit)
	b.workers.Wait()
}

func (b *bulk) make(key cluster.ServiceKey) made {
	m := made{change: change{key: key}}
	m.err = b.engine.guard("synth", func() {
		if key == fixed {
			m.change.now = b.by.Fixed()
		} else {
			m.change.now = b.by.Records(key, b.engine.store.Groups(nil, key), b.engine.resolve)
		}
	})
	return m
}

// take gives the next Service's records, one that is asked for before others;
// more false: there is none left.
func (b *bulk) take(raise bool) (m made, more bool) {
	asked := b.engine.asked
	if !raise {
		asked = nil
	}
	for {
		select {
		case name := <-asked:
			if m, ok := b.raise(name); ok {
				return m, true
			}
			continue
		default:
		}
		select {
		case name := <-asked:
			if m, ok := b.raise(name); ok {
				return m, true
			}
		case m, more = <-b.made:
			return m, more
		}
	}
}

// raise makes the Service of a name that was asked for, if nobody does yet.
func (b *bulk) raise(owner dnsname.Name) (m made, ok bool) {
	key, ok := b.by.Service(owner)
	if !ok {
		return m, false
	}
	i := int(b.engine.loop.stale[key].at) - 1
	if i < 0 || i >= len(b.keys) || b.keys[i] != key || b.claimed[i].Swap(true) {
		return m, false // or of another bulk
	}
	m = b.make(key)
	m.raised = true
	return m, true
}
