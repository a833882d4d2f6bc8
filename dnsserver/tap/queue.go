package tap

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/policy"
)

const (
	// maxQueued bounds the messages that wait to be written: some ten milliseconds
	// of a busy server, longer than a writer is kept from its processor.
	maxQueued = 8192
	// maxOctets bounds them in octets: messages over streams may be large.
	maxOctets = 16 << 20
)

// record is an answer.Observed that is kept.
type record struct {
	transport       policy.Transport
	client, local   netip.AddrPort
	asked, answered time.Time
	query, response []byte
}

// queue is an answer.Observer that hands copies over to one writer. It does not
// block, and is safe for concurrent use.
type queue struct {
	records chan *record
	free    sync.Pool // of *record
	octets  atomic.Int64
	written atomic.Uint64
	dropped atomic.Uint64
}

func newQueue() *queue {
	q := &queue{records: make(chan *record, maxQueued)}
	q.free.New = func() any { return &record{} }
	return q
}

// Observe implements answer.Observer.
func (q *queue) Observe(o answer.Observed) {
	size := int64(len(o.Query) + len(o.Response))
	if len(q.records) == cap(q.records) || q.octets.Load()+size > maxOctets {
		q.dropped.Add(1)
		return
	}
	r := q.free.Get().(*record)
	r.transport, r.client, r.local, r.asked, r.answered = o.Transport, o.Client, o.Local, o.Asked, o.Answered
	r.query, r.response = append(r.query[:0], o.Query...), append(r.response[:0], o.Response...)
	q.octets.Add(size)
	select {
	case q.records <- r:
	default:
		q.dropped.Add(1)
		q.done(r)
	}
}

// done gives a record back.
func (q *queue) done(r *record) {
	q.octets.Add(-int64(len(r.query) + len(r.response)))
	if cap(r.query)+cap(r.response) <= 4096 { // a large one is not worth keeping
		q.free.Put(r)
	}
}

// Stats is what became of the messages a tap was told of.
type Stats struct {
	Written, Dropped uint64
}

// Stats tells what became of the messages so far. It is safe for concurrent use.
func (q *queue) Stats() Stats { return Stats{q.written.Load(), q.dropped.Load()} }
