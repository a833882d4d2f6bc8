package transfer

import (
	"encoding/binary"
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// query is a transfer's question.
type query struct {
	wire.Query
	msg    []byte // header and question, its name in lower case
	raw    []byte // the whole message as it came
	serial uint32 // that the client has, if it asks for an IXFR
}

// parse reads msg, a query without its TSIG record. An RCODE other than
// NoError says why it is not a transfer of the zone with an apex; drop, that it
// is no query at all and gets no answer.
func (q *query) parse(msg []byte, apex dnsname.Name) (rcode wire.Rcode, drop bool) {
	verdict := q.Parse(msg)
	if verdict == wire.Drop {
		return wire.FormErr, true
	}
	q.raw, q.msg = msg, slices.Clone(msg[:q.QuestionEnd()])
	// Records are compressed against the question, and secondaries keep the case
	// that they get (RFC 5936 §3.4): it has to be the zone's.
	copy(q.msg[wire.HeaderLen:], q.Name())
	return q.check(verdict, apex), false
}

func (q *query) check(verdict wire.Verdict, apex dnsname.Name) wire.Rcode {
	switch verdict {
	case wire.Unknown:
		return wire.NotImp
	case wire.Answer:
	default:
		return wire.FormErr
	}
	if q.Version > 0 {
		return wire.BadVers
	}
	if q.Owner() != apex || q.Class != wire.ClassIN {
		return wire.NotAuth // RFC 5936 §2.2.1
	}
	switch q.Type {
	case wire.TypeAXFR:
		return wire.NoError
	case wire.TypeIXFR:
		var ok bool
		if q.serial, ok = clientSerial(q.raw, q.QuestionEnd()); ok {
			return wire.NoError
		}
	}
	return wire.FormErr
}

// clientSerial is the serial of the SOA record in the authority section (RFC
// 1995 §3). Msg was parsed, so that its records are whole; at is where they begin.
func clientSerial(msg []byte, at int) (uint32, bool) {
	answers := int(binary.BigEndian.Uint16(msg[6:]))
	for i := range answers + int(binary.BigEndian.Uint16(msg[8:])) {
		for msg[at] != 0 && msg[at] < 0xC0 {
			at += 1 + int(msg[at])
		}
		if msg[at] != 0 {
			at++ // a pointer has two octets
		}
		at++
		end := at + 10 + int(binary.BigEndian.Uint16(msg[at+8:]))
		// Two names stand before five numbers, of which the serial is the first.
		if i >= answers && binary.BigEndian.Uint16(msg[at:]) == zone.TypeSOA && end-at-10 >= 22 {
			return binary.BigEndian.Uint32(msg[end-20:]), true
		}
		at = end
	}
	return 0, false
}
