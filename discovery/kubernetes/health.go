package kubernetes

import (
	"sync"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// What a resource can fail at. A success at one of them mends that one only:
// where lists work and watches are refused, the cluster must not seem to come
// back at each list.
type verb string

const (
	verbDiscover verb = "discover"
	verbList     verb = "list"
	verbWatch    verb = "watch"
	verbHear     verb = "hear" // of a watch that was opened: that it carries something
)

// health folds what happens to the resources into the cluster's State:
//
//	any fault                                     Unreachable
//	no fault, some not listed or watched yet      Syncing
//	no fault, all were listed, and are watched    Live
//
// It is safe for concurrent use; no method blocks.
type health struct {
	wake chan struct{}

	mu    sync.Mutex
	parts []*part // those that count, in the order in which their faults are told
	state cluster.State
	heard time.Time // the last evidence
	all   bool      // every part was listed once
}

// part is one resource.
type part struct {
	name     string
	optional bool // its faults do not count
	listed   bool // once
	watched  bool // once
	doubtful bool // its last list was of a store that has gone back in time, or it is served no more
	faults   map[verb]string
	sound
}

func newHealth() *health {
	return &health{wake: make(chan struct{}, 1), state: cluster.State{Phase: cluster.Syncing, Since: time.Now()}}
}

// add makes a resource count. All are added before any is used.
func (h *health) add(name string, optional bool) *part {
	p := &part{name: name, optional: optional, faults: map[verb]string{}}
	h.parts = append(h.parts, p)
	return p
}

// fault takes note that p could not be seen. An optional part no longer keeps
// the cluster from becoming Live then.
func (h *health) fault(p *part, v verb, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.optional {
		p.listed = true
	}
	p.faults[v] = string(v) + " " + p.name + ": " + reason(err)
	h.fold()
}

// mended takes note that p succeeded at v.
func (h *health) mended(p *part, v verb) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p.back(v)
	delete(p.faults, v)
	if v == verbWatch {
		p.watched = true
		h.heard = time.Now()
	}
	h.fold()
}

// listed takes note that all objects of p are known as of now.
func (h *health) listed(p *part) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p.listed = true
	delete(p.faults, verbList)
	h.heard = time.Now()
	p.heard = h.heard
	h.fold()
}

// doubt takes note of whether what p's next list lacks may only have been forgotten,
// and returns what was noted before.
func (h *health) doubt(p *part, doubtful bool) (before bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, p.doubtful = p.doubtful, doubtful
	return before
}

// lacks is the evidence for what no resource has, as they were listed last.
func (h *health) lacks() cluster.Loss {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.parts {
		if p.doubtful {
			return cluster.Doubtful
		}
	}
	return cluster.Missing
}

// absent takes note that the cluster says it has no such resource.
func (h *health) absent(p *part) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p.listed, p.watched, p.sound = true, true, sound{}
	clear(p.faults)
	h.fold()
}

// now is the State, and whether all Groups can be put together: every resource
// was listed once. LastSync stands still while the cluster is not Live: some
// resource being heard of does not make the whole fresh.
func (h *health) now() (s cluster.State, complete bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state.Phase == cluster.Live {
		h.state.LastSync = h.heard
	}
	return h.state, h.all
}

// fold computes the State anew; mu is held.
func (h *health) fold() {
	phase, why := cluster.Live, ""
	h.all = true
	for _, p := range h.parts {
		h.all = h.all && p.listed
		if p.optional {
			continue
		}
		if phase == cluster.Live && !p.watched {
			phase = cluster.Syncing
		}
		for _, v := range []verb{verbDiscover, verbList, verbWatch, verbHear} {
			if f := p.faults[v]; f != "" && why == "" {
				phase, why = cluster.Unreachable, f
			}
		}
	}
	if phase == cluster.Live && !h.all {
		phase = cluster.Syncing
	}
	if h.state.Phase == cluster.Live {
		h.state.LastSync = h.heard
	}
	if phase != h.state.Phase {
		h.state.Phase, h.state.Since = phase, time.Now()
	}
	h.state.Reason = why
	select {
	case h.wake <- struct{}{}:
	default:
	}
}
