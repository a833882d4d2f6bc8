package cluster

import "net/netip"

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Usable tells whether a client of another host could be sent to a: whether it
// may stand in an A or AAAA record at all. Addresses that mean the asking host
// itself (loopback, unspecified), no single host (multicast, broadcast) or only
// the link they are seen on (link-local: an answer cannot carry the scope they
// need; 169.254.169.254 is a cloud's metadata service) may not, nor what no
// record can hold (a zone) or what belongs in one of the other type
// (IPv4-mapped). The zero Addr is not usable. Private and documentation ranges
// are: which networks are reachable is not known here.
func Usable(a netip.Addr) bool {
	return a.IsValid() && a.Zone() == "" && !a.Is4In6() && a != broadcast &&
		!a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() && !a.IsLinkLocalUnicast()
}
