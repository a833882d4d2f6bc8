package rfc2136

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

const (
	headerLen  = 12
	maxMessage = 65535 // RFC 1035 §4.2.2: a 16-bit length
)

// record is one of an UPDATE's.
type record struct {
	owner      dnsname.Name
	typ, class uint16
	ttl        uint32
	rdata      string
}

func (r record) size() int { return len(r.owner.Wire()) + 10 + len(r.rdata) }

func (r record) append(dst []byte) []byte {
	dst = append(dst, r.owner.Wire()...)
	dst = binary.BigEndian.AppendUint16(dst, r.typ)
	dst = binary.BigEndian.AppendUint16(dst, r.class)
	dst = binary.BigEndian.AppendUint32(dst, r.ttl)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.rdata)))
	return append(dst, r.rdata...)
}

// update is an UPDATE message (RFC 2136 §2).
type update struct {
	apex              dnsname.Name
	requires, updates []record
}

// message is without a signature. Names are not compressed, so that its size is
// the sum of its records'.
func (u update) message() []byte {
	msg := make([]byte, 0, u.size())
	msg = binary.BigEndian.AppendUint16(msg, dns.Id())
	msg = append(msg, dns.OpcodeUpdate<<3, 0)
	for _, n := range []int{1, len(u.requires), len(u.updates), 0} {
		msg = binary.BigEndian.AppendUint16(msg, uint16(n))
	}
	msg = append(msg, u.apex.Wire()...)
	msg = binary.BigEndian.AppendUint16(msg, dns.TypeSOA)
	msg = binary.BigEndian.AppendUint16(msg, dns.ClassINET)
	for _, r := range u.requires {
		msg = r.append(msg)
	}
	for _, r := range u.updates {
		msg = r.append(msg)
	}
	return msg
}

func (u update) size() int {
	n := headerLen + len(u.apex.Wire()) + 4
	for _, r := range u.requires {
		n += r.size()
	}
	for _, r := range u.updates {
		n += r.size()
	}
	return n
}

// compose makes the UPDATE for changes; the error is a *hosted.RefusedError.
func (z *Zone) compose(changes []hosted.Change) (update, error) {
	u := update{apex: z.cfg.Apex}
	limits, seen := z.Limits(), map[hosted.Key]bool{}
	for _, c := range changes {
		k := c.Key()
		why := refuse(limits, z.cfg.Apex, c)
		if seen[k] {
			why = "the batch has two changes of it"
		}
		if why != "" {
			return update{}, &hosted.RefusedError{Key: &k, Reason: why}
		}
		seen[k] = true
		u.requires = append(u.requires, expect(c)...)
	}
	guards, err := guard(changes)
	if err != nil {
		return update{}, err
	}
	for _, g := range guards {
		u.requires = append(u.requires, g.records...)
	}
	var additions []record
	for _, c := range changes {
		del, add := difference(c, z.cfg.Apex)
		if isApexNS(c.Key(), z.cfg.Apex) {
			// The last NS there cannot be deleted (RFC 2136 §3.4.2.4): the new ones first.
			u.updates = append(u.updates, add...)
			add = nil
		}
		u.updates = append(u.updates, del...)
		additions = append(additions, add...)
	}
	u.updates = append(u.updates, additions...)
	if n := u.size(); n > maxMessage-maxTSIG {
		return update{}, &hosted.RefusedError{Reason: fmt.Sprintf("the UPDATE has %d octets, more than %d", n, maxMessage-maxTSIG)}
	}
	return u, nil
}

// refuse says why a Change cannot be made at all; empty if it can.
func refuse(limits hosted.Limits, apex dnsname.Name, c hosted.Change) string {
	for _, e := range []hosted.Entry{c.Old, c.New} {
		if e.IsEmpty() {
			continue
		}
		if !e.Key.Owner.Under(apex) {
			return "the name is not in zone " + apex.String()
		}
		if why := limits.Check(e); why != "" {
			return why
		}
	}
	if isApexNS(c.Key(), apex) && c.New.IsEmpty() {
		return "the zone's own NS records cannot be deleted (RFC 2136 §3.4.2.4)"
	}
	return ""
}

func isApexNS(k hosted.Key, apex dnsname.Name) bool {
	return k.Owner == apex && k.Type == zone.TypeNS
}

// rrsetOf is an Entry's only RRset; an empty one when there is none.
func rrsetOf(e hosted.Entry) zone.RRset {
	if e.IsEmpty() {
		return zone.RRset{}
	}
	return e.Sets[0].Records
}

// expect is Old as prerequisites: no such RRset (RFC 2136 §2.4.3), or exactly
// these records (§2.4.2).
func expect(c hosted.Change) []record {
	k := c.Key()
	if c.Old.IsEmpty() {
		return []record{{k.Owner, k.Type, dns.ClassNONE, 0, ""}}
	}
	return exactly(rrsetOf(c.Old))
}

func exactly(r zone.RRset) []record {
	var all []record
	for rdata := range r.RDATA() {
		all = append(all, record{r.Owner, r.Type, dns.ClassINET, 0, rdata})
	}
	return all
}

// difference is what makes New of Old: deletions and additions (RFC 2136 §2.5).
func difference(c hosted.Change, apex dnsname.Name) (del, add []record) {
	k, before, after := c.Key(), rrsetOf(c.Old), rrsetOf(c.New)
	gone := slices.Collect(before.Without(slices.Collect(after.RDATA())...).RDATA())
	fresh := slices.Collect(after.Without(slices.Collect(before.RDATA())...).RDATA())
	if before.TTL != after.TTL && !after.IsEmpty() {
		// A TTL is that of the whole RRset: all of it is written again.
		fresh = slices.Collect(after.RDATA())
		if !isApexNS(k, apex) {
			gone = slices.Collect(before.RDATA())
		}
	}
	switch {
	case len(gone) > 0 && len(gone) == before.Len() && !isApexNS(k, apex):
		del = []record{{k.Owner, k.Type, dns.ClassANY, 0, ""}}
	default:
		for _, rdata := range gone {
			del = append(del, record{k.Owner, k.Type, dns.ClassNONE, 0, rdata})
		}
	}
	for _, rdata := range fresh {
		add = append(add, record{k.Owner, k.Type, dns.ClassINET, after.TTL, rdata})
	}
	return del, add
}
