package answer

import (
	"errors"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
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

// Later is what Respond returns when the answer takes time, or is several
// messages: a zone transfer, or a name that others have to be asked for.
const Later = -1

// Worker answers queries for one goroutine at a time.
type Worker struct {
	engine      *Engine
	transport   policy.Transport
	room        int // octets an answer may have whatever the client says
	query       wire.Query
	writer      wire.Writer
	look        lookup
	edns        edns
	counts      *Counts
	prefetched  uint64 // what Prefetch read
	ahead       [maxPrefetch]ahead
	node, rdata zone.Buffer   // what is read of a page
	aheadNext   int           // of ahead, what Respond is given next
	aheadEnd    int           // of ahead
	ra          uint16        // wire.FlagRA where the client may recurse
	session     *tsig.Session // the last query was signed; nil: it was not
	resolving
	zone  int64          // id of the one that the last answer was of; -1: of none
	seen  uint64         // messages observed, or left out
	local netip.AddrPort // as At said
	asked time.Time      // when what is finished came in; zero: just now
}

// NewWorker makes a Worker for a transport. Answers that a client cannot take
// whole over UDP are truncated. Respond needs MaxUDP octets of room for UDP,
// MaxStream for all others.
func (e *Engine) NewWorker(t policy.Transport, c *Counts) *Worker {
	w := &Worker{engine: e, transport: t, room: MaxStream, counts: c}
	if t == policy.UDP {
		w.room = udpSize
	}
	return w
}

// Respond writes the answer to the message query into dst and returns its
// length; 0 says that there is none to send, Later that it is given by others.
// dst and query must not overlap; neither is kept. A query whose answering
// panics gets SERVFAIL.
func (w *Worker) Respond(dst, query []byte, from netip.AddrPort) (n int) {
	defer func() {
		if r := recover(); r != nil {
			n = w.failed(dst, query)
		}
	}()
	w.aheadNext++ // whatever comes of this query
	p := w.engine.policy.Load()
	client := from.Addr()
	w.zone, w.edns.known, w.ra = -1, false, 0
	if w.forwarding = w.engine.forwarding.Load(); w.forwarding != nil && p.MayRecurse(client) {
		w.ra = wire.FlagRA
	}
	if p.Admits(client) {
		n = w.hot(dst, query, p, client)
	}
	if n == 0 {
		n = w.readable(dst, query, p, client)
	}
	if p.Limiter != nil && w.transport == policy.UDP && n > 0 && !w.edns.known {
		n = w.limit(dst[:n], query, p.Limiter, client)
	}
	if taps := w.engine.taps.Load(); taps != nil && n != Later {
		w.observe(*taps, query, dst[:n], from)
	}
	return n
}

// limit has a response sent, made small, or dropped, as like ones before it allow.
func (w *Worker) limit(dst, query []byte, l *policy.Limiter, client netip.Addr) int {
	class, key := policy.Failure, uint64(dst[3]&15)
	switch rcode := wire.Rcode(dst[3] & 15); {
	case rcode != wire.NoError && rcode != wire.NXDomain:
	case w.zone >= 0 && dst[6]|dst[7] == 0:
		class, key = policy.Negative, uint64(w.zone)
	default: // of no zone of ours: each name is an answer of its own
		class, key = policy.Positive, w.engine.table.hash(w.query.Name())+uint64(w.query.Type)
	}
	switch l.Account(client, class, key, time.Now()) {
	case policy.Send:
		return len(dst)
	case policy.Drop:
		w.counts.Dropped.Add(1)
		return 0
	}
	// What has no more than the question amplifies nothing.
	end := w.query.QuestionEnd()
	if end > len(dst) || end > len(query) {
		return 0
	}
	w.counts.Truncated.Add(1)
	clear(dst[6:wire.HeaderLen])
	dst[2] |= byte(wire.FlagTC >> 8)
	return end
}

// readable answers any message, the long way.
func (w *Worker) readable(dst, msg []byte, p *policy.Policy, client netip.Addr) int {
	q := &w.query
	rcode, answers, options := wire.NoError, false, false
	w.edns.options, w.edns.pad, w.edns.ede = w.edns.buf[:0], false, wire.NoExtendedError
	verdict := q.Parse(msg)
	w.session = nil
	if q.HasTSIG && verdict != wire.Drop {
		stripped, session, err := p.Keys.Verify(msg, time.Now())
		if err != nil {
			return w.unsigned(dst, msg, err)
		}
		msg, w.session = stripped, session
		verdict = q.Parse(msg)
	}
	switch verdict {
	case wire.Drop:
		w.counts.Dropped.Add(1)
		return 0
	case wire.Malformed:
		// FORMERR without OPT would say that we know none (RFC 6891 §6.1.1, §7).
		rcode, options = wire.FormErr, q.HasOpt
	case wire.Unknown:
		rcode = wire.NotImp
	case wire.Empty:
		options = q.HasOpt
		if q.Option(wire.OptionCookie) == nil || p.Cookies == nil {
			rcode = wire.FormErr
		}
	default:
		answers, options = true, q.HasOpt
	}
	if options && rcode == wire.NoError {
		if q.Version != 0 {
			rcode = wire.BadVers
		} else {
			rcode = w.edns.read(q, p, w.transport, client)
		}
	}
	if rcode == wire.NoError && !p.Admits(client) {
		rcode, w.edns.ede = wire.Refused, wire.Prohibited
	}
	room := w.room
	if room != MaxStream {
		room = min(room, int(q.UDPSize))
	}
	w.writer.Begin(dst, msg, q, room)
	if options {
		w.writer.Reserve(wire.OptLen + len(w.edns.options))
	}
	if w.session != nil {
		w.writer.Reserve(w.session.Room())
	}
	flags := wire.FlagQR | q.Flags&wire.FlagRD | w.ra
	switch {
	case rcode == wire.NotImp:
		flags |= q.Flags & 0x7800 // the opcode that we do not know
	case rcode == wire.NoError && answers:
		rcode, flags = w.lookup(q, flags, p, client)
		if rcode == later {
			return Later
		}
	}
	w.writer.SetFlags(flags, rcode)
	if w.writer.Full() {
		w.truncate(q)
	}
	if options {
		size := len(w.writer.Message()) + wire.OptLen + len(w.edns.options)
		w.writer.Opt(udpSize, rcode, q.DO, w.edns.finish(size, w.writer.Room()))
	}
	w.counts.rcode(rcode)
	if w.session != nil {
		return len(w.session.Sign(w.writer.Message()[:0], w.writer.Message(), time.Now()))
	}
	return len(w.writer.Message())
}

// unsigned answers a query whose TSIG is not good: nothing else in it counts.
func (w *Worker) unsigned(dst, msg []byte, err error) int {
	var e *tsig.Error
	if !errors.As(err, &e) {
		return w.failed(dst, msg)
	}
	msg = e.Respond(dst[:0], msg, time.Now())
	w.counts.rcode(wire.Rcode(msg[3] & 15))
	return len(msg)
}

// typeNXNAME is the type that says in a bitmap that a name does not exist (RFC 9824 §2).
const typeNXNAME = 128

// later stands for an answer that is not given here.
const later wire.Rcode = 0xffff

// lookup runs the query through the zones.
func (w *Worker) lookup(q *wire.Query, flags uint16, p *policy.Policy, client netip.Addr) (wire.Rcode, uint16) {
	switch {
	case q.Class == wire.ClassCH:
		return w.chaos(q, p), flags
	case q.Type == typeNXNAME: // it stands in bitmaps only (RFC 9824 §3.5)
		w.edns.ede = wire.InvalidType
		return wire.FormErr, flags
	case q.Class == wire.ClassIN && (q.Type == wire.TypeAXFR || q.Type == wire.TypeIXFR):
		return w.transfer(q, p, client), flags
	case q.Class != wire.ClassIN:
		w.edns.ede = wire.NotSupported
		return wire.Refused, flags
	}
	l, begin := &w.look, w.writer.Mark()
	for {
		*l = lookup{w: &w.writer, zones: w.engine.zones.Load(), typ: q.Type, do: q.DO, co: q.CO}
		l.run(q.Owner())
		if !l.missed || w.engine.zones.Load() == l.zones {
			break
		}
		w.writer.Rewind(begin) // the name may have moved to a zone that was not there yet
	}
	if l.zone != nil {
		w.zone = int64(l.zone.id)
	}
	if !l.out.IsZero() && w.forwards(q, l) && !w.follow(q) {
		return later, flags
	}
	switch {
	case l.fault != nil:
		w.writer.Clear(q)
		return wire.ServFail, flags
	case l.missed && l.zone.provisional.Load():
		if missed := w.engine.missed.Load(); missed != nil {
			(*missed)(q.Owner())
		}
		w.writer.Clear(q)
		w.edns.ede = wire.NotReady
		return wire.ServFail, flags
	case l.rcode == wire.Refused && w.edns.ede == wire.NoExtendedError:
		w.edns.ede = wire.NotAuthoritative
	case l.stale:
		w.edns.ede = wire.StaleAnswer
	}
	if l.authoritative {
		flags |= wire.FlagAA
	}
	return l.rcode, flags
}

// transfer says what becomes of a request for a whole zone, or what changed in
// it: others give it, if the client may have it.
func (w *Worker) transfer(q *wire.Query, p *policy.Policy, client netip.Addr) wire.Rcode {
	key := ""
	if w.session != nil {
		key = w.session.Key().String()
	}
	_, served := w.engine.zones.Load().byApex[string(q.Name())]
	switch {
	case !p.MayTransfer(client, key):
		w.edns.ede = wire.Prohibited
		return wire.Refused
	case !served:
		w.edns.ede = wire.NotAuthoritative
		return wire.NotAuth // RFC 5936 §2.2.1
	case w.transport.Transfers() || w.transport == policy.UDP && q.Type == wire.TypeIXFR: // RFC 1995 §2
		return later
	}
	return wire.FormErr // RFC 5936 §4.2
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
