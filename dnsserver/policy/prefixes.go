package policy

import (
	"net/netip"
	"slices"
)

// Prefixes is a set of addresses. The zero Prefixes holds none. It never
// changes, and is safe for concurrent use.
type Prefixes struct {
	from, to []netip.Addr // of ranges that neither touch nor overlap, in order
}

// NewPrefixes makes the set of all addresses in any of ps. IPv4 in IPv6 form
// counts as IPv4.
func NewPrefixes(ps ...netip.Prefix) Prefixes {
	type span struct{ from, to netip.Addr }
	var spans []span
	for _, p := range ps {
		if !p.IsValid() {
			continue
		}
		p = plain(p).Masked()
		spans = append(spans, span{p.Addr(), last(p)})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var s Prefixes
	for _, x := range spans {
		if n := len(s.to); n > 0 && x.from.BitLen() == s.to[n-1].BitLen() && x.from.Compare(s.to[n-1]) <= 0 {
			if s.to[n-1].Less(x.to) {
				s.to[n-1] = x.to
			}
			continue
		}
		s.from, s.to = append(s.from, x.from), append(s.to, x.to)
	}
	return s
}

// plain gives a prefix of IPv4 in IPv6 form as one of IPv4.
func plain(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return netip.PrefixFrom(p.Addr().WithZone(""), p.Bits())
}

// last is the highest address of a masked prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// IsEmpty says that the set holds no address.
func (s Prefixes) IsEmpty() bool { return len(s.from) == 0 }

// Contains says that the set holds a. An IPv4 address in IPv6 form counts as
// IPv4, and a zone is not looked at.
func (s Prefixes) Contains(a netip.Addr) bool {
	if len(s.from) == 0 {
		return false
	}
	if a.Is4In6() {
		a = a.Unmap()
	} else if a.Zone() != "" {
		a = a.WithZone("")
	}
	lo, hi := 0, len(s.from) // the first range that begins past a
	for lo < hi {
		if mid := (lo + hi) / 2; a.Less(s.from[mid]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo > 0 && s.to[lo-1].BitLen() == a.BitLen() && a.Compare(s.to[lo-1]) <= 0
}
