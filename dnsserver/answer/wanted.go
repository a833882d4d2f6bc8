package answer

import (
	"sync/atomic"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// wanted is a ring of names that were asked for and have no entry in the table.
// Queries put names in, and never wait: what finds no room is left out, and comes
// again when it is asked for again. One goroutine at a time takes names out.
type wanted struct {
	slots [wantedNames]wantedName
	put   atomic.Uint64 // places given to queries so far
	taken uint64        // names taken out so far; the taker's own
	// lately are hashes of names that were put in since names were last taken out, so
	// that a name that is asked for a thousand times meanwhile is there once.
	lately [wantedLately]atomic.Uint64
}

type wantedName struct {
	// turn is the place that the slot is free for, or that place and 1 once the name
	// is in it.
	turn atomic.Uint64
	size uint8
	name [dnsname.MaxWire]byte
}

const (
	wantedNames  = 1 << 10 // a quarter of a MiB
	wantedLately = 1 << 8
)

func (q *wanted) init() {
	for i := range q.slots {
		q.slots[i].turn.Store(uint64(i))
	}
}

// add puts a name in, if there is room.
func (q *wanted) add(name []byte, hash uint64) {
	if l := &q.lately[hash%wantedLately]; l.Load() == hash {
		return
	} else {
		l.Store(hash)
	}
	for {
		at := q.put.Load()
		s := &q.slots[at%wantedNames]
		switch turn := s.turn.Load(); {
		case turn == at:
			if q.put.CompareAndSwap(at, at+1) {
				s.size = uint8(copy(s.name[:], name))
				s.turn.Store(at + 1)
				return
			}
		case turn < at: // it holds a name that nobody has taken
			return
		} // else another query was faster
	}
}

// take copies the next name into buf, and returns its length; 0: there is none.
func (q *wanted) take(buf *[dnsname.MaxWire]byte) int {
	s := &q.slots[q.taken%wantedNames]
	if s.turn.Load() != q.taken+1 {
		return 0
	}
	n := copy(buf[:], s.name[:s.size])
	s.turn.Store(q.taken + wantedNames)
	q.taken++
	return n
}

// forget has names that were put in lately put in again when they are asked for.
func (q *wanted) forget() {
	for i := range q.lately {
		q.lately[i].Store(0)
	}
}
