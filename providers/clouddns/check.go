package clouddns

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

const noAlias = "fedns writes no alias records to Cloud DNS"

// Documents that limits were read in, and when.
var (
	quotas = hosted.Source{Text: "Cloud DNS, Quotas and limits", Verified: "2026-11-21"}
	types  = hosted.Source{Text: "Cloud DNS, DNS records overview, Supported DNS record types", Verified: "2026-11-21"}
	routes = hosted.Source{Text: "Cloud DNS, DNS routing policies and health checks", Verified: "2026-11-21"}
	schema = hosted.Source{Text: "Cloud DNS API v1, discovery document of revision 20261009", Verified: "2026-11-21"}
	// The documentation leaves these to the quota page of each project.
	project = hosted.Source{Text: "Cloud DNS, quotas of a project, which its owner sees and can have raised; not stated in the documentation"}
	ours    = hosted.Source{Text: "fedns", Verified: "2026-11-21"}
)

// held are the types that Cloud DNS has and fedns can write; ALIAS is not of DNS.
var held = []string{
	"A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "IPSECKEY", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP",
	"SVCB", "TLSA", "TXT",
}

// The limits that documents give as numbers.
const (
	maxAdditions   = 1000
	maxDeletions   = 1000
	maxRRData      = 100_000 // octets
	maxRecords     = 100     // of one record set
	maxNameServers = 8       // of one delegation
	maxItems       = 100     // of one routing policy
)

// Limits are what Cloud DNS can hold of a zone. Of cfg only what says which zone
// counts: Apex, Private and HealthCheck.
func Limits(cfg Config) hosted.Limits {
	l := hosted.Limits{
		Provider: "clouddns", Title: "Google Cloud DNS",
		Atomic: true, Swaps: true,
		Policies: []hosted.Policy{hosted.PolicyWeighted, hosted.PolicyGeo},
		Batch: []hosted.Dimension{
			{Name: "additions of record sets", Max: maxAdditions, Source: quotas, Cost: func(c hosted.Change) int { return count(c.New) }},
			{Name: "deletions of record sets", Max: maxDeletions, Source: quotas, Cost: func(c hosted.Change) int { return count(c.Old) }},
			{Name: "octets of record data", Max: maxRRData, Source: quotas, Cost: func(c hosted.Change) int { return octets(c.Old) + octets(c.New) }},
		},
		Rules: rules(cfg),
		// The documentation names no numbers. These are meant to be slow enough for any
		// project, and are raised by configuration.
		Rates: []hosted.Rate{
			{Action: write, Burst: 50, PerSecond: 5, Source: project},
			{Action: read, Burst: 50, PerSecond: 5, Source: project},
		},
	}
	if !cfg.Private && cfg.HealthCheck != "" {
		l.Policies = append(l.Policies, hosted.PolicyFailover)
	}
	return l
}

func count(e hosted.Entry) int { return min(1, len(e.Sets)) }

// octets counts the data as it is written, which is never less than in wire form.
func octets(e hosted.Entry) int {
	n := 0
	for _, s := range e.Sets {
		for _, t := range texts(s.Records) {
			n += len(t)
		}
	}
	return n
}

// anySet makes a rule of one about Sets.
func anySet(refuse func(hosted.Key, hosted.Set) string) func(hosted.Entry) string {
	return func(e hosted.Entry) string {
		for _, s := range e.Sets {
			if why := refuse(e.Key, s); why != "" {
				return why
			}
		}
		return ""
	}
}

