package dnsserver

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/zone"
)

// content is one zone's content. It is guarded by the Server that owns it.
type content struct {
	apex   dnsname.Name
	served *zone.Snapshot
	static *zone.Snapshot // the files' records, and an apex made up where they give none
	made   apexMade       // what of static was made up
	// aside are RRsets that were published for owner names of the files, sorted by type.
	aside   map[dnsname.Name][]zone.RRset
	filled  bool              // records are published into it
	inmost  bool              // no other zone begins within it
	journal *transfer.Journal // nil: nobody may transfer
	signer  Signer            // nil: not signed
	// provisional: names may be missing, so that secondaries are not to have it yet.
	provisional bool
}

// maxNegativeTTL is how long in seconds the nonexistence of a name may be
// remembered at most in zones whose SOA is ours (RFC 2308 §5).
const maxNegativeTTL = 5

// apexMade is what of a zone's static records does not come from files.
type apexMade struct {
	soa, ns     bool
	keys        []zone.RRset // the Signer's
	negativeTTL uint32       // as it was asked for
}

// has says that a type at the apex was made up.
func (m *apexMade) has(typ uint16) bool {
	return m.soa && typ == zone.TypeSOA || m.ns && typ == zone.TypeNS ||
		slices.ContainsFunc(m.keys, func(r zone.RRset) bool { return r.Type == typ })
}

// is says that spec would make up the same.
func (m *apexMade) is(spec *ZoneSpec) bool {
	var keys []zone.RRset
	if spec.Signer != nil {
		keys = spec.Signer.Apex()
	}
	return m.negativeTTL == spec.NegativeTTL && slices.Equal(m.keys, keys)
}

// withApex completes a zone's static records: the records of its keys, and SOA
// and NS, where the files have none.
func withApex(spec ZoneSpec) (all []zone.RRset, made apexMade, err error) {
	apex, sets, negativeTTL := spec.Apex, spec.Static, uint32(maxNegativeTTL)
	made.negativeTTL = spec.NegativeTTL
	if spec.NegativeTTL > 0 {
		negativeTTL = min(negativeTTL, spec.NegativeTTL)
	}
	has := func(typ uint16) bool {
		return slices.ContainsFunc(sets, func(r zone.RRset) bool { return r.Owner == apex && r.Type == typ })
	}
	ns, err := apex.Child("ns")
	if err != nil {
		return nil, made, fmt.Errorf("zone %s: name server's name: %w", apex, err)
	}
	host, err := apex.Child("hostmaster")
	if err != nil {
		return nil, made, fmt.Errorf("zone %s: SOA RNAME: %w", apex, err)
	}
	all = slices.Clone(sets)
	if spec.Signer != nil {
		made.keys = slices.Clone(spec.Signer.Apex())
		all = append(all, made.keys...)
	}
	if made.soa = !has(zone.TypeSOA); made.soa {
		soa := zone.SOA{MName: ns, RName: host, Serial: clockSerial(), Refresh: 7200, Retry: 1800, Expire: 86400, Minimum: negativeTTL}
		all = append(all, zone.NewRRset(apex, zone.TypeSOA, negativeTTL, soa.RDATA()))
	}
	if made.ns = !has(zone.TypeNS); made.ns {
		all = append(all, zone.NewRRset(apex, zone.TypeNS, 3600, zone.Target(ns)))
	}
	return all, made, nil
}

// given lists the static records that the files gave.
func (c *content) given() []zone.RRset {
	var all []zone.RRset
	for r := range c.static.All() {
		if r.Owner != c.apex || !c.made.has(r.Type) {
			all = append(all, r)
		}
	}
	return all
}

// clockSerial is a serial that does not go back over a restart as long as a zone
// changes less than once a second on the average.
func clockSerial() uint32 { return uint32(time.Now().Unix()) }

// newContent makes a zone of its static records, with a serial past last; 0: it never had one.
func newContent(spec ZoneSpec, last uint32) (*content, error) {
	static, made, err := buildStatic(spec, last)
	if err != nil {
		return nil, err
	}
	return &content{apex: spec.Apex, served: static, static: static, aside: map[dnsname.Name][]zone.RRset{}, made: made}, nil
}

