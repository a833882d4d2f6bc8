package synth

import (
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// SRV records carry equal shares (RFC 2782): one priority, and one weight that
// is a constant, so that an endpoint that comes or goes does not change the
// records of all others. Not 0, which some clients read as "take the first"; 100
// is what cluster DNS answers for a Service with one endpoint.
const (
	srvPriority = 0
	srvWeight   = 100
)

// port is one port of the Service across clusters, told apart by name and protocol.
type port struct {
	name, protocol string
	front          string     // wire form of _port._proto; empty: unnamed, or no label
	numbers        []uint16   // by shard; 0: it does not have the port
	srv            [][]string // instead, of a headless Service, by shard: RDATA of its endpoints
}

// gatherPorts makes the union of the ports, in the order of the oldest shard that
// has them. Of a headless Service, whose endpoints say what they serve, see
// endpointSRV.
func (b *builder) gatherPorts() {
	for _, i := range b.all.members {
		g := b.shards[i].group
		for _, cp := range g.Ports {
			if cp.Number == 0 {
				continue
			}
			p := b.port(g.Cluster, cp)
			p.numbers[i] = cp.Number
			if first := p.first(b.all.members); p.numbers[first] != cp.Number {
				b.note(g.Cluster, "port %q is %d, but %d in %s, which exported first", cp.Name, cp.Number, p.numbers[first], b.shards[first].group.Cluster)
			}
		}
	}
}

// port finds or adds a port.
func (b *builder) port(id cluster.ID, cp cluster.Port) *port {
	name, protocol := strings.ToLower(cp.Name), strings.ToLower(cp.Protocol)
	for i := range b.ports {
		if p := &b.ports[i]; p.name == name && p.protocol == protocol {
			return p
		}
	}
	p := port{name: name, protocol: protocol}
	if b.headless {
		p.srv = make([][]string, len(b.shards))
	} else {
		p.numbers = make([]uint16, len(b.shards))
	}
	switch {
	case name == "":
	case isPortName(name, protocol):
		p.front = wire("_"+name, "_"+protocol)
	default:
		b.note(id, "port %q, protocol %q: no DNS labels, so there is no SRV name", cp.Name, cp.Protocol)
	}
	b.ports = append(b.ports, p)
	return &b.ports[len(b.ports)-1]
}

// isPortName says that there can be a name _port._proto.
func isPortName(name, protocol string) bool {
	return len(name) < dnsname.MaxLabel && cluster.IsLabel(name) && len(protocol) < dnsname.MaxLabel && cluster.IsLabel(protocol)
}

// first is the oldest of members that has the port; -1: none.
func (p *port) first(members []int) int {
	for _, m := range members {
		if p.numbers[m] != 0 {
			return m
		}
	}
	return -1
}

// srv is the SRV RRset of a port for what stands behind name, without an owner;
// empty when nothing there serves it.
func (b *builder) srv(index int, name dnsname.Name, n *behind) zone.RRset {
	if b.headless {
		return b.headlessSRV(n)[index]
	}
	p := &b.ports[index]
	first := p.first(n.members)
	if first < 0 {
		return zone.RRset{}
	}
	return zone.NewRRset(dnsname.Name{}, zone.TypeSRV, 0, zone.SRV(srvPriority, srvWeight, p.numbers[first], name))
}

// headlessSRV are the SRV RRsets of all ports for what stands behind a name.
func (b *builder) headlessSRV(n *behind) []zone.RRset {
	if n.srv != nil {
		return n.srv
	}
	n.srv = make([]zone.RRset, len(b.ports))
	var rdatas []string
	for i := range b.ports {
		size := 0
		for _, m := range n.members {
			size += len(b.ports[i].srv[m])
		}
		rdatas = slices.Grow(rdatas[:0], size)
		for _, m := range n.members {
			rdatas = append(rdatas, b.ports[i].srv[m]...)
		}
		n.srv[i] = b.rrset(zone.TypeSRV, rdatas)
	}
	return n.srv
}
