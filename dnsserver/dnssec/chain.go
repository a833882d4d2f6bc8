package dnssec

import (
	"iter"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Zone yields snap as it is transferred: SOA first, then all in canonical order
// (RFC 4034 §6.1), each RRset followed by the RRSIG RRset over it (RFC 4035 §2).
// DNSKEY, CDS and CDNSKEY are this Signer's, and every authoritative name and
// zone cut has its place in a chain of NSECs. NS at cuts and what lies below them
// is not signed. DNSSEC records that snap itself has are left out, DS aside. A
// zone without a published key is yielded as it stands.
//
// What is yielded is a function of snap, keys and time, and stays the same until
// NextChange. Signatures of the last whole walk are used again, so that only the
// first costs much: some 25 µs an RRset, on this goroutine and not counted
// against any budget; what is kept takes some 400 octets an RRset. An error ends
// the walk.
func (s *Signer) Zone(snap *zone.Snapshot) iter.Seq2[zone.RRset, error] {
	return func(yield func(zone.RRset, error) bool) {
		now := s.now()
		w := &walk{s: s, roster: s.rosterAt(now), t: now.Unix(), yield: yield, sigs: map[zone.RRset]*entry{}}
		if old := s.walked.Load(); old != nil {
			w.old = *old
		}
		if w.roster.forZone == nil {
			w.plain(snap)
			return
		}
		if w.run(snap) {
			s.walked.Store(&w.sigs)
		}
	}
}

// walk is one pass over the zone.
type walk struct {
	s         *Signer
	roster    *roster
	t         int64 // seconds since 1970
	yield     func(zone.RRset, error) bool
	old, sigs map[zone.RRset]*entry // of the last walk, of this one
}

// plain yields the zone unsigned.
func (w *walk) plain(snap *zone.Snapshot) {
	soa, _ := snap.Lookup(snap.Apex(), zone.TypeSOA)
	if !w.yield(soa, nil) {
		return
	}
	for r := range snap.All() {
		if r.Type != zone.TypeSOA && !w.yield(r, nil) {
			return
		}
	}
}

// run yields the zone signed; false when the reader or an error ended it.
func (w *walk) run(snap *zone.Snapshot) bool {
	// The same walk twice: one runs ahead by a name, so that each NSEC knows the
	// next without names below cuts being held back.
	ahead, stop := iter.Pull(authoritative(snap))
	defer stop()
	ahead()
	soa, _ := snap.Lookup(snap.Apex(), zone.TypeSOA)
	ttl := min(soa.TTL, snap.SOA().Minimum) // RFC 9077
	var cut dnsname.Name
	for n := range snap.Below(snap.Apex()) {
		if !cut.IsZero() && n.Owner.Under(cut) {
			if !w.glue(n) {
				return false
			}
			continue
		}
		next, ok := ahead()
		if !ok {
			next = snap.Apex()
		}
		if isCut(snap, n) {
			cut = n.Owner
		}
		if !w.node(n, next, n.Owner == cut, soa, ttl) {
			return false
		}
	}
	return true
}

// authoritative yields the names that have a place in the NSEC chain.
func authoritative(snap *zone.Snapshot) iter.Seq[dnsname.Name] {
	return func(yield func(dnsname.Name) bool) {
		var cut dnsname.Name
		for n := range snap.Below(snap.Apex()) {
			if !cut.IsZero() && n.Owner.Under(cut) {
				continue
			}
			if isCut(snap, n) {
				cut = n.Owner
			}
			if !yield(n.Owner) {
				return
			}
		}
	}
}

func isCut(snap *zone.Snapshot, n zone.Node) bool {
	return n.Owner != snap.Apex() && n.Has(zone.TypeNS)
}

// node yields one name of the chain with its signatures and its NSEC.
func (w *walk) node(n zone.Node, next dnsname.Name, cut bool, soa zone.RRset, ttl uint32) bool {
	var types []uint16
	atApex := n.Owner == soa.Owner
	if atApex {
		types = append(types, zone.TypeSOA)
		if !w.signed(soa) {
			return false
		}
	}
	for r := range n.RRsets() {
		switch {
		case r.Type == zone.TypeSOA || isOurs(r.Type, atApex):
			continue
		case cut && r.Type != zone.TypeDS:
			if r.Type == zone.TypeNS {
				types = append(types, r.Type)
			}
			if !w.yield(r, nil) {
				return false
			}
			continue
		}
		types = append(types, r.Type)
		if !w.signed(r) {
			return false
		}
	}
	if atApex {
		for _, r := range w.roster.apex {
			types = append(types, r.Type)
			if !w.signed(r) {
				return false
			}
		}
	}
	return w.signed(nsec(n.Owner, next, types, ttl))
}

// glue yields what lies below a zone cut.
func (w *walk) glue(n zone.Node) bool {
	for r := range n.RRsets() {
		if !isOurs(r.Type, false) && !w.yield(r, nil) {
			return false
		}
	}
	return true
}

// isOurs says that this package makes the records of a type.
func isOurs(typ uint16, atApex bool) bool {
	switch typ {
	case zone.TypeRRSIG, zone.TypeNSEC, typeNSEC3, typeNSEC3PARAM:
		return true
	case zone.TypeDNSKEY, typeCDS, typeCDNSKEY:
		return atApex
	}
	return false
}

// signed yields r and its RRSIGs: those of the last walk, or cached for queries, or made now.
func (w *walk) signed(r zone.RRset) bool {
	by := w.roster.signersOf(r.Type)
	e, ok := w.old[r]
	if !ok || !e.current(by, w.t) {
		e, ok = w.s.own.cache.Peek(r)
	}
	if !ok || !e.current(by, w.t) {
		var err error
		if e, err = w.s.make(r, by, w.t); err != nil {
			w.yield(zone.RRset{}, err)
			return false
		}
	}
	w.sigs[r] = e
	return w.yield(r, nil) && w.yield(e.sigs, nil)
}
