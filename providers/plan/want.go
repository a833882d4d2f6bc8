package plan

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// Want is what one owner wants an Entry to be, and which part of it comes from
// where. An empty Entry: it wants nothing of it.
type Want struct {
	Entry hosted.Entry
	Parts []Part
}

// Part is what one object of one cluster contributes to an Entry.
type Part struct {
	Cluster string // empty: none in particular
	Object  string // "Service/shop/web"
	Set     string // the set identifier it is in
	Digests []string
}

// Shard is what one cluster contributes to a name.
type Shard struct {
	Cluster string
	Object  string // as in Part
	Region  string // of the cluster; may be empty
	Weight  uint16 // Defaults to 1
	// Addrs are its addresses, those of its load balancers' hostnames included.
	Addrs []netip.Addr
	// Hostnames are its load balancers', where they have no addresses of their own.
	Hostnames []string
}

// View says which addresses are wanted.
type View uint8

// The views.
const (
	ViewAll     View = iota // all of them
	ViewPublic              // none that is of use in a private network only
	ViewPrivate             // those alone
)

var views = [...]string{"All", "Public", "Private"}

// String is the configuration's word.
func (v View) String() string { return views[v] }

// ParseView is String's inverse.
func ParseView(s string) (View, bool) {
	for i, n := range views {
		if n == s {
			return View(i), true
		}
	}
	return 0, false
}

// Shape says in which form a provider is to have address records.
type Shape struct {
	View View
	// Routing is the policy by which several clusters share a name. PolicySimple, the
	// default, puts the addresses of all in one record set.
	Routing hosted.Policy
	// Regions are the provider's names of the clusters' regions (PolicyLatency,
	// PolicyGeo); one that is not in it has the same name.
	Regions map[string]string
	// Locations are where who asks is, by the clusters' regions (PolicyGeo).
	Locations map[string]hosted.Routing
	// Order are the clusters' names for PolicyFailover, the primary first; those not
	// in it come after, by name.
	Order []string
	// Health is checked of each set, where the policy has several.
	Health hosted.Health
	// Alias gives the provider's alias for a load balancer's hostname; nil: it has none.
	Alias func(hostname dnsname.Name) (hosted.Alias, bool)
	// Identify gives the identifier of a set, where the provider keeps none and makes
	// it of what is in the set; sets that come to have the same are put together. nil:
	// it is the cluster's name, or the like.
	Identify func(hosted.Set) string
	// MinTTL raises shorter TTLs, in seconds.
	MinTTL uint32
}

// New makes the Want of one RRset of the zone. shards are the clusters whose
// addresses are in it, in any order; none: it is wanted as it stands, and comes
// from object.
func (s Shape) New(r zone.RRset, object string, shards []Shard) Want {
	r = zone.NewRRset(r.Owner, r.Type, max(r.TTL, s.MinTTL), slices.Collect(r.RDATA())...)
	if r.Type != zone.TypeA && r.Type != zone.TypeAAAA {
		return Want{hosted.Simple(r), []Part{{Object: object, Digests: digests(r)}}}
	}
	r = s.see(r)
	if r.IsEmpty() {
		return Want{}
	}
	mine := contributors(r, shards)
	if s.Routing == hosted.PolicySimple || len(mine) == 0 {
		return s.simple(r, object, mine)
	}
	return s.routed(r, mine)
}

// see leaves out the addresses that the view does not have.
func (s Shape) see(r zone.RRset) zone.RRset {
	if s.View == ViewAll {
		return r
	}
	var not []string
	for d := range r.RDATA() {
		if private(d) != (s.View == ViewPrivate) {
			not = append(not, d)
		}
	}
	return r.Without(not...)
}

// shared is the address space between customers and carriers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// private says that an address is of use only within a network (RFC 1918, 4193,
// 6598, 3927, 4291 §2.5.6).
func private(rdata string) bool {
	a, ok := netip.AddrFromSlice([]byte(rdata))
	return ok && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a))
}

// contributor is a shard's part of one RRset.
type contributor struct {
	Shard
	records zone.RRset
}

// contributors are the shards that have addresses in r, by cluster and object.
func contributors(r zone.RRset, shards []Shard) []contributor {
	var out []contributor
	for _, s := range shards {
		var has []string
		for _, a := range s.Addrs {
			if d := zone.Addr(a); zone.AddrType(a) == r.Type && contains(r, d) {
				has = append(has, d)
			}
		}
		if len(has) > 0 {
			out = append(out, contributor{s, zone.NewRRset(r.Owner, r.Type, r.TTL, has...)})
		}
	}
	slices.SortFunc(out, func(a, b contributor) int {
		return cmp.Or(strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.Object, b.Object))
	})
	return out
}

func contains(r zone.RRset, rdata string) bool {
	for d := range r.RDATA() {
		if d == rdata {
			return true
		}
	}
	return false
}

// simple puts all into one record set.
func (s Shape) simple(r zone.RRset, object string, from []contributor) Want {
	set := hosted.Set{Records: r}
	if len(from) == 1 {
		set = s.alias(set, from[0])
	}
	w := Want{Entry: hosted.NewEntry(r.Key(), set)}
	if set.Alias.IsSet() {
		w.Parts = []Part{{from[0].Cluster, from[0].Object, "", setDigests(set)}}
		return w
	}
	rest := r
	for _, c := range from {
		w.Parts = append(w.Parts, Part{c.Cluster, c.Object, "", digests(c.records)})
		rest = rest.Without(slices.Collect(c.records.RDATA())...)
	}
	if !rest.IsEmpty() {
		w.Parts = append(w.Parts, Part{Object: object, Digests: digests(rest)})
	}
	return w
}

// alias makes set an alias where all of its addresses are those of one load
// balancer that the provider knows.
func (s Shape) alias(set hosted.Set, c contributor) hosted.Set {
	if s.Alias == nil || len(c.Hostnames) != 1 || c.records.Len() != set.Records.Len() {
		return set
	}
	name, err := dnsname.Parse(c.Hostnames[0])
	if err != nil {
		return set
	}
	if a, ok := s.Alias(name); ok {
		set.Alias, set.Records = a, zone.RRset{}
	}
	return set
}

// digests are those of all records.
func digests(r zone.RRset) []string {
	out := make([]string, 0, r.Len())
	for d := range r.RDATA() {
		out = append(out, ownership.Digest(d))
	}
	slices.Sort(out)
	return out
}

// setDigests are those of a set's content: its records, or where an alias leads.
func setDigests(s hosted.Set) []string {
	if s.Alias.IsSet() {
		return []string{ownership.Digest("alias " + s.Alias.ZoneID + " " + s.Alias.Target.Wire())}
	}
	return digests(s.Records)
}