func rules(cfg Config) []hosted.Rule {
	return []hosted.Rule{
		{Name: "only the record types listed: " + strings.Join(held, ", "), Source: types, Refuse: func(e hosted.Entry) string {
			if !slices.Contains(held, typeText(e.Key.Type)) {
				return "Cloud DNS has no records of type " + typeText(e.Key.Type)
			}
			return ""
		}},
		{Name: "no wildcards of type NS", Source: types, Refuse: func(e hosted.Entry) string {
			if e.Key.Type == zone.TypeNS && e.Key.Owner.IsWildcard() {
				return "Cloud DNS has no wildcards of type NS"
			}
			return ""
		}},
		{Name: "no CNAME at the apex", Source: types, Refuse: func(e hosted.Entry) string {
			if e.Key.Type == zone.TypeCNAME && e.Key.Owner == cfg.Apex {
				return "a CNAME cannot be beside the SOA at the apex"
			}
			return ""
		}},
		{Name: "names of the zone only", Source: schema, Refuse: func(e hosted.Entry) string {
			if !e.Key.Owner.Under(cfg.Apex) {
				return "the name is not in the zone " + cfg.Apex.String()
			}
			return ""
		}},
		{Name: "TTLs up to 2,147,483,647 seconds", Source: schema, Refuse: anySet(func(_ hosted.Key, s hosted.Set) string {
			if s.Records.TTL > math.MaxInt32 {
				return fmt.Sprintf("the TTL %d is larger than %d", s.Records.TTL, math.MaxInt32)
			}
			return ""
		})},
		{Name: fmt.Sprintf("%d records of one record set, %d of type NS", maxRecords, maxNameServers), Source: quotas, Refuse: anySet(func(k hosted.Key, s hosted.Set) string {
			most := maxRecords
			if k.Type == zone.TypeNS {
				most = maxNameServers
			}
			if n := s.Records.Len(); n > most {
				return fmt.Sprintf("%d records are more than the %d of one record set", n, most)
			}
			return ""
		})},
		{Name: "data in its type's own form, not in that of RFC 3597", Source: schema, Refuse: anySet(func(_ hosted.Key, s hosted.Set) string {
			for _, t := range texts(s.Records) {
				if strings.HasPrefix(t, `\#`) {
					return "the data can only be written in the form of RFC 3597: " + t
				}
			}
			return ""
		})},
		{Name: "no alias records", Source: ours, Refuse: anySet(func(_ hosted.Key, s hosted.Set) string {
			if s.Alias.IsSet() {
				return noAlias
			}
			return ""
		})},
		{Name: "no health checks of single record sets", Source: ours, Refuse: anySet(func(_ hosted.Key, s hosted.Set) string {
			if s.Health.IsSet() {
				return "Cloud DNS checks by the health check that the configuration names, not by the record set's own"
			}
			return ""
		})},
		{Name: "one record set of an owner name and type, or one routing policy", Source: schema, Refuse: func(e hosted.Entry) string {
			for _, s := range e.Sets {
				if s.Routing.Policy != e.Policy() {
					return fmt.Sprintf("its record sets have the routing policies %s and %s", e.Policy(), s.Routing.Policy)
				}
			}
			if e.Policy() == hosted.PolicySimple && (len(e.Sets) > 1 || e.Sets[0].ID != "") {
				return "it has set identifiers, but no routing policy"
			}
			return ""
		}},
		{Name: fmt.Sprintf("%d items of one routing policy", maxItems), Source: project, Refuse: func(e hosted.Entry) string {
			if len(e.Sets) > maxItems {
				return fmt.Sprintf("%d record sets are more than the %d of a routing policy", len(e.Sets), maxItems)
			}
			return ""
		}},
		{Name: "one TTL for all of a routing policy, and set identifiers made of content", Source: schema, Refuse: func(e hosted.Entry) string {
			if !has(e.Policy()) {
				return ""
			}
			if c := Canonical(e); !e.Equal(c) {
				return fmt.Sprintf("Cloud DNS would hold it as %s", c)
			}
			return ""
		}},
		{Name: "routing policies of A, AAAA, CNAME and such, not of NS and SOA", Source: routes, Refuse: func(e hosted.Entry) string {
			if has(e.Policy()) && (e.Key.Type == zone.TypeNS || e.Key.Type == zone.TypeSOA) {
				return "there are no routing policies of " + typeText(e.Key.Type)
			}
			return ""
		}},
		{Name: "geolocation by Google Cloud's regions", Source: routes, Refuse: anySet(func(_ hosted.Key, s hosted.Set) string {
			r := s.Routing
			if r.Policy == hosted.PolicyGeo && (r.Region == "" || r.Continent+r.Country+r.Subdivision != "") {
				return "a geolocation has to be a region of Google Cloud, such as europe-west1"
			}
			return ""
		})},
		{Name: "failover of addresses, with a primary and a secondary", Source: routes, Refuse: func(e hosted.Entry) string {
			if e.Policy() != hosted.PolicyFailover {
				return ""
			}
			if !mayBeAlias(e.Key.Type) {
				return "failover is for A and AAAA"
			}
			if _, ok := e.Set(secondaryID); !ok || len(e.Sets) != 2 {
				return "failover needs a primary and a secondary"
			}
			return ""
		}},
	}
}