// CheckZone says why a zone could not be served with its static records.
func CheckZone(spec ZoneSpec) error {
	_, _, err := buildStatic(spec, 0)
	return err
}

func buildStatic(spec ZoneSpec, last uint32) (*zone.Snapshot, apexMade, error) {
	all, made, err := withApex(spec)
	if err != nil {
		return nil, made, err
	}
	b := zone.NewZone(spec.Apex)
	for _, r := range all {
		b.Set(r)
	}
	if last != 0 {
		b.SerialFloor(last + 1)
	}
	s, _, err := b.Build()
	if err != nil {
		return nil, made, fmt.Errorf("zone %s: %w", spec.Apex, err)
	}
	return s, made, nil
}

// ofZones are the types that a zone's apex has for the zone's sake: beside them the
// name itself may belong to somebody else. 59 and 60 are CDS and CDNSKEY (RFC 7344).
var ofZones = []uint16{zone.TypeSOA, zone.TypeNS, zone.TypeDNSKEY, 59, 60}

// claims says that an owner name belongs to the files: they have records for
// it, or a DNAME above it, below which there can be none (RFC 6672 §2.4).
func claims(static *zone.Snapshot, owner dnsname.Name) bool {
	if static.Names() == 1 && owner != static.Apex() && !static.HasDNAMEs() { // as with most zones that are filled
		return false
	}
	for r := range static.Node(owner).RRsets() {
		if owner != static.Apex() || !slices.Contains(ofZones, r.Type) {
			return true
		}
	}
	if !static.HasDNAMEs() {
		return false
	}
	for up := owner; up != static.Apex(); {
		up = up.Parent()
		if static.Node(up).Has(zone.TypeDNAME) {
			return true
		}
	}
	return false
}

// claims says that an RRset is the files' or the zone's to have, so that another is
// kept aside.
func (c *content) claims(k zone.Key) bool {
	return claims(c.static, k.Owner) || k.Owner == c.apex && c.static.Node(c.apex).Has(k.Type)
}

// publish makes edits, but for those of owner names that are the files'. An
// owner name whose records cannot stand together is left out, as it was, and
// named in the error; the others are published all the same.
func (c *content) publish(edits []zone.Edit) ([]zone.Change, error) {
	if slices.ContainsFunc(edits, func(e zone.Edit) bool { return c.claims(e.RRset.Key()) }) {
		edits = c.setAside(edits)
	}
	var refused []error
	for {
		b := zone.NewBuilder(c.served)
		b.Apply(edits...)
		if c.made.soa {
			b.SerialFloor(clockSerial())
		}
		next, changes, err := b.Build()
		if err == nil {
			c.served = next
			return changes, errors.Join(refused...)
		}
		var invalid *zone.InvalidError
		if !errors.As(err, &invalid) {
			return nil, errors.Join(append(refused, err)...)
		}
		before := len(edits)
		edits = slices.DeleteFunc(slices.Clone(edits), func(e zone.Edit) bool { return e.RRset.Owner == invalid.Key.Owner })
		refused = append(refused, fmt.Errorf("zone %s: %w", c.apex, err))
		if len(edits) == before {
			return nil, errors.Join(refused...)
		}
	}
}

// setAside makes those of edits that are of the files' owner names where such are
// kept, and returns the others.
func (c *content) setAside(edits []zone.Edit) []zone.Edit {
	return slices.DeleteFunc(slices.Clone(edits), func(e zone.Edit) bool {
		if c.claims(e.RRset.Key()) {
			c.keep(e.RRset.Owner, e.Apply(c.aside[e.RRset.Owner]))
			return true
		}
		return false
	})
}

