package cluster

import "net/netip"

// nowhere are networks that no host has: "this network" (RFC 791 §3.2), and what
// is reserved, the broadcast address with it (RFC 1112 §4).
var nowhere = [...]netip.Prefix{netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("240.0.0.0/4")}

// Usable tells whether a client of another host could be sent to a: whether it
// may stand in an A or AAAA record at all. Addresses that mean the asking host
// itself (loopback, unspecified), no single host (multicast, broadcast, reserved) or only
// the link they are seen on (link-local: an answer cannot carry the scope they
// need; 169.254.169.254 is a cloud's metadata service) may not, nor what no
// record can hold (a zone) or what belongs in one of the other type
// (IPv4-mapped). The zero Addr is not usable. Private and documentation ranges
// are: which networks are reachable is not known here.
func Usable(a netip.Addr) bool {
	return a.IsValid() && a.Zone() == "" && !a.Is4In6() && !nowhere[0].Contains(a) && !nowhere[1].Contains(a) &&
		!a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() && !a.IsLinkLocalUnicast()
}
