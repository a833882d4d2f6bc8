package zone

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// InvalidError says which RRset a zone cannot hold, and why.
type InvalidError struct {
	Key    Key
	Reason string // what is wrong, with the RFC that says so
}

// Error is one line: owner, type, reason.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Key.Owner, TypeString(e.Key.Type), e.Reason)
}

// Builder gathers edits and makes the next Snapshot from the last. It is not
// safe for concurrent use, and done after one Build.
type Builder struct {
	apex        dnsname.Name
	prev        *Snapshot // nil: the zone begins
	serialFloor uint32
	edits       []Edit
}

// NewBuilder begins from prev, which stays as it is.
func NewBuilder(prev *Snapshot) *Builder {
	return &Builder{apex: prev.apex, prev: prev}
}

// NewZone begins from nothing; the edits must bring an SOA at the apex.
func NewZone(apex dnsname.Name) *Builder { return &Builder{apex: apex} }

// Set replaces an RRset, or creates it; an empty one is deleted.
func (b *Builder) Set(r RRset) { b.Apply(Edit{OpSet, r}) }

// Delete removes an RRset if it is there.
func (b *Builder) Delete(k Key) { b.Apply(Edit{OpDelete, RRset{Owner: k.Owner, Type: k.Type}}) }

// Apply takes edits, to be made in the order given. The slice must stay as it is
// until Build returns.
func (b *Builder) Apply(edits ...Edit) {
	if b.edits == nil {
		b.edits = slices.Clip(edits)
		return
	}
	b.edits = append(b.edits, edits...)
}

// SerialFloor asks for a serial of at least floor when records of the zone change.
func (b *Builder) SerialFloor(floor uint32) { b.serialFloor = floor }

// Build makes the next Snapshot and tells what differs from the last, in
// canonical order. When records differ and no edit moved the SOA serial
// forward, the serial is counted up, and that SOA is among the Changes. Where only
// Stale differs the serial stays: that is not transferred. When
// nothing differs the Snapshot is prev itself. On an error, an *InvalidError,
// nothing is built: prev stays the zone.
//
// The cost grows with the number of edits (and the logarithm of the zone's
// size), not with the zone.
func (b *Builder) Build() (*Snapshot, []Change, error) {
	next := &Snapshot{apex: b.apex}
	if b.prev != nil {
		*next = *b.prev
	}
	room := arenas.Get().(*arena)
	defer room.release()
	entries, changes, err := b.merge(next, room)
	if err != nil {
		return nil, nil, err
	}
	if len(changes) == 0 && b.prev != nil {
		return b.prev, nil, nil
	}
	if b.prev == nil || slices.ContainsFunc(changes, Change.Transferred) {
		if changes, err = b.setSOA(next, changes); err != nil {
			return nil, nil, err
		}
	}
	next.root = next.root.edited(entries, room)
	if err := checkDNAMEs(next, changes); err != nil {
		return nil, nil, err
	}
	return next, changes, nil
}

// merge works the edits into the nodes they touch. Keys and nodes of the entries
// stand in room, or beside it: they are good until the tree is made.
func (b *Builder) merge(next *Snapshot, room *arena) (entries []entry, changes []Change, err error) {
	ordered := b.ordered()
	entries = make([]entry, 0, len(ordered))
	changes = make([]Change, 0, len(ordered)+1) // one may be of the SOA
	var sets shelf
	for len(ordered) > 0 {
		n := 1
		for n < len(ordered) && ordered[n].key == ordered[0].key {
			n++
		}
		key, owner := ordered[0].key, b.edits[ordered[0].at].RRset.Owner
		if !owner.Under(b.apex) {
			return nil, nil, &InvalidError{b.edits[ordered[0].at].RRset.Key(), "is outside of the zone " + b.apex.String()}
		}
		old, now := sets.both(next.node(owner, key), n, len(ordered))
		for _, e := range ordered[:n] {
			now = b.edits[e.at].Apply(now)
		}
		ordered = ordered[n:]
		if err := checkNode(b.apex, owner, now); err != nil {
			return nil, nil, err
		}
		was := len(changes)
		changes = appendChanges(changes, old, now)
		if len(changes) == was {
			continue
		}
		if owner == b.apex {
			next.top = packNode(now)
		} else {
			entries = append(entries, entry{key: key, node: room.node(now)})
		}
		next.counts.add(b.apex, old, -1)
		next.counts.add(b.apex, now, 1)
	}
	return entries, changes, nil
}

func (c *counts) add(apex dnsname.Name, sets []RRset, sign int) {
	if len(sets) == 0 {
		return
	}
	c.names += sign
	if strings.Contains(sets[0].Owner.Wire(), "\x01*") { // at worst counts a name that has no such label
		c.wildcards += sign
	}
	for _, r := range sets {
		c.records += sign * r.Len()
		switch {
		case r.Type == TypeDNAME:
			c.dnames += sign
		case r.Type == TypeNS && r.Owner != apex:
			c.cuts += sign
		}
	}
}

