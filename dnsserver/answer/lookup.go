package answer

import (
	"errors"
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// maxChain is how many CNAME and DNAME steps one answer follows within the
// zones served here. Chains end long before; what is longer the resolver goes on
// with, from the last target.
const maxChain = 16

// lookup is one query on its way through RFC 1034 §4.3.2.
type lookup struct {
	w     *wire.Writer
	zones *zoneSet
	typ   uint16

	do, co bool // the client wants signatures; and knows what a compact denial is

	rcode         wire.Rcode
	authoritative bool
	missed        bool                   // the name that the chain ends in does not exist
	sign          Signer                 // of the zone that the chain has led into last; nil: nothing is signed
	fault         error                  // a signature could not be had
	out           dnsname.Name           // where the chain leaves our zones; zero: it does not
	zone          *published             // that the chain has led into last
	stale         bool                   // something in the answer is as last known only
	links         int                    // of the chain, so far
	names         [maxChain]dnsname.Name // the QNAME, then each target in the chain
	dnames        [maxChain]dnsname.Name // owners of the DNAMEs applied on the way
	applied       int
}

// run answers for name: the algorithm's steps 2 to 5, once for each link of the
// chain. It may be run again, for where a chain comes back to our zones.
func (l *lookup) run(name dnsname.Name) {
	l.out = dnsname.Name{}
	for l.links < maxChain {
		if slices.Contains(l.names[:l.links], name) {
			return // a loop: the chain as far as it goes is the answer
		}
		l.names[l.links] = name
		z := l.zones.find([]byte(name.Wire()))
		if z != nil && l.typ == zone.TypeDS && z.apex == name && name != dnsname.Root {
			// A DS is the parent's, if the parent is served here (RFC 4035 §3.1.4.1).
			if up := l.zones.find([]byte(name.Parent().Wire())); up != nil {
				z = up
			}
		}
		if z == nil {
			if l.out = name; l.links == 0 {
				l.rcode = wire.Refused
			}
			return
		}
		if l.links == 0 {
			l.authoritative = true
		}
		first := l.links == 0
		l.links++
		l.zone, l.sign = z, nil
		if l.do {
			if p := z.signer.Load(); p != nil {
				l.sign = *p
			}
		}
		next, more := l.inZone(z.snapshot.Load(), name, first)
		if !more {
			return
		}
		name = next
	}
}

// inZone is step 3: match down the zone, label by label. It returns the next
// name when the zone has an alias for this one.
func (l *lookup) inZone(s *zone.Snapshot, name dnsname.Name, first bool) (next dnsname.Name, more bool) {
	var path [dnsname.MaxLabels]dnsname.Name // from name up to below the apex
	depth := 0
	for up := name; up != s.Apex(); up = up.Parent() {
		path[depth] = up
		depth++
	}
	node := s.Node(s.Apex())
	for {
		if depth > 0 {
			if r, ok := node.RRset(zone.TypeDNAME); ok {
				return l.dname(r, name) // step 3c as RFC 6672 §3.2 has it
			}
		}
		if depth == 0 {
			return l.found(s, node, name) // step 3a
		}
		depth--
		below, exists := s.Find(path[depth])
		if !exists && !l.zones.exists(path[depth]) {
			return l.missing(s, node.Owner, name)
		}
		node = below
		if r, ok := node.RRset(zone.TypeNS); ok && !(depth == 0 && l.typ == zone.TypeDS) {
			l.refer(s, r, first) // step 3b
			return dnsname.Name{}, false
		}
	}
}

// found answers from a node: name's own, or the wildcard that stands for it.
func (l *lookup) found(s *zone.Snapshot, n zone.Node, name dnsname.Name) (next dnsname.Name, more bool) {
	if l.typ == wire.TypeANY {
		for r := range n.RRsets() { // one RRset is enough (RFC 8482 §4.1)
			l.writeSigned(wire.AnswerSection, name, r)
			return dnsname.Name{}, false
		}
	}
	if l.sign != nil && l.typ == zone.TypeNSEC { // it is made for whoever asks (RFC 9824 §3.4)
		l.writeSigned(wire.AnswerSection, name, l.sign.Deny(name, types(s, n), true, negativeSOA(s).TTL))
		return dnsname.Name{}, false
	}
	if r, ok := n.RRset(l.typ); ok {
		if l.typ == zone.TypeDNAME && slices.Contains(l.dnames[:l.applied], r.Owner) {
			return dnsname.Name{}, false // the chain came back to one that stands in the answer already
		}
		l.writeSigned(wire.AnswerSection, name, r)
		return dnsname.Name{}, false
	}
	if r, ok := n.RRset(zone.TypeCNAME); ok {
		l.writeSigned(wire.AnswerSection, name, r)
		return dnsname.FromFolded(r.First()), true
	}
	l.deny(s, name, types(s, n), true)
	return dnsname.Name{}, false
}

// missing answers for a name that does not exist: by the wildcard at its
// closest encloser (RFC 4592 §3.3.1), or with NXDOMAIN.
func (l *lookup) missing(s *zone.Snapshot, encloser, name dnsname.Name) (next dnsname.Name, more bool) {
	if s.HasWildcards() {
		if star, err := encloser.Child("*"); err == nil {
			if n, exists := s.Find(star); exists {
				// A delegation by wildcard has no meaning (RFC 4592 §4.2): its NS is data like any other.
				return l.found(s, n, name)
			}
		}
	}
	l.missed = true
	if l.sign != nil && l.typ == zone.TypeNSEC { // what proves it is what was asked for (RFC 9824 §3.4)
		l.writeSigned(wire.AnswerSection, name, l.sign.Deny(name, nil, false, negativeSOA(s).TTL))
		return dnsname.Name{}, false
	}
	if l.rcode = wire.NXDomain; l.sign != nil && !l.co {
		// In a compact denial it is the NSEC that says so (RFC 9824 §3.1).
		l.rcode = wire.NoError
	}
	l.deny(s, name, nil, false)
	return dnsname.Name{}, false
}

// dname answers for a name below a DNAME: the DNAME, the CNAME made from it, and on with that one's target.
func (l *lookup) dname(r zone.RRset, name dnsname.Name) (next dnsname.Name, more bool) {
	if !slices.Contains(l.dnames[:l.applied], r.Owner) { // one that is applied again stands there already
		l.dnames[l.applied] = r.Owner
		l.applied++
		l.writeSigned(wire.AnswerSection, r.Owner, r)
	}
	next, err := name.Replace(r.Owner, dnsname.FromFolded(r.First()))
	if err != nil {
		l.rcode = wire.YXDomain // too long (RFC 6672 §2.2)
		return dnsname.Name{}, false
	}
	l.write(wire.AnswerSection, name, zone.NewRRset(name, zone.TypeCNAME, r.TTL, next.Wire()))
	return next, l.typ != zone.TypeCNAME // the CNAME is what was asked for
}

// refer sends the client to the zone cut's name servers, with the addresses
// this zone has of them. Without those of names below the cut nobody could go on,
// so the answer is truncated when they do not fit; those of others are left out
// then (RFC 9471 §3).
func (l *lookup) refer(s *zone.Snapshot, ns zone.RRset, first bool) {
	if first {
		l.authoritative = false
	}
	l.write(wire.Authority, ns.Owner, ns)
	if l.sign != nil { // whether the child is signed (RFC 4035 §3.1.4)
		if n := s.Node(ns.Owner); n.Has(zone.TypeDS) {
			ds, _ := n.RRset(zone.TypeDS)
			l.writeSigned(wire.Authority, ns.Owner, ds)
		} else {
			l.writeSigned(wire.Authority, ns.Owner, l.sign.Deny(ns.Owner, types(s, n), true, negativeSOA(s).TTL))
		}
	}
	for _, needed := range []bool{true, false} {
		for target := range ns.RDATA() {
			name := dnsname.FromFolded(target)
			if name.Under(s.Apex()) && name.Under(ns.Owner) == needed {
				l.glue(s.Node(name), needed)
			}
		}
	}
}

// glue writes a name server's addresses; what is not needed, only if it fits.
func (l *lookup) glue(n zone.Node, needed bool) {
	for _, typ := range []uint16{zone.TypeA, zone.TypeAAAA} {
		r, ok := n.RRset(typ)
		if !ok {
			continue
		}
		before := l.w.Mark()
		l.write(wire.Additional, n.Owner, r)
		if l.w.Full() && !needed {
			l.w.Rewind(before)
		}
	}
}

// deny puts the SOA into the authority section: no data, or no such name (RFC
// 2308 §2); and where it is signed, the NSEC that proves it.
func (l *lookup) deny(s *zone.Snapshot, name dnsname.Name, types []uint16, exists bool) {
	soa := negativeSOA(s)
	l.write(wire.Authority, s.Apex(), soa)
	if l.sign == nil {
		return
	}
	whole, _ := s.Lookup(s.Apex(), zone.TypeSOA)
	l.writeSignature(wire.Authority, whole, false, soa.TTL)
	l.writeSigned(wire.Authority, name, l.sign.Deny(name, types, exists, soa.TTL))
}

// types lists what a name has that an NSEC tells: at a zone cut, what is not the child's.
func types(s *zone.Snapshot, n zone.Node) []uint16 {
	var list []uint16
	cut := n.Owner != s.Apex() && n.Has(zone.TypeNS)
	for p := range n.Packed() {
		if !cut || p.Type == zone.TypeNS || p.Type == zone.TypeDS {
			list = append(list, p.Type)
		}
	}
	return list
}

// writeSigned writes r as it is owned by owner, and its signatures where they are wanted.
func (l *lookup) writeSigned(section wire.Section, owner dnsname.Name, r zone.RRset) {
	l.write(section, owner, r)
	l.stale = l.stale || r.Stale && section == wire.AnswerSection
	if l.sign == nil {
		return
	}
	expanded := r.Owner != owner
	r.Owner = owner // what a wildcard stands for is signed by the name that was asked for
	l.writeSignature(section, r, expanded, r.TTL)
}

// writeSignature writes the signatures over r, to be kept for ttl seconds.
func (l *lookup) writeSignature(section wire.Section, r zone.RRset, expanded bool, ttl uint32) {
	if l.fault != nil {
		return
	}
	r.Stale = false // the signature is the same
	sign := l.sign.Sign
	if expanded {
		sign = l.sign.SignExpanded
	}
	switch sig, err := sign(r); {
	case errors.Is(err, dnssec.ErrNoKey): // the zone is not signed for now
	case err != nil:
		l.fault = err
	default:
		sig.TTL = ttl
		l.write(section, r.Owner, sig)
	}
}

// write writes all records of r, owned by owner.
func (l *lookup) write(section wire.Section, owner dnsname.Name, r zone.RRset) {
	for d := range r.RDATA() {
		if !l.w.Record(section, owner, r.Type, r.TTL, d) {
			return
		}
	}
}
