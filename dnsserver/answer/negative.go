package answer

import (
	"encoding/binary"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// negative is the SOA record that a zone's negative answers carry (RFC 2308
// §2), finished but for where its compression pointers point: every one moves
// by as much as the question is longer than one for the apex.
type negative struct {
	rr       []byte
	pointers []int // where in rr pointers stand
	apexLen  int
	// longer are name endings that would let the names in the SOA be compressed
	// further; queries for names with such an ending go the readable way.
	longer []string
}

// negativeSOA is the zone's SOA with the TTL of negative answers: the lesser of
// its own and its minimum field (RFC 2308 §3).
func negativeSOA(s *zone.Snapshot) zone.RRset {
	r, _ := s.Lookup(s.Apex(), zone.TypeSOA)
	r.TTL = min(r.TTL, s.SOA().Minimum)
	return r
}

func newNegative(s *zone.Snapshot) *negative {
	apex, soa := s.Apex(), s.SOA()
	msg, q := question(apex, zone.TypeSOA)
	var w wire.Writer
	buf := make([]byte, 0, 1024)
	w.Begin(buf, msg, q, cap(buf))
	r := negativeSOA(s)
	w.Record(wire.Authority, apex, r.Type, r.TTL, r.First())
	n := &negative{rr: append([]byte(nil), w.Message()[len(msg):]...), apexLen: len(apex.Wire())}
	at := n.name(0) + 10
	at = n.name(at)
	n.name(at)
	for _, name := range []dnsname.Name{soa.MName, soa.RName} {
		for up := name; up.Under(apex) && up != apex; up = up.Parent() {
			if up.Parent() == apex {
				n.longer = append(n.longer, up.Wire())
			}
		}
	}
	return n
}

// serialFromEnd is where the serial stands in an SOA record: four numbers follow
// it (RFC 1035 §3.3.13).
const serialFromEnd = 20

// after is newNegative of s where n is that of prev. Of most changes a zone's SOA
// differs by its serial alone, which is put into a copy.
func (n *negative) after(prev, s *zone.Snapshot) *negative {
	old, now := prev.SOA(), s.SOA()
	old.Serial = now.Serial
	if old != now || negativeSOA(prev).TTL != negativeSOA(s).TTL {
		return newNegative(s)
	}
	c := *n
	c.rr = append([]byte(nil), n.rr...)
	binary.BigEndian.PutUint32(c.rr[len(c.rr)-serialFromEnd:], now.Serial)
	return &c
}

// name notes the pointer that the name at an offset of rr ends in, and returns where the name ends.
func (n *negative) name(at int) int {
	for n.rr[at] != 0 {
		if n.rr[at] >= 0xC0 {
			n.pointers = append(n.pointers, at)
			return at + 2
		}
		at += 1 + int(n.rr[at])
	}
	return at + 1
}

// fits says that append gives for name what the readable path would.
func (n *negative) fits(name []byte) bool {
	for _, l := range n.longer {
		if d := len(name) - len(l); d >= 0 && string(name[d:]) == l {
			return false
		}
	}
	return true
}

// append appends the record for a message whose question is for a name of nameLen octets.
func (n *negative) append(dst []byte, nameLen int) []byte {
	at := len(dst)
	dst = append(dst, n.rr...)
	for _, p := range n.pointers {
		v := binary.BigEndian.Uint16(dst[at+p:])
		binary.BigEndian.PutUint16(dst[at+p:], v+uint16(nameLen-n.apexLen))
	}
	return dst
}

// question makes a query message for a name, to compose answers from.
func question(name dnsname.Name, typ uint16) ([]byte, *wire.Query) {
	msg := appendQuestion(nil, name, typ)
	var q wire.Query
	q.Parse(msg)
	return msg, &q
}

func appendQuestion(msg []byte, name dnsname.Name, typ uint16) []byte {
	msg = append(msg, make([]byte, wire.HeaderLen)...)
	msg[5] = 1
	msg = append(msg, name.Wire()...)
	return append(msg, byte(typ>>8), byte(typ), 0, byte(wire.ClassIN))
}
