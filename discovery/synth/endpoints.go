package synth

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// nameEndpoints gives each endpoint of a headless Service its name,
// <hostname>.<clusterid>.<svc>.<ns>.<…>, and collects its SRV records. An
// address that stands for a whole cluster (set by annotation, or the virtual IP
// of a younger export that is not headless) counts as an endpoint that has the
// Service's ports.
func (b *builder) nameEndpoints() {
	if b.s.canonical.IsZero() {
		return
	}
	for i := range b.shards {
		sh := &b.shards[i]
		id := string(sh.group.Cluster)
		if !cluster.IsLabel(id) {
			b.note(sh.group.Cluster, "cluster %q is not a DNS label: its endpoints have no names", id)
			continue
		}
		below := wire(id) + b.prefix
		if sh.group.Type == cluster.Headless && len(sh.group.Addresses) == 0 {
			b.endpointTargets(i, below)
		} else {
			b.addressTargets(sh, below)
		}
		if slices.Contains(b.all.members, i) && (b.only == nil || b.only.srv) {
			b.endpointSRV(i)
		}
		b.endpointRecords(i)
	}
}

func (b *builder) endpointTargets(shard int, below string) {
	sh := &b.shards[shard]
	usable := usableEndpoints(sh.group)
	if b.only == nil || b.only.srv {
		sh.targets = make([]target, 0, len(sh.addrs))
	}
	for i := range sh.group.Endpoints {
		e := &sh.group.Endpoints[i]
		if !usable(e) || !cluster.Usable(e.Addr) {
			continue
		}
		t := target{addr: e.Addr, label: label(e), ports: e.Ports}
		switch {
		case !cluster.IsLabel(t.label):
			b.note(sh.group.Cluster, "hostname %q is not a DNS label: the endpoint has no name", e.Hostname)
		case !b.only.target(shard, t.label, t.addr) && 1+len(t.label)+len(below)+len(b.s.canonical.Wire()) <= dnsname.MaxWire:
			continue // nothing is made of it, and its name would be none to tell of
		default:
			t.name, _ = b.name(wire(t.label)+below, b.s.canonical)
		}
		sh.targets = append(sh.targets, t)
	}
}

func (b *builder) addressTargets(sh *shard, below string) {
	for _, a := range sh.addrs {
		t := target{addr: a, ports: sh.group.Ports}
		t.name, _ = b.name(wire(dashed(a))+below, b.s.canonical)
		sh.targets = append(sh.targets, t)
	}
}

// endpointSRV adds the SRV RDATA of shard i's endpoints to the ports.
func (b *builder) endpointSRV(i int) {
	sh := &b.shards[i]
	for _, t := range sh.targets {
		if t.name.IsZero() {
			continue
		}
		for _, cp := range t.ports {
			if cp.Number == 0 {
				continue
			}
			p := b.port(sh.group.Cluster, cp)
			if p.srv[i] == nil {
				p.srv[i] = make([]string, 0, len(sh.targets))
			}
			p.srv[i] = append(p.srv[i], zone.SRV(srvPriority, srvWeight, cp.Number, t.name))
		}
	}
}

// endpointRecords puts the addresses of a shard's endpoints at their names; a
// hostname may stand for several.
func (b *builder) endpointRecords(shard int) {
	sh := &b.shards[shard]
	ttl := b.s.fed.TTL.ShortName
	if b.s.canonical == b.s.clusterSet {
		ttl = b.s.fed.TTL.ClusterSet
	}
	type named struct {
		name dnsname.Name
		addr netip.Addr
	}
	list := make([]named, 0, len(sh.targets))
	for _, t := range sh.targets {
		if !t.name.IsZero() && b.only.name(shard, t.label) {
			list = append(list, named{t.name, t.addr})
		}
	}
	slices.SortFunc(list, func(x, y named) int {
		return cmp.Or(strings.Compare(x.name.Wire(), y.name.Wire()), cmp.Compare(zone.AddrType(x.addr), zone.AddrType(y.addr)))
	})
	var rdatas []string
	for len(list) > 0 {
		name, typ := list[0].name, zone.AddrType(list[0].addr)
		rdatas = rdatas[:0]
		for len(list) > 0 && list[0].name == name && zone.AddrType(list[0].addr) == typ {
			rdatas = append(rdatas, zone.Addr(list[0].addr))
			list = list[1:]
		}
		b.put(b.rrset(typ, rdatas), name, ttl)
		b.out.Sets[len(b.out.Sets)-1].Stale = sh.use.Stale
	}
}
