package synth

import (
	"net/netip"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// maxSet bounds an RRset, in octets of its records in an answer: a message has
// 65,535 (RFC 1035 §4.2.2), and question, header, OPT, and the longest owner
// name need some. About 3,700 A or 2,100 AAAA records fit.
const maxSet = 60_000

// fixedOctets is what a record takes in an answer beside its RDATA: a compressed
// owner name, type, class, TTL and length (RFC 1035 §4.1.3, §4.1.4).
const fixedOctets = 2 + 2 + 2 + 4 + 2

// addressRDATA is that of A and of AAAA records, which share two allocations.
func addressRDATA(addrs []netip.Addr) (rdata [2][]string) {
	var octets strings.Builder
	octets.Grow(16 * len(addrs))
	var n [2]int
	for _, a := range addrs {
		n[family(a)]++
		octets.Write(a.AsSlice())
	}
	list := make([]string, 0, len(addrs))
	rdata = [2][]string{list[:0:n[0]], list[n[0]:n[0]:len(addrs)]}
	rest := octets.String()
	for _, a := range addrs {
		size := a.BitLen() / 8
		rdata[family(a)] = append(rdata[family(a)], rest[:size])
		rest = rest[size:]
	}
	return rdata
}

// family is 0 for an address of an A record, 1 for one of an AAAA record.
func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// rrset makes an RRset without an owner. One that no message could hold, and that
// would not be answered at all, is cut to the records that fit, the first in
// canonical order: which they are does not depend on who asks, or when.
func (b *builder) rrset(typ uint16, rdatas []string) zone.RRset {
	size := 0
	for _, d := range rdatas {
		size += fixedOctets + len(d)
	}
	r := zone.NewRRset(dnsname.Name{}, typ, 0, rdatas...)
	if size <= maxSet {
		return r
	}
	size = 0
	var kept []string
	for d := range r.RDATA() {
		if size += fixedOctets + len(d); size > maxSet {
			break
		}
		kept = append(kept, d)
	}
	if all := r.Len(); len(kept) < all {
		b.note("", "%d %s records are more than an answer holds: %d are left out", all, zone.TypeString(typ), all-len(kept))
		r = zone.NewRRset(dnsname.Name{}, typ, 0, kept...)
	}
	return r
}
