package transfer

import (
	"errors"
	"fmt"
	"time"

	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/wire"
)

const (
	// messageSize is how large in octets messages of a transfer get. Larger ones
	// gain little: pointers reach 16 KiB (RFC 1035 §4.1.4). A record that needs more gets it.
	messageSize = 16 << 10
	// udpSize is the UDP payload that our OPT record tells, in octets: what gets
	// through without fragments (RFC 9715).
	udpSize = 1232
)

// errFull says that an answer does not fit into one message.
var errFull = errors.New("does not fit into one message")

// packer puts records into messages, many to each.
type packer struct {
	q     *query
	sess  *tsig.Session // nil: messages are not signed
	limit int           // octets of a message, TSIG record included
	one   bool          // there is to be one message only
	send  func([]byte) error

	w     wire.Writer
	buf   []byte
	spare int // octets that the message at hand could still grow by
	sent  Result
}

func newPacker(q *query, sess *tsig.Session, limit int, send func([]byte) error) *packer {
	return &packer{q: q, sess: sess, limit: limit, send: send, buf: make([]byte, 0, limit)}
}

// begin starts a message. The question is in the first only (RFC 5936 §2.2.1),
// and so is the OPT record (§2.2.5).
func (p *packer) begin(flags uint16, rcode wire.Rcode) {
	room := p.limit
	if p.sess != nil {
		room -= p.sess.Room()
	}
	if p.sent.Messages == 0 {
		p.w.Begin(p.buf, p.q.msg, &p.q.Query, room)
		if p.q.HasOpt {
			p.w.Reserve(wire.OptLen)
		}
	} else {
		p.w.Begin(p.buf, p.q.msg, new(wire.Query), room)
	}
	p.w.SetFlags(wire.FlagQR|flags|p.q.Flags&wire.FlagRD, rcode)
	p.spare = max(0, room-messageSize)
	p.w.Reserve(p.spare)
}

// all sends a sequence.
func (p *packer) all(records sequence) error {
	p.begin(wire.FlagAA, wire.NoError)
	for r, err := range records {
		if err == nil {
			err = p.add(r)
		}
		if err != nil {
			return err
		}
		p.sent.Records++
	}
	return p.flush(wire.NoError)
}

// add writes a record into the message at hand, or the next.
func (p *packer) add(r record) error {
	if p.fits(r) {
		return nil
	}
	// A first message with nothing but an SOA would say that this is all (RFC 1995 §4).
	if p.sent.Messages == 0 && p.w.Count(wire.AnswerSection) == 1 && p.grow(r) {
		return nil
	}
	if p.one {
		return errFull
	}
	if p.w.Count(wire.AnswerSection) > 0 {
		if err := p.flush(wire.NoError); err != nil {
			return err
		}
		p.begin(wire.FlagAA, wire.NoError)
	}
	if p.fits(r) || p.grow(r) {
		return nil
	}
	return fmt.Errorf("%s type %d: record of %d octets is too large for a message", r.owner, r.typ, len(r.rdata))
}

func (p *packer) fits(r record) bool {
	m := p.w.Mark()
	ok := p.w.Record(wire.AnswerSection, r.owner, r.typ, r.ttl, r.rdata)
	if !ok {
		p.w.Rewind(m)
	}
	return ok
}

// grow writes a record into a message that may be as large as can be.
func (p *packer) grow(r record) bool {
	p.w.Reserve(-p.spare)
	p.spare = 0
	return p.fits(r)
}

// refuse sends a message without records.
func (p *packer) refuse(rcode wire.Rcode) error {
	p.begin(0, rcode)
	return p.flush(rcode)
}

// flush ends the message at hand and sends it.
func (p *packer) flush(rcode wire.Rcode) error {
	if p.sent.Messages == 0 && p.q.HasOpt {
		p.w.Opt(udpSize, rcode, p.q.DO, nil)
	}
	msg := p.w.Message()
	if p.sess != nil {
		msg = p.sess.Sign(msg[:0], msg, time.Now())
	}
	p.sent.Messages++
	p.sent.Octets += len(msg)
	return p.send(msg)
}
