package clouddnstest

import (
	"reflect"
	"slices"
	"strings"
)

// same says that a deletion is what the zone holds: all of it, to the letter. The
// order of the data does not count.
func same(have, sent RRset) bool {
	return reflect.DeepEqual(bare(have), bare(sent))
}

// bare is r without kinds, with its data sorted.
func bare(r RRset) RRset {
	r.Kind = ""
	r.RRDatas = sorted(r.RRDatas)
	if r.RoutingPolicy == nil {
		return r
	}
	p := *r.RoutingPolicy
	p.Kind = ""
	if p.WRR != nil {
		w := WRR{Items: slices.Clone(p.WRR.Items)}
		for i := range w.Items {
			it := &w.Items[i]
			it.Kind, it.RRDatas, it.HealthCheckedTargets = "", sorted(it.RRDatas), it.HealthCheckedTargets.bare()
		}
		p.WRR = &w
	}
	p.Geo = p.Geo.bare()
	if p.PrimaryBackup != nil {
		b := *p.PrimaryBackup
		b.Kind, b.PrimaryTargets, b.BackupGeoTargets = "", b.PrimaryTargets.bare(), b.BackupGeoTargets.bare()
		p.PrimaryBackup = &b
	}
	r.RoutingPolicy = &p
	return r
}

func (g *Geo) bare() *Geo {
	if g == nil {
		return nil
	}
	out := &Geo{EnableFencing: g.EnableFencing, Items: slices.Clone(g.Items)}
	for i := range out.Items {
		it := &out.Items[i]
		it.Kind, it.RRDatas, it.HealthCheckedTargets = "", sorted(it.RRDatas), it.HealthCheckedTargets.bare()
	}
	slices.SortFunc(out.Items, func(a, b GeoItem) int { return strings.Compare(a.Location, b.Location) })
	return out
}

func (t *Targets) bare() *Targets {
	if t == nil {
		return nil
	}
	out := &Targets{ExternalEndpoints: sorted(t.ExternalEndpoints), InternalLoadBalancers: slices.Clone(t.InternalLoadBalancers)}
	for i := range out.InternalLoadBalancers {
		out.InternalLoadBalancers[i].Kind = ""
	}
	return out
}

func sorted(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	return slices.Sorted(slices.Values(texts))
}
