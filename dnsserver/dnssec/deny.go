package dnssec

import (
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Deny is the unsigned NSEC that denies a type at name, or name itself, compactly
// (RFC 9824 §3); have it signed by Sign. It goes out in a NOERROR answer, or
// NXDOMAIN to clients that ask for it (RFC 9824 §5).
//
//	name exists            types are those it has, RRSIG and NSEC are added here;
//	                       at a zone cut NS and DS only, at an empty non-terminal none
//	name does not exist    types is not looked at: RRSIG NSEC NXNAME
//
// ttl is the lesser of the SOA's TTL and its minimum field, in seconds (RFC 9077).
func (s *Signer) Deny(name dnsname.Name, types []uint16, exists bool, ttl uint32) zone.RRset {
	if !exists {
		types = []uint16{typeNXNAME}
	}
	return nsec(name, successor(name, s.apex), types, ttl)
}

// nsec is the NSEC RRset for a name that has types; RRSIG and NSEC come on top.
func nsec(owner, next dnsname.Name, types []uint16, ttl uint32) zone.RRset {
	types = append(slices.Clone(types), zone.TypeRRSIG, zone.TypeNSEC)
	slices.Sort(types)
	rdata := appendBitmap([]byte(next.Wire()), slices.Compact(types))
	return zone.NewRRset(owner, zone.TypeNSEC, ttl, string(rdata))
}

// appendBitmap appends a type bitmap (RFC 4034 §4.1.2); types are sorted.
func appendBitmap(dst []byte, types []uint16) []byte {
	for len(types) > 0 {
		window := byte(types[0] >> 8)
		var bits [32]byte
		size := 0
		for len(types) > 0 && byte(types[0]>>8) == window {
			low := types[0] & 0xff
			size = int(low/8) + 1
			bits[low/8] |= 0x80 >> (low % 8)
			types = types[1:]
		}
		dst = append(dst, window, byte(size))
		dst = append(dst, bits[:size]...)
	}
	return dst
}

// successor is the name that follows in canonical order, if every name there can
// be were there: \000 under it (RFC 9824 §3.1). Where names have no room for that
// it is the least that does not lie below (RFC 4471 §3.1), or the apex when name
// is the zone's last.
func successor(name, apex dnsname.Name) dnsname.Name {
	if next, err := name.Child("\x00"); err == nil {
		return next
	}
	for ; name != apex; name = name.Parent() {
		label, up := name.Label(), name.Parent()
		if next, err := up.Child(label + "\x00"); err == nil {
			return next
		}
		for label != "" && label[len(label)-1] == 0xff {
			label = label[:len(label)-1]
		}
		if label == "" {
			continue
		}
		c := label[len(label)-1] + 1
		if c == 'A' {
			c = 'Z' + 1 // capitals sort as small letters do
		}
		if next, err := up.Child(label[:len(label)-1] + string([]byte{c})); err == nil {
			return next
		}
	}
	return apex
}
