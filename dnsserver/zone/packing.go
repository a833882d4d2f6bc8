package zone

import (
	"encoding/binary"
	"iter"
	"unsafe"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// The RDATA of an RRset stand in a node in one of two forms, whichever is shorter
// by enough. Plain is how an RRset has them: each behind its length as a uvarint.
// The other one leaves out what an RDATA has in common with the owner's name, as the
// first one, or with the one before, as all others: targets of SRV records, which
// lie below the owner as a rule, and side by side.
//
//	first:   suffix shared with the owner uvarint | length uvarint | octets
//	others:  prefix shared uvarint | suffix shared uvarint | length uvarint | octets
const (
	// leastGain is how many octets a node has to become shorter by: to read the
	// second form as an RRset costs an allocation.
	leastGain = 16
	// maxShared is the longest RDATA in octets that stands in the second form, and the
	// longest node that is cut to fit a page's tail.
	maxShared = 512
)

// Packed is an RRset as it stands in a Snapshot: a view that costs nothing to make.
type Packed struct {
	Type   uint16
	Stale  bool   // see RRset
	TTL    uint32 // seconds
	shared bool   // rdata is of the second form
	owner  dnsname.Name
	rdata  string
}

// Buffer is what RDATA, or a node, is put together in.
type Buffer [maxShared]byte

// RDATA yields each record's RDATA in canonical order, without allocating. What is
// yielded is good until the next one is, or buf is put to another use.
func (p Packed) RDATA(buf *Buffer) iter.Seq[string] {
	return func(yield func(string) bool) {
		n := 0
		for rest := p.rdata; rest != ""; {
			var d string
			if p.shared {
				n, rest = p.unshare(buf, n, rest)
				d = unsafe.String(&buf[0], n)
			} else {
				d, rest = cutRDATA(rest)
			}
			if !yield(d) {
				return
			}
		}
	}
}

// unshare puts the next RDATA together in buf, where the one before it is, of n
// octets; 0: there is none before it.
func (p Packed) unshare(buf *Buffer, n int, packed string) (size int, rest string) {
	prefix := 0
	if n > 0 {
		prefix, packed = cutUvarint(packed)
	} else {
		n = copy(buf[:], p.owner.Wire())
	}
	suffix, packed := cutUvarint(packed)
	middle, packed := cutUvarint(packed)
	copy(buf[prefix+middle:], buf[n-suffix:n])
	copy(buf[prefix:], packed[:middle])
	return prefix + middle + suffix, packed[middle:]
}

// RRset is p as a value of its own.
func (p Packed) RRset() RRset {
	r := RRset{Owner: p.owner, Type: p.Type, Stale: p.Stale, TTL: p.TTL, rdata: p.rdata}
	if !p.shared {
		return r
	}
	var buf Buffer
	var plain [4 * maxShared]byte // enough for most
	all := plain[:0]
	n := 0
	for rest := p.rdata; rest != ""; {
		n, rest = p.unshare(&buf, n, rest)
		all = append(binary.AppendUvarint(all, uint64(n)), buf[:n]...)
	}
	r.rdata = string(all)
	return r
}

// appendShared appends the RDATA of r in the second form; false: it has none.
func appendShared(dst []byte, r RRset) ([]byte, bool) {
	last, first := r.Owner.Wire(), true
	for d := range r.RDATA() {
		if len(d) > maxShared || d == "" {
			return dst, false
		}
		prefix := 0
		if !first {
			prefix = len(commonPrefix(last, d))
			dst = binary.AppendUvarint(dst, uint64(prefix))
		}
		suffix := commonSuffix(last, d[prefix:])
		if !first {
			suffix = min(suffix, len(last)-prefix)
		}
		middle := d[prefix : len(d)-suffix]
		dst = binary.AppendUvarint(dst, uint64(suffix))
		dst = binary.AppendUvarint(dst, uint64(len(middle)))
		dst = append(dst, middle...)
		last, first = d, false
	}
	return dst, true
}

func cutUvarint(packed string) (v int, rest string) {
	v, n := uvarint(packed)
	return v, packed[n:]
}

// cutPacked parts a node's first RRset from the rest.
func cutPacked(owner dnsname.Name, packed string) (p Packed, rest string) {
	typ, packed := cutUvarint(packed)
	ttl, packed := cutUvarint(packed)
	size, packed := cutUvarint(packed)
	return Packed{Type: uint16(typ >> 2), Stale: typ&1 != 0, shared: typ&2 != 0, TTL: uint32(ttl), owner: owner, rdata: packed[:size]}, packed[size:]
}

// packNode packs RRsets, which are sorted by type, none of them empty, as a node has them.
func packNode(sets []RRset) string {
	buf, _ := appendNode(make([]byte, 0, packedBound(sets)), nil, sets)
	return string(buf)
}

// packedBound is what RRsets take in a node, at most.
func packedBound(sets []RRset) (size int) {
	for i := range sets {
		size += len(sets[i].rdata) + 3 + 5 + 4
	}
	return size
}

// appendNode appends what packNode makes. shared is scratch, and returned as that.
func appendNode(buf, shared []byte, sets []RRset) (node, scratch []byte) {
	for _, r := range sets {
		typ, rdata := uint64(r.Type)<<2, r.rdata
		if r.Stale {
			typ |= 1
		}
		if len(rdata) > leastGain {
			if all, ok := appendShared(shared[:0], r); ok && len(all)+leastGain <= len(rdata) {
				shared = all
				typ, rdata = typ|2, text(all) // copied before it is written again
			}
		}
		buf = binary.AppendUvarint(buf, typ)
		buf = binary.AppendUvarint(buf, uint64(r.TTL))
		buf = binary.AppendUvarint(buf, uint64(len(rdata)))
		buf = append(buf, rdata...)
	}
	return buf, shared
}
