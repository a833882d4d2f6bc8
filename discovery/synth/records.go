package synth

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Records is what one Service stands for.
type Records struct {
	Sets     []zone.RRset // each whole, no two of one owner and type
	PTR      []zone.RRset // the Service's part of reverse names, which several Services may share
	Findings []Finding    // what could not be named, at most maxFindings
}

// maxFindings bounds what a Service with thousands of bad endpoints can say.
const maxFindings = 10

// Records makes the records of the Service key from its Groups, at most one of a
// cluster, in any order; withdrawn Groups do not count. Groups are only read and
// not kept. resolve may be nil.
func (s *Synthesizer) Records(key cluster.ServiceKey, groups []cluster.Group, resolve Resolve) Records {
	b, any := s.begin(key, groups, resolve)
	if any {
		b.finish()
	}
	return b.out
}

// begin gathers the shards of a Service; false: there is nothing to answer with.
func (s *Synthesizer) begin(key cluster.ServiceKey, groups []cluster.Group, resolve Resolve) (b builder, any bool) {
	b.s = s
	if key.IsHost() {
		return b, b.beginHost(key.Name) && b.gather(groups, resolve)
	}
	service, namespace := strings.ToLower(key.Name), strings.ToLower(key.Namespace)
	if !cluster.IsLabel(service) || !cluster.IsLabel(namespace) {
		b.note("", "%q is not made of DNS labels: the service has no names", key)
		return b, false
	}
	b.prefix = wire(service, namespace)
	return b, b.gather(groups, resolve)
}

// finish makes the records, of what b.only says.
func (b *builder) finish() {
	if !b.host.IsZero() {
		b.serve(b.host, b.s.fed.TTL.Global, b.all)
		return
	}
	if b.headless {
		if b.only == nil {
			b.out.Sets = make([]zone.RRset, 0, b.endpoints()+(len(b.s.levels)+3)*2)
		}
		b.nameEndpoints()
	} else {
		b.gatherPorts()
	}
	b.out.Sets = slices.Grow(b.out.Sets, (len(b.s.levels)+3)*(1+len(b.ports)))
	b.shortNames()
	b.federationNames()
	b.clusterSetNames()
	b.reverseNames()
}

// endpoints counts those of all shards.
func (b *builder) endpoints() (n int) {
	for i := range b.shards {
		n += len(b.shards[i].addrs)
	}
	return n
}

// builder makes the records of one Service.
type builder struct {
	s        *Synthesizer
	prefix   string       // wire form of <svc>.<ns>
	host     dnsname.Name // that the records are of; zero: they are a Service's
	headless bool         // the Service has the names of a headless one
	ttl      uint32       // fedns.io/ttl; 0: not set
	shards   []shard
	ports    []port
	all      *behind   // every shard that is answered
	stale    bool      // nobody can vouch for any of those
	behinds  []*behind // what was made already, by the shards it is made of
	only     *narrow   // nil: all records are made
	out      Records
}

// shard is a healthy cluster's part of the Service.
type shard struct {
	group *cluster.Group
	place Place
	use   Use
	addrs []netip.Addr
	rdata [2][]string // of its A and its AAAA records
	// Of a Service named headless: what each address is called. Parallel lists.
	targets []target
}

// target is one endpoint, or an address that stands for a cluster, with a name of its own.
type target struct {
	addr  netip.Addr
	label string       // that name begins with
	name  dnsname.Name // zero: it cannot have one
	ports []cluster.Port
}

// gather keeps the healthy shards, the oldest first, and decides on the
// Service's type and TTL. False: there is nothing to answer with.
func (b *builder) gather(groups []cluster.Group, resolve Resolve) bool {
	order := make([]*cluster.Group, 0, len(groups))
	for i := range groups {
		if !groups[i].Withdrawn {
			order = append(order, &groups[i])
		}
	}
	slices.SortFunc(order, Older)
	for _, g := range order {
		for _, text := range g.Findings {
			b.note(g.Cluster, "%s", text)
		}
		if g.Type != order[0].Type && (g.Type == cluster.Headless || order[0].Type == cluster.Headless) {
			b.note(g.Cluster, "type is %s, but %s in %s, which exported first: the service has the names of that type", g.Type, order[0].Type, order[0].Cluster)
		}
		v, use := Assess(g, resolve), b.s.uses[g.Cluster]
		if !v.Healthy || use.Never {
			continue
		}
		use.Stale = use.Stale || v.Stale
		sh := shard{group: g, place: b.s.places[g.Cluster], use: use, addrs: v.Addresses}
		sh.rdata = addressRDATA(v.Addresses)
		if g.TTL != 0 && (b.ttl == 0 || g.TTL < b.ttl) {
			b.ttl = min(g.TTL, cluster.MaxTTL)
		}
		b.shards = append(b.shards, sh)
	}
	if len(b.shards) == 0 {
		return false
	}
	b.headless = order[0].Type == cluster.Headless
	var members []int
	members, b.stale = b.used()
	b.all = b.behind(members)
	return true
}

// Older orders exports for conflicts (KEP-1645): by creation, then by cluster. One
// without a creation time, which only a manifest can be, comes after those that
// have one: not to say when must not win over everybody.
func Older(x, y *cluster.Group) int {
	if x.Created.IsZero() != y.Created.IsZero() {
		if y.Created.IsZero() {
			return -1
		}
		return 1
	}
	return cmp.Or(x.Created.Compare(y.Created), cmp.Compare(x.Cluster, y.Cluster))
}

