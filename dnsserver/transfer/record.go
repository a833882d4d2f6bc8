package transfer

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// record is one resource record of class IN.
type record struct {
	owner dnsname.Name
	typ   uint16
	ttl   uint32 // seconds
	rdata string
}

// records yields the records of an RRset.
func records(set zone.RRset) iter.Seq[record] {
	return func(yield func(record) bool) {
		for d := range set.RDATA() {
			if !yield(record{set.Owner, set.Type, set.TTL, d}) {
				return
			}
		}
	}
}

// Packed records stand one behind the other in a string: owner, type, TTL,
// RDATA's length, RDATA, as in a message without compression. A Journal of many
// small steps costs the garbage collector two pointers a step.

// fixedLen is what a packed record has between its owner and its RDATA.
const fixedLen = 2 + 4 + 2

func (r record) pack(dst []byte) []byte {
	dst = append(dst, r.owner.Wire()...)
	dst = binary.BigEndian.AppendUint16(dst, r.typ)
	dst = binary.BigEndian.AppendUint32(dst, r.ttl)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.rdata)))
	return append(dst, r.rdata...)
}

// cutRecord parts the first record's octets from the rest.
func cutRecord(packed string) (first, rest string) {
	n := nameLen(packed) + fixedLen
	n += int(packed[n-2])<<8 | int(packed[n-1])
	return packed[:n], packed[n:]
}

// unpack is the inverse of pack. The record refers to the string.
func unpack(packed string) record {
	n := nameLen(packed)
	f := packed[n : n+fixedLen]
	return record{
		owner: dnsname.FromFolded(packed[:n]),
		typ:   uint16(f[0])<<8 | uint16(f[1]),
		ttl:   uint32(f[2])<<24 | uint32(f[3])<<16 | uint32(f[4])<<8 | uint32(f[5]),
		rdata: packed[n+fixedLen:],
	}
}

func nameLen(wire string) int {
	n := 0
	for wire[n] != 0 {
		n += 1 + int(wire[n])
	}
	return n + 1
}

// each yields packed records, packed.
func each(packed string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := packed; rest != ""; {
			var r string
			r, rest = cutRecord(rest)
			if !yield(r) {
				return
			}
		}
	}
}

// difference appends the records that a change deletes and adds: those that
// differ, or all of them where the TTL does.
func difference(deleted, added []byte, c zone.Change) (del, add []byte) {
	var old, now []record
	if c.Old != nil {
		old = slices.Collect(records(*c.Old))
	}
	if c.New != nil {
		now = slices.Collect(records(*c.New))
	}
	for len(old) > 0 || len(now) > 0 { // both in the order of their RDATA
		switch {
		case len(old) > 0 && len(now) > 0 && old[0] == now[0]:
			old, now = old[1:], now[1:]
		case len(now) == 0 || len(old) > 0 && (old[0].rdata <= now[0].rdata):
			deleted = old[0].pack(deleted)
			old = old[1:]
		default:
			added = now[0].pack(added)
			now = now[1:]
		}
	}
	return deleted, added
}
