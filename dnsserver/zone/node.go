package zone

import (
	"iter"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Node is one owner name with all its RRsets, as it stands in a Snapshot. It is
// a view, and keeps the page it was read from alive.
type Node struct {
	Owner  dnsname.Name
	packed string // RRsets by ascending type: type, form and Stale uvarint, TTL uvarint, RDATA length uvarint, RDATA
}

// IsEmpty says that the node holds no RRset: no such owner name, or an empty
// non-terminal (RFC 8499 §7).
func (n Node) IsEmpty() bool { return n.packed == "" }

// Packed yields the node's RRsets as they stand, by ascending type.
func (n Node) Packed() iter.Seq[Packed] {
	return func(yield func(Packed) bool) {
		for rest := n.packed; rest != ""; {
			var p Packed
			p, rest = cutPacked(n.Owner, rest)
			if !yield(p) {
				return
			}
		}
	}
}

// RRset finds the RRset of a type.
func (n Node) RRset(typ uint16) (RRset, bool) {
	for p := range n.Packed() {
		if p.Type == typ {
			return p.RRset(), true
		}
		if p.Type > typ {
			break
		}
	}
	return RRset{}, false
}

// Has says that the node holds an RRset of a type.
func (n Node) Has(typ uint16) bool {
	for p := range n.Packed() {
		if p.Type == typ {
			return true
		}
	}
	return false
}

// RRsets yields the node's RRsets by ascending type.
func (n Node) RRsets() iter.Seq[RRset] {
	return func(yield func(RRset) bool) {
		for p := range n.Packed() {
			if !yield(p.RRset()) {
				return
			}
		}
	}
}