// behind is what stands behind a name: some of the shards, and the RRsets that
// depend on nothing else. Several names share one: only the owner differs.
type behind struct {
	members []int // indexes of shards, the oldest first
	sets    []zone.RRset
	srv     []zone.RRset // of a headless Service, one a port, made when first asked for
}

func (b *builder) behind(members []int) *behind {
	for _, known := range b.behinds {
		if slices.Equal(known.members, members) {
			return known
		}
	}
	n := &behind{members: slices.Clone(members)}
	var rdatas []string
	for family, typ := range []uint16{zone.TypeA, zone.TypeAAAA} {
		rdatas = rdatas[:0]
		for _, m := range members {
			rdatas = append(rdatas, b.shards[m].rdata[family]...)
		}
		if len(rdatas) > 0 {
			n.sets = append(n.sets, b.rrset(typ, rdatas))
		}
	}
	b.behinds = append(b.behinds, n)
	return n
}

// put adds r under another owner and TTL.
func (b *builder) put(r zone.RRset, owner dnsname.Name, ttl uint32) {
	r.Owner = owner
	r.Stale = b.stale
	r.TTL = ttl
	if b.ttl != 0 {
		r.TTL = b.ttl
	}
	b.out.Sets = append(b.out.Sets, r)
}

// name is front before suffix; false, and a finding, when that is too long.
func (b *builder) name(front string, suffix dnsname.Name) (dnsname.Name, bool) {
	n := dnsname.FromFolded(front + suffix.Wire())
	if len(n.Wire()) > dnsname.MaxWire {
		b.note("", "name is longer than 255 octets: %s", n)
		return dnsname.Name{}, false
	}
	return n, true
}

func (b *builder) note(id cluster.ID, format string, args ...any) {
	f := Finding{id, fmt.Sprintf(format, args...)}
	if len(b.out.Findings) < maxFindings && !slices.Contains(b.out.Findings, f) {
		b.out.Findings = append(b.out.Findings, f)
	}
}

// shortNames makes <svc>.<ns>.<federation>.
func (b *builder) shortNames() {
	if b.s.short.IsZero() {
		return
	}
	if name, ok := b.name(b.prefix, b.s.short); ok {
		b.serve(name, b.s.fed.TTL.ShortName, b.all)
	}
}

// clusterSetNames makes what the MCS DNS specification asks for, and SRV at the
// bare service name, which its conformance suite asks for.
func (b *builder) clusterSetNames() {
	if b.s.clusterSet.IsZero() {
		return
	}
	name, ok := b.name(b.prefix, b.s.clusterSet)
	if !ok {
		return
	}
	b.serve(name, b.s.fed.TTL.ClusterSet, b.all)
	if len(b.ports) == 1 {
		if r := b.srv(0, name, b.all); !r.IsEmpty() {
			b.put(r, name, b.s.fed.TTL.ClusterSet)
		}
		return
	}
	var union []string
	for i := range b.ports {
		union = slices.AppendSeq(union, b.srv(i, name, b.all).RDATA())
	}
	if len(union) > 0 {
		b.put(b.rrset(zone.TypeSRV, union), name, b.s.fed.TTL.ClusterSet)
	}
}

// serve puts addresses at name, and SRV below it.
func (b *builder) serve(name dnsname.Name, ttl uint32, n *behind) {
	for _, r := range n.sets {
		b.put(r, name, ttl)
	}
	for i := range b.ports {
		p := &b.ports[i]
		r := b.srv(i, name, n)
		if p.front == "" || r.IsEmpty() {
			continue
		}
		if owner, ok := b.name(p.front, name); ok {
			b.put(r, owner, ttl)
		}
	}
}

// federationNames makes the ladder: every level of the federation, an empty one
// as an alias of the level above. What lies at _port._proto below a level falls
// back in the same way, since an alias does not cover the names below it.
func (b *builder) federationNames() {
	names := make([]dnsname.Name, len(b.s.levels))
	members := make([]int, 0, len(b.shards))
	for i := range b.s.levels {
		l := &b.s.levels[i]
		name, ok := b.name(b.prefix, l.suffix)
		if !ok {
			continue // nor does any longer name below it fit
		}
		names[i] = name
		members = members[:0]
		for _, m := range b.all.members {
			if l.holds(b.shards[m].place) {
				members = append(members, m)
			}
		}
		n := b.behind(members)
		for _, r := range n.sets {
			b.put(r, name, l.ttl)
		}
		if len(members) == 0 {
			b.put(alias(names[l.up]), name, l.ttl)
		}
		b.federationPorts(i, name, names[l.up], n)
	}
}

func (b *builder) federationPorts(i int, name, up dnsname.Name, n *behind) {
	l := &b.s.levels[i]
	for j := range b.ports {
		p := &b.ports[j]
		if p.front == "" {
			continue
		}
		owner, ok := b.name(p.front, name)
		if !ok {
			continue
		}
		r := b.srv(j, name, n)
		if r.IsEmpty() && l.region != "" {
			r = alias(dnsname.FromFolded(p.front + up.Wire())) // shorter than owner, so it fits
		}
		if !r.IsEmpty() {
			b.put(r, owner, l.ttl)
		}
	}
}

func alias(to dnsname.Name) zone.RRset {
	return zone.NewRRset(dnsname.Name{}, zone.TypeCNAME, 0, zone.Target(to))
}