// renew gives the zone a new serial and changes nothing else.
func (c *content) renew() ([]zone.Change, error) {
	soa := c.served.SOA()
	soa.Serial++
	was, _ := c.served.Lookup(c.apex, zone.TypeSOA)
	b := zone.NewBuilder(c.served)
	b.Set(zone.NewRRset(c.apex, zone.TypeSOA, was.TTL, soa.RDATA()))
	next, changes, err := b.Build()
	if err != nil {
		return nil, err
	}
	c.served = next
	return changes, nil
}

// keep makes sets what is kept aside for an owner name.
func (c *content) keep(owner dnsname.Name, sets []zone.RRset) {
	if len(sets) == 0 {
		delete(c.aside, owner)
		return
	}
	c.aside[owner] = sets
}

// setStatic puts new static records in the place of the old. On an error the zone stays as it was.
func (c *content) setStatic(spec ZoneSpec) ([]zone.Change, error) {
	static, made, err := buildStatic(spec, 0)
	if err != nil {
		return nil, err
	}
	keepSOA := sameSOA(static.SOA(), c.static.SOA(), made.soa && c.made.soa)
	b, aside := zone.NewBuilder(c.served), maps.Clone(c.aside)
	for owner := range c.touchedBy(static) {
		published := c.publishedAt(owner)
		delete(aside, owner)
		for r := range c.served.Node(owner).RRsets() {
			if r.Type != zone.TypeSOA || !keepSOA {
				b.Delete(r.Key())
			}
		}
		if !claims(static, owner) {
			for _, r := range published {
				if static.Node(owner).Has(r.Type) { // at the apex
					aside[owner] = append(aside[owner], r)
				} else {
					b.Set(r)
				}
			}
		} else if len(published) > 0 {
			aside[owner] = published
		}
		for r := range static.Node(owner).RRsets() {
			if r.Type != zone.TypeSOA || !keepSOA {
				b.Set(r)
			}
		}
	}
	next, changes, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", c.apex, err)
	}
	c.served, c.static, c.aside, c.made = next, static, aside, made
	return changes, nil
}

// sameSOA says that the SOA served may stay, with the serial it has reached: the
// new static one says the same, but for the serial where that is ours.
func sameSOA(a, b zone.SOA, ownSerial bool) bool {
	if ownSerial {
		a.Serial, b.Serial = 0, 0
	}
	return a == b
}

// touchedBy lists the owner names that may change hands with new static records.
func (c *content) touchedBy(static *zone.Snapshot) map[dnsname.Name]struct{} {
	touched := map[dnsname.Name]struct{}{}
	for owner := range c.aside {
		touched[owner] = struct{}{}
	}
	for _, s := range []*zone.Snapshot{c.static, static} {
		for r := range s.All() {
			touched[r.Owner] = struct{}{}
			if r.Type == zone.TypeDNAME {
				for n := range c.served.Below(r.Owner) {
					touched[n.Owner] = struct{}{}
				}
			}
		}
	}
	return touched
}

// publishedAt lists what was published for an owner name, served or kept aside.
func (c *content) publishedAt(owner dnsname.Name) []zone.RRset {
	all := slices.Clone(c.aside[owner])
	if claims(c.static, owner) {
		return all
	}
	own := c.static.Node(owner)
	for r := range c.served.Node(owner).RRsets() {
		if !own.Has(r.Type) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b zone.RRset) int { return int(a.Type) - int(b.Type) })
	return all
}

// hidden counts the RRsets kept aside.
func (c *content) hidden() int {
	n := 0
	for _, sets := range c.aside {
		n += len(sets)
	}
	return n
}

// publishedBelow yields what was published for names at and below owner, served or kept aside.
func (c *content) publishedBelow(owner dnsname.Name) iter.Seq[zone.RRset] {
	return func(yield func(zone.RRset) bool) {
		for n := range c.served.Below(owner) {
			if claims(c.static, n.Owner) {
				continue
			}
			own := c.static.Node(n.Owner)
			for r := range n.RRsets() {
				if !own.Has(r.Type) && !yield(r) {
					return
				}
			}
		}
		for name, sets := range c.aside {
			if !name.Under(owner) {
				continue
			}
			for _, r := range sets {
				if !yield(r) {
					return
				}
			}
		}
	}
}
