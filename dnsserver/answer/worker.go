package answer

import (
	"net/netip"

	"github.com/fedns/fedns/dnsserver/wire"
)

const (
	// udpSize is the UDP payload in octets that we offer and never exceed: it
	// passes every path unfragmented (RFC 9715 §3.1, DNS Flag Day 2020).
	udpSize = 1232
	// MaxUDP is how long a buffer for UDP answers has to be, in octets.
	MaxUDP = udpSize
	// MaxStream is how long a buffer for TCP answers has to be, in octets.
	MaxStream = 65535
)

// Worker answers queries for one goroutine at a time.
type Worker struct {
	engine *Engine
	room   int // octets an answer may have whatever the client says
	query  wire.Query
	writer wire.Writer
	look   lookup
	counts *Counts
}

// NewDatagramWorker makes a Worker for UDP: answers that the client cannot take
// whole are truncated. Respond needs MaxUDP octets of room.
func (e *Engine) NewDatagramWorker(c *Counts) *Worker {
	return &Worker{engine: e, room: udpSize, counts: c}
}

// NewStreamWorker makes a Worker for transports without such a limit. Respond
// needs MaxStream octets of room.
func (e *Engine) NewStreamWorker(c *Counts) *Worker {
	return &Worker{engine: e, room: MaxStream, counts: c}
}

// Respond writes the answer to the message query into dst and returns its
// length; 0 says that there is none to send. dst and query must not overlap;
// neither is kept. A query whose answering panics gets SERVFAIL.
func (w *Worker) Respond(dst, query []byte, from netip.AddrPort) (n int) {
	defer func() {
		if r := recover(); r != nil {
			n = w.failed(dst, query)
		}
	}()
	if n := w.hot(dst, query); n > 0 {
		return n
	}
	return w.readable(dst, query)
}

// readable answers any message, the long way.
func (w *Worker) readable(dst, msg []byte) int {
	q := &w.query
	rcode, options := wire.NoError, false
	switch q.Parse(msg) {
	case wire.Drop:
		w.counts.Dropped.Add(1)
		return 0
	case wire.Malformed:
		rcode = wire.FormErr
	case wire.Unknown:
		rcode = wire.NotImp
	default:
		options = q.HasOpt
		if q.Version != 0 {
			rcode = wire.BadVers
		}
	}
	room := w.room
	if room != MaxStream {
		room = min(room, int(q.UDPSize))
	}
	w.writer.Begin(dst, msg, q, room)
	if options {
		w.writer.Reserve(wire.OptLen)
	}
	flags := wire.FlagQR | q.Flags&wire.FlagRD
	if rcode == wire.NoError {
		rcode, flags = w.lookup(q, flags)
	} else if rcode == wire.NotImp {
		flags |= q.Flags & 0x7800 // the opcode that we do not know
	}
	w.writer.SetFlags(flags, rcode)
	if w.writer.Full() {
		w.truncate(q)
	}
	if options {
		w.writer.Opt(udpSize, rcode, q.DO, nil)
	}
	w.counts.rcode(rcode)
	return len(w.writer.Message())
}

// lookup runs the query through the zones.
func (w *Worker) lookup(q *wire.Query, flags uint16) (wire.Rcode, uint16) {
	if q.Class != wire.ClassIN || q.Type == wire.TypeAXFR || q.Type == wire.TypeIXFR {
		return wire.Refused, flags
	}
	l, begin := &w.look, w.writer.Mark()
	for {
		*l = lookup{w: &w.writer, zones: w.engine.zones.Load(), typ: q.Type}
		l.run(q.Owner())
		if l.rcode != wire.NXDomain || w.engine.zones.Load() == l.zones {
			break
		}
		w.writer.Rewind(begin) // the name may have moved to a zone that was not there yet
	}
	if l.rcode == wire.NXDomain && w.engine.doubtful(l.zone) {
		w.writer.Clear(q)
		return wire.ServFail, flags
	}
	if l.authoritative {
		flags |= wire.FlagAA
	}
	return l.rcode, flags
}

// truncate says by TC that the answer did not fit. Over UDP it goes without any
// record; over a stream, where there is nothing to retry with, with those that
// fit.
func (w *Worker) truncate(q *wire.Query) {
	w.counts.Truncated.Add(1)
	if w.room == MaxStream {
		w.writer.MarkTruncated()
		return
	}
	w.writer.Clear(q)
	w.writer.MarkTruncated()
}

// failed answers a query that made us panic.
func (w *Worker) failed(dst, msg []byte) int {
	w.engine.panics.Add(1)
	w.counts.rcode(wire.ServFail)
	if len(msg) < wire.HeaderLen || len(dst) < wire.HeaderLen {
		return 0
	}
	q := wire.Query{}
	_ = q.Parse(msg[:wire.HeaderLen]) // the header alone: what stands behind it is what we stumbled over
	w.writer.Begin(dst, msg[:wire.HeaderLen], &q, wire.HeaderLen)
	w.writer.SetFlags(wire.FlagQR|q.Flags&wire.FlagRD, wire.ServFail)
	return wire.HeaderLen
}
