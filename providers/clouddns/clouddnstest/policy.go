package clouddnstest

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

var region = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`)

// policy checks a routing policy.
func (z *managedZone) policy(q Quota, r RRset, where string) *failure {
	p, where := r.RoutingPolicy, where+".routingPolicy"
	kinds := 0
	for _, is := range []bool{p.WRR != nil, p.Geo != nil, p.PrimaryBackup != nil} {
		if is {
			kinds++
		}
	}
	if kinds != 1 || r.Type == "SOA" || r.Type == "NS" {
		return invalid(where, strconv.Itoa(kinds)+" policies of "+r.Type)
	}
	switch {
	case p.WRR != nil:
		return z.weighted(q, r, where+".wrr")
	case p.Geo != nil:
		return z.geo(q, r, p.Geo, where+".geo")
	}
	b := p.PrimaryBackup
	if r.Type != "A" && r.Type != "AAAA" || b.PrimaryTargets == nil || b.BackupGeoTargets == nil {
		return invalid(where+".primaryBackup", r.Type)
	}
	if b.TrickleTraffic < 0 || b.TrickleTraffic > 1 {
		return invalid(where+".primaryBackup.trickleTraffic", b.TrickleTraffic)
	}
	if failed := z.targets(q, r, b.PrimaryTargets, where+".primaryBackup.primaryTargets"); failed != nil {
		return failed
	}
	return z.geo(q, r, b.BackupGeoTargets, where+".primaryBackup.backupGeoTargets")
}

func (z *managedZone) weighted(q Quota, r RRset, where string) *failure {
	items := r.RoutingPolicy.WRR.Items
	if failed := count(q, len(items), where); failed != nil {
		return failed
	}
	for i, it := range items {
		at := fmt.Sprintf("%s.items[%d]", where, i)
		if it.Weight < 0 {
			return invalid(at+".weight", it.Weight)
		}
		if failed := z.item(q, r, it.RRDatas, it.HealthCheckedTargets, at); failed != nil {
			return failed
		}
	}
	return nil
}

func (z *managedZone) geo(q Quota, r RRset, g *Geo, where string) *failure {
	if failed := count(q, len(g.Items), where); failed != nil {
		return failed
	}
	seen := map[string]bool{}
	for i, it := range g.Items {
		at := fmt.Sprintf("%s.items[%d]", where, i)
		if !region.MatchString(it.Location) || seen[it.Location] {
			return invalid(at+".location", it.Location)
		}
		seen[it.Location] = true
		if failed := z.item(q, r, it.RRDatas, it.HealthCheckedTargets, at); failed != nil {
			return failed
		}
	}
	return nil
}

func count(q Quota, n int, where string) *failure {
	if n == 0 {
		return fail(http.StatusBadRequest, "required", "The '%s.items' parameter is required but was missing.", where)
	}
	if n > q.ItemsPerRoutingPolicy {
		return fail(http.StatusForbidden, "quotaExceeded", "The routing policy '%s' would exceed quota for items per routing policy.", where)
	}
	return nil
}

func (z *managedZone) item(q Quota, r RRset, data []string, targets *Targets, where string) *failure {
	if targets != nil {
		if failed := z.targets(q, r, targets, where+".healthCheckedTargets"); failed != nil || len(data) == 0 {
			return failed
		}
	}
	if len(data) == 0 {
		return fail(http.StatusBadRequest, "required", "The '%s.rrdata' parameter is required but was missing.", where)
	}
	return records(q, r.Type, data, where)
}

// targets checks what a health check decides on: addresses on the Internet in a
// public zone, internal load balancers in a private one.
func (z *managedZone) targets(q Quota, r RRset, t *Targets, where string) *failure {
	public := z.about.Visibility != "private"
	switch {
	case r.Type != "A" && r.Type != "AAAA",
		(len(t.ExternalEndpoints) == 0) == (len(t.InternalLoadBalancers) == 0),
		public != (len(t.ExternalEndpoints) > 0),
		public && r.RoutingPolicy.HealthCheck == "":
		return invalid(where, r.Type)
	case public:
		return records(q, r.Type, t.ExternalEndpoints, where+".externalEndpoints")
	}
	return nil
}
