package synth

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// reverseNames makes PTR records inside the configured reverse zones: to the
// endpoint's name for a headless Service, else to the Service's. fedns.io/ttl
// does not count here: the RRset may be shared with other Services.
func (b *builder) reverseNames() {
	if len(b.s.fed.Reverse) == 0 || b.s.canonical.IsZero() {
		return
	}
	type pointer struct{ owner, to dnsname.Name }
	var list []pointer
	if b.only == nil {
		list = make([]pointer, 0, b.endpoints())
		b.out.PTR = make([]zone.RRset, 0, b.endpoints())
	}
	add := func(a netip.Addr, to dnsname.Name) {
		owner := reverse(a)
		if !to.IsZero() && slices.ContainsFunc(b.s.fed.Reverse, owner.Under) {
			list = append(list, pointer{owner, to})
		}
	}
	service, _ := b.name(b.prefix, b.s.canonical)
	for i := range b.shards {
		sh := &b.shards[i]
		for _, t := range sh.targets {
			if b.only.addr(t.addr) {
				add(t.addr, t.name)
			}
		}
		if !b.headless {
			for _, a := range sh.addrs {
				add(a, service)
			}
		}
	}
	slices.SortFunc(list, func(x, y pointer) int {
		return cmp.Or(strings.Compare(x.owner.Wire(), y.owner.Wire()), strings.Compare(x.to.Wire(), y.to.Wire()))
	})
	var rdatas []string
	for len(list) > 0 {
		owner := list[0].owner
		rdatas = rdatas[:0]
		for len(list) > 0 && list[0].owner == owner {
			rdatas = append(rdatas, zone.Target(list[0].to))
			list = list[1:]
		}
		r := b.rrset(zone.TypePTR, rdatas)
		r.Owner, r.TTL = owner, b.s.fed.TTL.Reverse
		b.out.PTR = append(b.out.PTR, r)
	}
}
