package rate

import (
	"errors"
	"slices"
)

const (
	// urgentInRow tokens go to urgent calls before one goes to another that waits: a
	// fifth is enough for the others to go on, and few enough not to be felt.
	urgentInRow = 4
	// maxWaiting calls of one zone and action: a zone makes one call at a time, and
	// lists beside that. More come from a fault, and are not to pile up.
	maxWaiting = 64
)

// ErrCrowded says that too many calls of one zone wait already.
var ErrCrowded = errors.New("too many calls wait already")

// call is one that waits.
type call struct {
	zone   string
	urgent bool
	ready  chan struct{} // closed when it may be made
}

// queue says whose turn it is. It is not safe for concurrent use.
type queue struct {
	urgent, others turns
	row            int // urgent calls in a row while others waited
}

func (q *queue) len() int { return q.urgent.calls + q.others.calls }

func (q *queue) turns(urgent bool) *turns {
	if urgent {
		return &q.urgent
	}
	return &q.others
}

func (q *queue) add(zone string, urgent bool) (*call, error) {
	if len(q.urgent.zones[zone])+len(q.others.zones[zone]) >= maxWaiting {
		return nil, ErrCrowded
	}
	c := &call{zone: zone, urgent: urgent, ready: make(chan struct{})}
	q.turns(urgent).add(c)
	return c, nil
}

// remove takes out a call that no longer waits.
func (q *queue) remove(c *call) { q.turns(c.urgent).remove(c) }

// next takes out the call whose turn it is; there has to be one.
func (q *queue) next() *call {
	switch {
	case q.others.calls == 0:
		q.row = 0
		return q.urgent.next()
	case q.urgent.calls == 0, q.row >= urgentInRow:
		q.row = 0
		return q.others.next()
	}
	q.row++
	return q.urgent.next()
}

// turns is a round robin of zones.
type turns struct {
	order []string // zones with calls, the next first
	zones map[string][]*call
	calls int
}

func (t *turns) add(c *call) {
	if t.zones == nil {
		t.zones = make(map[string][]*call)
	}
	if len(t.zones[c.zone]) == 0 {
		t.order = append(t.order, c.zone)
	}
	t.zones[c.zone] = append(t.zones[c.zone], c)
	t.calls++
}

func (t *turns) next() *call {
	c := t.zones[t.order[0]][0]
	t.order = t.order[1:]
	t.zones[c.zone] = t.zones[c.zone][1:]
	t.calls--
	if len(t.zones[c.zone]) > 0 {
		t.order = append(t.order, c.zone)
	} else {
		delete(t.zones, c.zone)
	}
	return c
}

func (t *turns) remove(c *call) {
	i := slices.Index(t.zones[c.zone], c)
	if i < 0 {
		return
	}
	t.calls--
	if t.zones[c.zone] = slices.Delete(t.zones[c.zone], i, i+1); len(t.zones[c.zone]) > 0 {
		return
	}
	delete(t.zones, c.zone)
	at := slices.Index(t.order, c.zone)
	t.order = slices.Delete(t.order, at, at+1)
}