// Apply makes the edit in the RRsets of its owner name, which are sorted by type
// and stay so. It may write into the array of sets.
func (e Edit) Apply(sets []RRset) []RRset {
	i, found := slices.BinarySearchFunc(sets, e.RRset.Type, func(r RRset, t uint16) int { return cmp.Compare(r.Type, t) })
	var now RRset
	switch {
	case e.Op == OpSet, e.Op == OpAdd && !found:
		now = e.RRset
	case e.Op == OpAdd:
		now = sets[i]
		now.TTL = e.RRset.TTL
		now = now.With(slices.Collect(e.RRset.RDATA())...)
	case e.Op == OpRemove && found:
		now = sets[i].Without(slices.Collect(e.RRset.RDATA())...)
	}
	switch {
	case now.IsEmpty() && found:
		return slices.Delete(sets, i, i+1)
	case now.IsEmpty():
		return sets
	case found:
		sets[i] = now
		return sets
	}
	return slices.Insert(sets, i, now)
}

// appendChanges appends what differs between two nodes' sets, both sorted by type.
func appendChanges(changes []Change, old, now []RRset) []Change {
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(old) > 0 && old[0].Type < now[0].Type:
			changes = append(changes, Change{Key: old[0].Key(), Old: &old[0]})
			old = old[1:]
		case len(old) == 0 || now[0].Type < old[0].Type:
			changes = append(changes, Change{Key: now[0].Key(), New: &now[0]})
			now = now[1:]
		default:
			if old[0] != now[0] {
				changes = append(changes, Change{Key: now[0].Key(), Old: &old[0], New: &now[0]})
			}
			old, now = old[1:], now[1:]
		}
	}
	return changes
}

// setSOA reads the zone's SOA into next, with its serial counted up when the
// zone changed and the serial did not: then the SOA joins changes.
func (b *Builder) setSOA(next *Snapshot, changes []Change) ([]Change, error) {
	apex := Node{b.apex, next.top}
	was, ok := apex.RRset(TypeSOA)
	if !ok {
		return nil, &InvalidError{Key{b.apex, TypeSOA}, "is missing: a zone has exactly one SOA, at its apex (RFC 1035 §5.2)"}
	}
	soa, err := ParseSOA(was.First())
	if err != nil {
		return nil, &InvalidError{was.Key(), err.Error()}
	}
	stated := soa.Serial
	if b.prev != nil && !SerialLess(b.prev.Serial(), soa.Serial) {
		soa.Serial = b.prev.Serial() + 1
	}
	if b.serialFloor != 0 && SerialLess(soa.Serial, b.serialFloor) {
		soa.Serial = b.serialFloor
	}
	next.soa = soa
	if soa.Serial == stated {
		return changes, nil
	}
	now := NewRRset(b.apex, TypeSOA, was.TTL, soa.RDATA())
	next.top = packNode(Edit{OpSet, now}.Apply(slices.Collect(apex.RRsets())))
	j := 0 // the apex's changes come first
	for j < len(changes) && changes[j].Key.Owner == b.apex && changes[j].Key.Type < TypeSOA {
		j++
	}
	if j < len(changes) && changes[j].Key == now.Key() {
		changes[j].New = &now
	} else {
		changes = slices.Insert(changes, j, Change{Key: now.Key(), Old: &was, New: &now})
	}
	return changes, nil
}

// checkNode says what is wrong with the RRsets of one owner name.
func checkNode(apex, owner dnsname.Name, sets []RRset) error {
	for _, r := range sets {
		switch r.Type {
		case TypeSOA:
			if owner != apex {
				return &InvalidError{r.Key(), "stands below the apex " + apex.String() + " (RFC 1035 §5.2)"}
			}
			if r.Len() > 1 {
				return &InvalidError{r.Key(), "is there more than once (RFC 1035 §5.2)"}
			}
		case TypeCNAME:
			if r.Len() > 1 {
				return &InvalidError{r.Key(), "is there more than once (RFC 2181 §10.1)"}
			}
			for _, other := range sets {
				if other.Type != TypeCNAME && other.Type != TypeRRSIG && other.Type != TypeNSEC {
					return &InvalidError{r.Key(), "stands beside " + TypeString(other.Type) + " (RFC 1034 §3.6.2)"}
				}
			}
		case TypeDNAME:
			if r.Len() > 1 {
				return &InvalidError{r.Key(), "is there more than once (RFC 6672 §2.4)"}
			}
		}
	}
	return nil
}

// checkDNAMEs makes sure that nothing stands below a DNAME (RFC 6672 §2.4), as far as changes could have put it there.
func checkDNAMEs(s *Snapshot, changes []Change) error {
	if s.counts.dnames == 0 {
		return nil
	}
	for _, c := range changes {
		if c.New == nil {
			continue
		}
		owner := c.Key.Owner
		if c.Key.Type == TypeDNAME {
			for n := range s.Below(owner) {
				if n.Owner != owner {
					return belowDNAME(slices.Collect(n.RRsets())[0].Key(), owner)
				}
			}
		}
		for up := owner; up != s.apex; {
			up = up.Parent()
			if s.Node(up).Has(TypeDNAME) {
				return belowDNAME(c.Key, up)
			}
		}
	}
	return nil
}

func belowDNAME(k Key, dname dnsname.Name) error {
	return &InvalidError{k, "stands below the DNAME of " + dname.String() + " (RFC 6672 §2.4)"}
}
