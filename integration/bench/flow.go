package main

import (
	"encoding/binary"
	"time"
)

// patience is how long an answer is waited for before its query counts as lost.
// Far more than any answer takes here, garbage collections included.
const patience = 500 * time.Millisecond

// flow is one socket's queries under way: at most as many as its window. A
// message's ID is its place in the window with the place's turn above it, so
// that an answer that comes after its query was given up is not taken for
// another's.
type flow struct {
	*generator
	places []place
	free   []byte // places nobody is at
}

type place struct {
	query *query
	sent  time.Duration // on the generator's clock
	turn  byte
	taken bool
}

// generator is what flows share. It is used by one goroutine.
type generator struct {
	queries []query
	next    int
	echo    bool // nobody answers: what was sent comes back
	epoch   time.Time

	latency               histogram
	sent, answered        uint64
	lost, wrong, restarts uint64
	// example is the first answer that was wrong.
	example string
}

func (g *generator) clock() time.Duration { return time.Since(g.epoch) }

// split makes generators of the same run, each with a part of the queries, that
// may be used at the same time.
func (g *generator) split(n int) []*generator {
	parts := make([]*generator, n)
	for i := range parts {
		parts[i] = &generator{queries: g.queries[i*len(g.queries)/n : (i+1)*len(g.queries)/n], echo: g.echo, epoch: g.epoch}
	}
	return parts
}

// add counts in what another one did.
func (g *generator) add(o *generator) {
	g.sent, g.answered, g.lost = g.sent+o.sent, g.answered+o.answered, g.lost+o.lost
	g.wrong, g.restarts = g.wrong+o.wrong, g.restarts+o.restarts
	if g.example == "" {
		g.example = o.example
	}
	g.latency.merge(&o.latency)
}

// newFlow makes a flow with a window of at most 256.
func (g *generator) newFlow(window int) *flow {
	f := &flow{generator: g, places: make([]place, window)}
	for i := range window {
		f.free = append(f.free, byte(i))
	}
	return f
}

// underWay counts the queries that are waited for.
func (f *flow) underWay() int { return len(f.places) - len(f.free) }

// ask takes a free place and says which message to send, its ID written into
// it. The message is the flow's until the next call but asked, the list's length.
func (f *flow) ask(now time.Duration) []byte {
	at := f.free[len(f.free)-1]
	f.free = f.free[:len(f.free)-1]
	q := &f.queries[f.next]
	if f.next++; f.next == len(f.queries) {
		f.next = 0
	}
	p := &f.places[at]
	*p = place{query: q, sent: now, turn: p.turn + 1, taken: true}
	q.msg[0], q.msg[1] = p.turn, at
	f.sent++
	return q.msg
}

// take counts an answer, if it is one that is waited for.
func (f *flow) take(answer []byte, now time.Duration) {
	if len(answer) < 12 || int(answer[1]) >= len(f.places) {
		f.wrong++
		return
	}
	p := &f.places[answer[1]]
	if !p.taken || p.turn != answer[0] {
		return // too late: it was counted as lost
	}
	f.leave(answer[1])
	f.answered++
	f.latency.add(now - p.sent)
	if f.echo {
		if binary.BigEndian.Uint16(answer[2:])&0x8000 == 0 {
			f.wrong++
		}
	} else if !p.query.rightly(answer) {
		if f.wrong++; f.example == "" {
			f.example = p.query.versus(answer)
		}
	}
}

func (f *flow) leave(at byte) {
	f.places[at].taken = false
	f.free = append(f.free, at)
}

// giveUp counts queries as lost that were sent before.
func (f *flow) giveUp(before time.Duration) {
	for i := range f.places {
		if p := &f.places[i]; p.taken && p.sent <= before {
			f.leave(byte(i))
			f.lost++
		}
	}
}
