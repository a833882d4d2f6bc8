package transfer

import (
	"errors"

	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// MaxMessage is the largest message that a stream can frame, in octets (RFC 1035 §4.2.2).
const MaxMessage = 65535

// minLimit leaves room for an SOA record, its longest names and a signature.
const minLimit = 2048

// Result tells how a transfer was answered, as far as it got.
type Result struct {
	Kind     Kind
	Rcode    wire.Rcode // why it was refused
	From, To uint32     // serials; From only if the client told it, To unless it was refused
	Messages int
	Records  int
	Octets   int // of the messages, their frames left out
}

// Send answers an AXFR (RFC 5936) or IXFR (RFC 1995) query that came by a
// stream. Msg is the query as tsig's Verify gave it back, sess what signs the
// answer, nil for none. A query that is no transfer of this zone is answered
// with the RCODE that says so; a message that is no query is not answered.
//
// Messages have limit octets at most, from 2048 to MaxMessage. Each is given to send,
// framed by nobody, and is send's until that returns; send blocks for as long as
// the connection does, and its error ends the transfer. After an error the
// connection has to be closed: that is how a client learns that what it has is
// not all. The other errors are those of Zone.Signed and of a record that fits
// into no message.
//
// Send may be called for one Zone from any number of goroutines.
func Send(msg []byte, z Zone, sess *tsig.Session, limit int, send func(msg []byte) error) (Result, error) {
	var q query
	rcode, drop := q.parse(msg, z.Snapshot.Apex())
	if drop {
		return Result{}, nil
	}
	if rcode == wire.NoError && z.Provisional && q.Type == wire.TypeAXFR {
		rcode = wire.ServFail
	}
	p := newPacker(&q, sess, max(minLimit, min(limit, MaxMessage)), send)
	if rcode != wire.NoError {
		p.sent.Rcode = rcode
		return p.sent, p.refuse(rcode)
	}
	soa, err := z.soa()
	if err != nil {
		p.sent.Rcode = wire.ServFail
		return p.sent, errors.Join(err, p.refuse(wire.ServFail))
	}
	k, soa, steps := z.decide(&q, soa, &p.sent)
	err = p.all(z.sequence(k, soa, steps))
	return p.sent, err
}

// Datagram answers an IXFR query that came by a datagram, into dst, which it
// returns grown (RFC 1995 §2): the differences if they fit into room octets, and
// the zone's SOA alone if not, so that the client asks again by TCP. An AXFR is
// refused, there is none by datagrams (RFC 5936 §4.2). Room is what the client
// can take and the transport lets through.
func Datagram(dst, msg []byte, z Zone, sess *tsig.Session, room int) ([]byte, Result) {
	var q query
	rcode, drop := q.parse(msg, z.Snapshot.Apex())
	if drop {
		return dst, Result{}
	}
	if rcode == wire.NoError && q.Type == wire.TypeAXFR {
		rcode = wire.FormErr
	}
	p := newPacker(&q, sess, room, func(msg []byte) error {
		dst = append(dst, msg...)
		return nil
	})
	p.one = true
	soa, err := z.soa()
	if rcode == wire.NoError && err != nil {
		rcode = wire.ServFail
	}
	if rcode != wire.NoError {
		p.sent.Rcode = rcode
		_ = p.refuse(rcode)
		return dst, p.sent
	}
	k, soa, steps := z.decide(&q, soa, &p.sent)
	if k == Whole {
		k, p.sent.Kind = Current, Current
	}
	if p.all(z.sequence(k, soa, steps)) == nil {
		return dst, p.sent
	}
	p.sent.Kind, p.sent.Records = Current, 0
	if p.all(single(soa)) != nil { // not even that fits
		p.begin(wire.FlagAA|wire.FlagTC, wire.NoError)
		_ = p.flush(wire.NoError)
	}
	return dst, p.sent
}

// decide says how a query for the zone is answered, and notes it; soa is the
// zone's, and then what the client is told.
func (z Zone) decide(q *query, soa zone.RRset, r *Result) (Kind, zone.RRset, []*Step) {
	s, _ := zone.ParseSOA(soa.First())
	r.Kind, r.To = Whole, s.Serial
	var steps []*Step
	if q.Type == wire.TypeIXFR {
		r.From = q.serial
		r.Kind, steps = z.differences(s.Serial, q.serial)
	}
	if z.Provisional && r.Kind != Current {
		s.Serial = q.serial
		r.Kind, r.To, soa, steps = Current, s.Serial, zone.NewRRset(soa.Owner, soa.Type, soa.TTL, s.RDATA()), nil
	}
	return r.Kind, soa, steps
}
