package zone

import (
	"iter"
	"unsafe"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Snapshot is a whole zone at one serial. It never changes, so any number of
// goroutines may read it without a lock; whoever holds one may go on doing so
// after later ones were built. Make one with a Builder.
type Snapshot struct {
	apex   dnsname.Name
	soa    SOA
	top    string // the apex's packed node, which every change changes: it is in no page
	root   *tree  // all other nodes
	counts counts
}

// counts is what a Snapshot knows of its content without walking it.
type counts struct {
	names, records          int
	dnames, cuts, wildcards int
}

// Apex is the zone's name.
func (s *Snapshot) Apex() dnsname.Name { return s.apex }

// SOA is the zone's start of authority.
func (s *Snapshot) SOA() SOA { return s.soa }

// Serial is the SOA serial (RFC 1982 arithmetic: compare with SerialLess).
func (s *Snapshot) Serial() uint32 { return s.soa.Serial }

// Names counts the owner names, empty non-terminals left out.
func (s *Snapshot) Names() int { return s.counts.names }

// Records counts the resource records.
func (s *Snapshot) Records() int { return s.counts.records }

// HasCuts says that there are delegations (RFC 9499 §7: zone cuts).
func (s *Snapshot) HasCuts() bool { return s.counts.cuts > 0 }

// HasDNAMEs says that there are DNAME records.
func (s *Snapshot) HasDNAMEs() bool { return s.counts.dnames > 0 }

// HasWildcards says that some owner name has an asterisk label, so that a
// wildcard may exist, if only as an empty non-terminal (RFC 4592 §2.2).
func (s *Snapshot) HasWildcards() bool { return s.counts.wildcards > 0 }

// Node finds an owner name; the Node is empty when no RRset has it.
func (s *Snapshot) Node(owner dnsname.Name) Node {
	if owner == s.apex {
		return Node{owner, s.top}
	}
	var buf [keySize]byte
	return Node{owner, s.root.get(owner.AppendSortKey(buf[:0]))}
}

// node is Node where the sort key is known. The Node may keep it.
func (s *Snapshot) node(owner dnsname.Name, key string) Node {
	if owner == s.apex {
		return Node{owner, s.top}
	}
	return Node{owner, s.root.get(unsafe.Slice(unsafe.StringData(key), len(key)))}
}

// Find is Node that also tells whether the name exists at all: an empty
// non-terminal exists with an empty Node (RFC 4592 §2.2.2, RFC 8020).
func (s *Snapshot) Find(owner dnsname.Name) (n Node, exists bool) { return s.FindIn(owner, nil) }

// FindIn is Find that allocates nothing: the Node is good as long as buf, where it may
// be put together, is left alone.
func (s *Snapshot) FindIn(owner dnsname.Name, buf *Buffer) (n Node, exists bool) {
	if owner == s.apex {
		return Node{owner, s.top}, true
	}
	var space [keySize]byte
	key := owner.AppendSortKey(space[:0])
	var c cursor
	c.seek(s.root, key)
	if !c.valid() {
		return Node{Owner: owner}, false
	}
	below, equal := c.under(key)
	if !equal {
		return Node{Owner: owner}, below
	}
	return Node{owner, c.node(buf)}, true
}

// Lookup finds one RRset.
func (s *Snapshot) Lookup(owner dnsname.Name, typ uint16) (RRset, bool) {
	return s.Node(owner).RRset(typ)
}

// All yields every RRset in canonical order of owner names, then by type.
func (s *Snapshot) All() iter.Seq[RRset] {
	return func(yield func(RRset) bool) {
		for n := range s.Below(s.apex) {
			for r := range n.RRsets() {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// Below yields the node of owner, if it has any RRset, and all nodes below it, in canonical order.
func (s *Snapshot) Below(owner dnsname.Name) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if s.apex.Under(owner) && !yield(Node{s.apex, s.top}) {
			return
		}
		key := owner.AppendSortKey(nil)
		var c cursor
		for c.seek(s.root, key); c.valid(); c.next() {
			if below, _ := c.under(key); !below {
				return
			}
			prefix, e := c.entry()
			if !yield(Node{dnsname.FromSortKey(prefix + e.key), c.node(nil)}) {
				return
			}
		}
	}
}

// keySize holds most sort keys without an allocation: only names with many
// octets 0 or 1 need more.
const keySize = dnsname.MaxWire + 32
