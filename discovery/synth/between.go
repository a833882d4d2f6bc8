package synth

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Between is Diff of the records of a Service's Groups before and after a change,
// and what is found of those after. Of a headless Service of which some endpoints
// come, go or change, by far the most common change, it makes no records of the
// others, which would be the same before and after.
func (s *Synthesizer) Between(key cluster.ServiceKey, old, now []cluster.Group, resolve Resolve) ([]zone.Edit, []Finding) {
	was, wasAny := s.begin(key, old, resolve)
	is, isAny := s.begin(key, now, resolve)
	if wasAny && isAny && !key.IsHost() {
		only := narrowed(&was, &is)
		was.only, is.only = only, only
	}
	if wasAny {
		was.finish()
	}
	if isAny {
		is.finish()
	}
	return Diff(was.out, is.out), is.out.Findings
}

// Past these a change is worth all records of its Service: to keep count of what
// is touched costs as much.
const (
	maxTouched   = 32
	maxUntouched = 2000 // so that no RRset of an endpoint's name is ever cut
)

// narrow says which endpoints of a Service's shards differ between two lists of
// Groups, by what records are made of.
type narrow struct {
	names []shardName
	addrs []netip.Addr
	srv   bool // SRV records may differ
}

// shardName is the label of an endpoint's name, below its shard's.
type shardName struct {
	shard int
	label string
}

func (n *narrow) name(shard int, label string) bool {
	return n == nil || slices.Contains(n.names, shardName{shard, label})
}

func (n *narrow) addr(a netip.Addr) bool { return n == nil || slices.Contains(n.addrs, a) }

// target says that records of an endpoint may be wanted.
func (n *narrow) target(shard int, label string, a netip.Addr) bool {
	return n == nil || n.srv || n.addr(a) || n.name(shard, label)
}

// narrowed compares two builders that have gathered their shards. nil: more than
// some endpoints of headless shards differs, or nothing would be saved.
func narrowed(was, is *builder) *narrow {
	if !was.headless || !is.headless || was.s.canonical.IsZero() || was.ttl != is.ttl || was.stale != is.stale ||
		len(was.shards) != len(is.shards) || !slices.Equal(was.all.members, is.all.members) {
		return nil
	}
	only := &narrow{}
	var before, after ports
	for i := range was.shards {
		a, b := &was.shards[i], &is.shards[i]
		if a.group.Cluster != b.group.Cluster || !a.ofEndpoints() || !b.ofEndpoints() {
			return nil
		}
		before.add(a)
		after.add(b)
		if !only.compare(i, a, b) {
			return nil
		}
	}
	// SRV records that are not made tell of no port without a name, and of no cut.
	only.srv = only.srv || before.odd || after.odd || max(before.octets, after.octets) > maxSet
	if max(before.endpoints, after.endpoints) > maxUntouched {
		return nil
	}
	return only
}

// ofEndpoints says that a shard of a headless Service is what its endpoints are.
func (sh *shard) ofEndpoints() bool {
	return sh.group.Type == cluster.Headless && len(sh.group.Addresses) == 0
}

// label is the one that an endpoint's name begins with.
func label(e *cluster.Endpoint) string {
	if e.Hostname == "" {
		return dashed(e.Addr)
	}
	return strings.ToLower(e.Hostname)
}

// compare adds the endpoints that differ between two states of shard i; false:
// they are too many. Where both lists are in the order of addresses, as
// discovery/join has them, no others are added.
func (n *narrow) compare(i int, was, is *shard) bool {
	old, now := was.group.Endpoints, is.group.Endpoints
	oldUsable, nowUsable := usableEndpoints(was.group), usableEndpoints(is.group)
	use := func(e *cluster.Endpoint, usable func(*cluster.Endpoint) bool) bool {
		return usable(e) && cluster.Usable(e.Addr)
	}
	var gone, come []*cluster.Endpoint
	for len(old) > 0 || len(now) > 0 {
		side := 0
		switch {
		case len(old) == 0:
			side = 1
		case len(now) == 0:
			side = -1
		default:
			side = old[0].Addr.Compare(now[0].Addr)
		}
		if side == 0 {
			x, y := use(&old[0], oldUsable), use(&now[0], nowUsable)
			same := x == y && (!x || old[0].Hostname == now[0].Hostname && slices.Equal(old[0].Ports, now[0].Ports))
			if same {
				old, now = old[1:], now[1:]
				continue
			}
		}
		if side <= 0 {
			if use(&old[0], oldUsable) {
				gone = append(gone, &old[0])
			}
			old = old[1:]
		}
		if side >= 0 {
			if use(&now[0], nowUsable) {
				come = append(come, &now[0])
			}
			now = now[1:]
		}
		if len(gone)+len(come) > maxTouched {
			return false
		}
	}
	n.touch(i, gone)
	n.touch(i, come)
	n.srv = n.srv || !sameTargets(gone, come)
	return len(n.addrs) <= maxTouched
}

func (n *narrow) touch(i int, list []*cluster.Endpoint) {
	for _, e := range list {
		n.names = append(n.names, shardName{i, label(e)})
		n.addrs = append(n.addrs, e.Addr)
	}
}

// sameTargets says that the same SRV records point to two lists of endpoints.
func sameTargets(a, b []*cluster.Endpoint) bool {
	if len(a) != len(b) {
		return false
	}
	b = slices.Clone(b)
	for _, e := range a {
		i := slices.IndexFunc(b, func(o *cluster.Endpoint) bool {
			return o.Hostname != "" && e.Hostname != "" && label(o) == label(e) && slices.Equal(o.Ports, e.Ports)
		})
		if i < 0 {
			return false
		}
		b = slices.Delete(b, i, i+1)
	}
	return true
}

// ports sums up what SRV records of shards would be made of.
type ports struct {
	endpoints int
	octets    int  // of an RRset of all of them, at most
	odd       bool // some port has a name that is none
	last      []cluster.Port
}

func (p *ports) add(sh *shard) {
	p.endpoints += len(sh.group.Endpoints)
	for i := range sh.group.Endpoints {
		list := sh.group.Endpoints[i].Ports
		p.octets += len(list) * (fixedOctets + 6 + dnsname.MaxWire)
		if slices.Equal(list, p.last) {
			continue
		}
		p.last = list
		for _, cp := range list {
			p.odd = p.odd || cp.Name != "" && !isPortName(strings.ToLower(cp.Name), strings.ToLower(cp.Protocol))
		}
	}
}
