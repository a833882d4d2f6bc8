package forward

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// udpSize is the UDP payload in octets that we take: it passes every path
// unfragmented (RFC 9715 §3.1).
const udpSize = 1232

// query is one message to an upstream: asked once, with an ID and spelling of its own.
type query struct {
	msg []byte
	key zone.Key
	end int // of the QNAME in msg
}

// newQuery makes a query with RD set, EDNS, a random ID and the QNAME's letters
// in random case (draft-vixie-dnsext-dns0x20).
func newQuery(key zone.Key) *query {
	var random [2 + (dnsname.MaxWire+7)/8]byte
	_, _ = rand.Read(random[:]) // never fails
	name := key.Owner.Wire()
	q := &query{key: key, end: wire.HeaderLen + len(name)}
	b := make([]byte, 0, q.end+4+wire.OptLen)
	b = append(b, random[0], random[1], byte(wire.FlagRD>>8), byte(wire.FlagRD&0xff), 0, 1, 0, 0, 0, 0, 0, 1)
	for i := range len(name) {
		c := name[i]
		// Length octets are below 'a' and pass unchanged.
		if 'a' <= c && c <= 'z' && random[2+i/8]>>(i%8)&1 == 1 {
			c -= 'a' - 'A'
		}
		b = append(b, c)
	}
	b = binary.BigEndian.AppendUint16(b, key.Type)
	b = binary.BigEndian.AppendUint16(b, wire.ClassIN)
	b = append(b, 0, 0, byte(wire.TypeOPT)) // owned by the root
	b = binary.BigEndian.AppendUint16(b, udpSize)
	q.msg = append(b, 0, 0, 0, 0, 0, 0) // extended RCODE, version, flags, no options
	return q
}

// match is how far a message answers a query.
type match int

const (
	alien     match = iota // another message's answer, or forged
	otherCase              // the QNAME is spelled differently: forged, or from a server that does not keep it
	exact
)

// match compares ID and question (RFC 5452 §9.1).
func (q *query) match(msg []byte) match {
	tail := q.end + 4
	if len(msg) < tail || msg[0] != q.msg[0] || msg[1] != q.msg[1] {
		return alien
	}
	const opcode = 0x78
	if msg[2]&0x80 == 0 || msg[2]&opcode != 0 || msg[4] != 0 || msg[5] != 1 {
		return alien
	}
	if bytes.Equal(msg[wire.HeaderLen:tail], q.msg[wire.HeaderLen:tail]) {
		return exact
	}
	var folded [dnsname.MaxWire]byte
	name := folded[:q.end-wire.HeaderLen]
	dnsname.Fold(name, msg[wire.HeaderLen:q.end])
	if string(name) == q.key.Owner.Wire() && bytes.Equal(msg[q.end:tail], q.msg[q.end:tail]) {
		return otherCase
	}
	return alien
}
