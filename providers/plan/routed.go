package plan

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// share is one record set of several, and who has a part in it.
type share struct {
	set  hosted.Set
	from []contributor
}

// routed makes a record set of each cluster, or of each region, where the policy
// answers by that.
func (s Shape) routed(r zone.RRset, from []contributor) Want {
	var all []share
	for _, c := range s.ranked(from) {
		for _, set := range s.sets(c, len(all)) {
			if s.Identify != nil {
				set.ID = s.Identify(set)
			}
			part := contributor{c.Shard, set.Records}
			if i := slices.IndexFunc(all, func(o share) bool { return o.set.ID == set.ID || sameDirection(o.set, set) }); i >= 0 {
				all[i] = share{together(all[i].set, set), append(all[i].from, part)}
			} else {
				all = append(all, share{set, []contributor{part}})
			}
		}
	}
	w := Want{Entry: hosted.Entry{Key: r.Key()}}
	for _, sh := range all {
		if len(sh.from) == 1 && s.Routing != hosted.PolicyMultivalue {
			sh.set = s.alias(sh.set, sh.from[0])
		}
		w.Entry.Sets = append(w.Entry.Sets, sh.set)
		for _, c := range sh.from {
			p := Part{c.Cluster, c.Object, sh.set.ID, digests(c.records)}
			if sh.set.Alias.IsSet() {
				p.Digests = setDigests(sh.set)
			}
			w.Parts = append(w.Parts, p)
		}
	}
	slices.SortFunc(w.Entry.Sets, func(a, b hosted.Set) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(w.Parts, func(a, b Part) int {
		return cmp.Or(strings.Compare(a.Set, b.Set), strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.Object, b.Object))
	})
	return w
}

// sameDirection says that two sets are for the same who ask: a provider takes one
// set of a region, or of a location.
func sameDirection(a, b hosted.Set) bool {
	return (a.Routing.Policy == hosted.PolicyLatency || a.Routing.Policy == hosted.PolicyGeo) && a.Routing == b.Routing
}

// together puts two sets into one: those of one cluster, of one region, two
// secondaries, or two with the same records, which are as likely as both.
func together(a, b hosted.Set) hosted.Set {
	if a.Routing.Policy == hosted.PolicyWeighted && a.Records == b.Records {
		a.Routing.Weight = uint16(min(uint32(a.Routing.Weight)+uint32(b.Routing.Weight), math.MaxUint16))
	}
	a.Records = a.Records.With(slices.Collect(b.Records.RDATA())...)
	return a
}

// ranked orders clusters as failover has them; other policies do not care.
func (s Shape) ranked(from []contributor) []contributor {
	rank := func(c contributor) int {
		if i := slices.Index(s.Order, c.Cluster); i >= 0 {
			return i
		}
		return len(s.Order)
	}
	from = slices.Clone(from)
	slices.SortStableFunc(from, func(a, b contributor) int { return cmp.Compare(rank(a), rank(b)) })
	return from
}

// sets makes the record sets of one cluster; before are so many of other clusters.
func (s Shape) sets(c contributor, before int) []hosted.Set {
	set := hosted.Set{ID: c.Cluster, Records: c.records, Health: s.Health, Routing: hosted.Routing{Policy: s.Routing}}
	region := c.Region
	if name, ok := s.Regions[region]; ok {
		region = name
	}
	switch s.Routing {
	case hosted.PolicyWeighted:
		set.Routing.Weight = max(c.Weight, 1)
	case hosted.PolicyLatency:
		set.Routing.Region = region
	case hosted.PolicyGeo:
		if at, ok := s.Locations[c.Region]; ok {
			set.Routing = at
			set.Routing.Policy = hosted.PolicyGeo
		} else {
			set.Routing.Region = region
		}
	case hosted.PolicyFailover:
		set.ID = "primary"
		if set.Routing.Secondary = before > 0; set.Routing.Secondary {
			set.ID = "secondary"
		}
	case hosted.PolicyMultivalue:
		return multivalue(set)
	}
	return []hosted.Set{set}
}

// multivalue makes a set of each record: a provider picks among sets.
func multivalue(all hosted.Set) []hosted.Set {
	var out []hosted.Set
	for d := range all.Records.RDATA() {
		one := all
		one.ID = all.ID + "/" + zone.RDATAString(all.Records.Type, d)
		one.Records = zone.NewRRset(all.Records.Owner, all.Records.Type, all.Records.TTL, d)
		out = append(out, one)
	}
	return out
}
