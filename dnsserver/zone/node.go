package zone

import (
	"encoding/binary"
	"iter"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Node is one owner name with all its RRsets, as it stands in a Snapshot. It is
// a view: it copies nothing, and keeps the page it was read from alive.
type Node struct {
	Owner  dnsname.Name
	packed string // RRsets by ascending type: type and Stale uvarint, TTL uvarint, RDATA length uvarint, RDATA
}

// IsEmpty says that the node holds no RRset: no such owner name, or an empty
// non-terminal (RFC 8499 §7).
func (n Node) IsEmpty() bool { return n.packed == "" }

// RRset finds the RRset of a type.
func (n Node) RRset(typ uint16) (RRset, bool) {
	for rest := n.packed; rest != ""; {
		var r RRset
		r, rest = cutRRset(n.Owner, rest)
		if r.Type == typ {
			return r, true
		}
		if r.Type > typ {
			break
		}
	}
	return RRset{}, false
}

// Has says that the node holds an RRset of a type.
func (n Node) Has(typ uint16) bool {
	_, ok := n.RRset(typ)
	return ok
}

// RRsets yields the node's RRsets by ascending type.
func (n Node) RRsets() iter.Seq[RRset] {
	return func(yield func(RRset) bool) {
		for rest := n.packed; rest != ""; {
			var r RRset
			r, rest = cutRRset(n.Owner, rest)
			if !yield(r) {
				return
			}
		}
	}
}

func cutRRset(owner dnsname.Name, packed string) (RRset, string) {
	typ, n := uvarint(packed)
	ttl, m := uvarint(packed[n:])
	n += m
	size, m := uvarint(packed[n:])
	n += m
	return RRset{Owner: owner, Type: uint16(typ >> 1), Stale: typ&1 != 0, TTL: uint32(ttl), rdata: packed[n : n+size]}, packed[n+size:]
}

// packNode is the inverse of Node.RRsets; sets are sorted by type, none empty.
func packNode(sets []RRset) string {
	size := 0
	for _, r := range sets {
		size += len(r.rdata) + 3 + 5 + 4
	}
	var b strings.Builder
	b.Grow(size)
	var number [binary.MaxVarintLen64]byte
	write := func(v uint64) { b.Write(number[:binary.PutUvarint(number[:], v)]) }
	for _, r := range sets {
		typ := uint64(r.Type) << 1
		if r.Stale {
			typ |= 1
		}
		write(typ)
		write(uint64(r.TTL))
		write(uint64(len(r.rdata)))
		b.WriteString(r.rdata)
	}
	return b.String()
}
