package route53

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// The actions of the API that are called. ActionAll stands for all of them
// together: every call takes from its own bucket and from that of the account.
const (
	ActionAll         = "*"
	actionChange      = "ChangeResourceRecordSets"
	actionList        = "ListResourceRecordSets"
	actionGetChange   = "GetChange"
	actionGetZone     = "GetHostedZone"
	actionFindZone    = "ListHostedZonesByName"
	actionListChecks  = "ListHealthChecks"
	actionCreateCheck = "CreateHealthCheck"
	actionDeleteCheck = "DeleteHealthCheck"
	actionListTags    = "ListTagsForResources"
	actionTag         = "ChangeTagsForResource"
)

// What a batch and a record set may hold.
const (
	maxRecords    = 1000
	maxCharacters = 32000
	maxValue      = 4000
	maxTTL        = 1<<31 - 1
	maxSetRecords = 400
	maxIdentifier = 128
	maxWeight     = 255
	maxWeighted   = 100
	maxCheckText  = 255
)

// read is a document that was read on the day that this list was checked last.
func read(text string) hosted.Source { return hosted.Source{Text: text, Verified: "2026-11-21"} }

// known is a document that says so as far as is known; it was not there to be read
// when the list was checked last.
func known(text string) hosted.Source { return hosted.Source{Text: text} }

// Limits are what Route 53 can and cannot hold in the hosted zone apex.
func Limits(apex dnsname.Name) hosted.Limits {
	return hosted.Limits{
		Provider: "route53", Title: "Amazon Route 53",
		Atomic: true, Swaps: true,
		Policies: []hosted.Policy{
			hosted.PolicyWeighted, hosted.PolicyLatency, hosted.PolicyGeo, hosted.PolicyFailover, hosted.PolicyMultivalue,
		},
		Batch: []hosted.Dimension{
			{Name: "ResourceRecord elements", Max: maxRecords, Cost: sum(step.records), Source: read("Developer Guide, Quotas: ChangeResourceRecordSets")},
			{Name: "characters in Value elements", Max: maxCharacters, Cost: sum(step.characters), Source: read("Developer Guide, Quotas: ChangeResourceRecordSets")},
		},
		Rules: rules(apex),
		Rates: rates(),
	}
}

// rates are an account's. Route 53 limits the changes in a second, too, for the
// account as a whole; how many is not part of what could be read.
func rates() []hosted.Rate {
	source := read("Developer Guide, Throttling for Amazon Route 53 API requests")
	all := []hosted.Rate{{Action: ActionAll, Burst: 50, PerSecond: 10, Source: source}}
	for _, action := range []string{actionChange, actionList, actionGetChange, actionGetZone, actionFindZone, actionListChecks, actionListTags, actionTag} {
		all = append(all, hosted.Rate{Action: action, Burst: 50, PerSecond: 10, Source: source})
	}
	return append(all,
		hosted.Rate{Action: actionCreateCheck, Burst: 50, PerSecond: 0.5, Source: source},
		hosted.Rate{Action: actionDeleteCheck, Burst: 15, PerSecond: 3, Source: source})
}

func sum(cost func(step) int) func(hosted.Change) int {
	return func(c hosted.Change) int {
		n := 0
		for _, s := range steps(c) {
			n += cost(s)
		}
		return n
	}
}

// supported are the record types that Route 53 has.
var supported = map[uint16]bool{
	dns.TypeA: true, dns.TypeAAAA: true, dns.TypeCAA: true, dns.TypeCNAME: true, dns.TypeDS: true, dns.TypeHTTPS: true,
	dns.TypeMX: true, dns.TypeNAPTR: true, dns.TypeNS: true, dns.TypePTR: true, dns.TypeSOA: true, dns.TypeSPF: true,
	dns.TypeSRV: true, dns.TypeSSHFP: true, dns.TypeSVCB: true, dns.TypeTLSA: true, dns.TypeTXT: true,
}

func rules(apex dnsname.Name) []hosted.Rule {
	var all []hosted.Rule
	rule := func(name string, source hosted.Source, refuse func(hosted.Entry) string) {
		all = append(all, hosted.Rule{Name: name, Refuse: refuse, Source: source})
	}
	rule("only its record types", read("API Reference, ResourceRecordSet: Type"), func(e hosted.Entry) string {
		return when(!supported[e.Key.Type], "Route 53 has no record type %s", zone.TypeString(e.Key.Type))
	})
	rule("only names in the hosted zone", read("API Reference, ChangeResourceRecordSets"), func(e hosted.Entry) string {
		return when(!e.Key.Owner.Under(apex), "the name is not in the hosted zone %s", apex)
	})
	rule("no CNAME at the apex", read("Developer Guide, Supported DNS record types: CNAME"), func(e hosted.Entry) string {
		return when(e.Key.Type == zone.TypeCNAME && e.Key.Owner == apex, "a CNAME cannot be at the apex")
	})
	rule("no NS at a wildcard", read("API Reference, ResourceRecordSet: Name"), func(e hosted.Entry) string {
		return when(e.Key.Type == zone.TypeNS && e.Key.Owner.IsWildcard(), "a wildcard cannot have NS records")
	})
	rule("one value of CNAME and of SOA", read("API Reference, ResourceRecord: Value"), each(func(k hosted.Key, s hosted.Set) string {
		return when((k.Type == zone.TypeCNAME || k.Type == zone.TypeSOA) && s.Records.Len() > 1, "there can be only one record of this type")
	}))
	rule("TTL up to 2147483647", known("API Reference, ResourceRecordSet: TTL"), each(func(_ hosted.Key, s hosted.Set) string {
		return when(s.TTL() > maxTTL, "a TTL of %d seconds is above %d", s.TTL(), maxTTL)
	}))
	rule("400 values a record set", known("Developer Guide, Quotas on records"), each(func(_ hosted.Key, s hosted.Set) string {
		return when(s.Records.Len() > maxSetRecords, "%d records are more than %d", s.Records.Len(), maxSetRecords)
	}))
	rule("4,000 characters a value", read("API Reference, ResourceRecord: Value"), each(checkValues))
	rule("set identifiers of up to 128 characters", known("API Reference, ResourceRecordSet: SetIdentifier"), each(func(_ hosted.Key, s hosted.Set) string {
		return when(len(s.ID) > maxIdentifier || strings.ContainsFunc(s.ID, func(r rune) bool { return r < ' ' || r > '~' }),
			"the set identifier %q is longer than %d characters or not plain ASCII", s.ID, maxIdentifier)
	}))
	rule("routing policies", read("API Reference, ResourceRecordSet"), checkRouting)
	rule("100 weighted record sets a name and type", read("API Reference, ResourceRecordSet: Weight"), func(e hosted.Entry) string {
		return when(e.Policy() == hosted.PolicyWeighted && len(e.Sets) > maxWeighted, "%d weighted record sets are more than %d", len(e.Sets), maxWeighted)
	})
	rule("the same TTL in all weighted record sets", read("API Reference, ResourceRecordSet: TTL"), checkWeightedTTL)
	rule("aliases", read("API Reference, AliasTarget"), each(checkAlias))
	rule("health checks", read("API Reference, HealthCheckConfig"), each(checkHealth))
	return all
}

// when is the reason if it applies.
func when(applies bool, reason string, args ...any) string {
	if !applies {
		return ""
	}
	return fmt.Sprintf(reason, args...)
}

// each checks each Set.
func each(check func(hosted.Key, hosted.Set) string) func(hosted.Entry) string {
	return func(e hosted.Entry) string {
		for _, s := range e.Sets {
			if why := check(e.Key, s); why != "" {
				return why
			}
		}
		return ""
	}
}

func checkValues(k hosted.Key, s hosted.Set) string {
	for d := range s.Records.RDATA() {
		text, err := rdataText(k.Type, d)
		if err != nil {
			return err.Error()
		}
		if len(text) > maxValue {
			return fmt.Sprintf("a record of %d characters is longer than %d", len(text), maxValue)
		}
	}
	return ""
}

func checkRouting(e hosted.Entry) string {
	if e.Policy() == hosted.PolicySimple {
		return when(len(e.Sets) != 1 || e.Sets[0].ID != "", "without a routing policy there is one record set, and no set identifier")
	}
	if e.Key.Type == zone.TypeNS || e.Key.Type == zone.TypeSOA {
		return "NS and SOA cannot have a routing policy"
	}
	seen := map[hosted.Routing]bool{}
	for i, s := range e.Sets {
		r := s.Routing
		switch {
		case r.Policy != e.Policy():
			return "record sets of one name and type have different routing policies"
		case s.ID == "" || i > 0 && s.ID == e.Sets[i-1].ID:
			return "each record set of a routing policy has a set identifier of its own"
		case r.Policy == hosted.PolicyWeighted && r.Weight > maxWeight:
			return fmt.Sprintf("a weight of %d is above %d", r.Weight, maxWeight)
		case r.Policy == hosted.PolicyLatency && r.Region == "":
			return "latency routing wants a region"
		case r.Policy == hosted.PolicyGeo && (r.Region != "" || (r.Continent == "") == (r.Country == "") || r.Subdivision != "" && r.Country == ""):
			return "geolocation wants a continent, or a country with or without a subdivision"
		case r.Policy == hosted.PolicyMultivalue && (s.Alias.IsSet() || e.Key.Type == zone.TypeCNAME):
			return "multivalue answers can be neither aliases nor CNAME"
		case r.Policy != hosted.PolicyWeighted && r.Policy != hosted.PolicyMultivalue && seen[r]:
			return fmt.Sprintf("two record sets are for %s", r)
		}
		seen[r] = true
	}
	return ""
}

func checkWeightedTTL(e hosted.Entry) string {
	if e.Policy() != hosted.PolicyWeighted {
		return ""
	}
	first := -1
	for _, s := range e.Sets {
		switch {
		case s.Alias.IsSet():
		case first < 0:
			first = int(s.TTL())
		case int(s.TTL()) != first:
			return "weighted record sets must have the same TTL"
		}
	}
	return ""
}

func checkAlias(k hosted.Key, s hosted.Set) string {
	switch {
	case !s.Alias.IsSet():
		return when(s.Records.IsEmpty(), "there are no records")
	case !s.Records.IsEmpty():
		return "an alias has no records of its own"
	case k.Type == zone.TypeNS || k.Type == zone.TypeSOA:
		return "NS and SOA cannot be aliases"
	}
	return when(s.Alias.Evaluate && s.Alias.ZoneID == zoneCloudFront, "the health of a CloudFront distribution cannot be evaluated")
}

func checkHealth(_ hosted.Key, s hosted.Set) string {
	h := s.Health
	switch {
	case !h.IsSet() || h.Protocol == protocolForeign:
		return ""
	case h.Protocol != "TCP" && h.Protocol != "HTTP" && h.Protocol != "HTTPS":
		return fmt.Sprintf("health checks are TCP, HTTP or HTTPS, not %q", h.Protocol)
	case h.Port == 0:
		return "a health check wants a port"
	case h.Interval != 10 && h.Interval != 30:
		return fmt.Sprintf("health checks are made every 10 or 30 seconds, not every %d", h.Interval)
	case h.Threshold < 1 || h.Threshold > 10:
		return fmt.Sprintf("a failure threshold of %d is not from 1 to 10", h.Threshold)
	case h.Protocol == "TCP" && (h.Path != "" || h.Host != ""):
		return "a TCP health check has neither path nor host"
	case len(h.Path) > maxCheckText || len(h.Host) > maxCheckText:
		return fmt.Sprintf("path and host of a health check have at most %d characters", maxCheckText)
	case h.Path != "" && h.Path[0] != '/':
		return fmt.Sprintf("the path %q of a health check does not begin with /", h.Path)
	}
	parts, err := leaves(h, s)
	if err != nil {
		return err.Error()
	}
	for _, p := range parts {
		if p.IPAddress == nil {
			continue
		}
		if a, err := netip.ParseAddr(*p.IPAddress); err != nil || !reachable(a) {
			return fmt.Sprintf("health checkers cannot reach %s", *p.IPAddress)
		}
	}
	return ""
}

// unreachable are the prefixes beside those that netip knows as private or local
// which health checkers cannot reach (API Reference, HealthCheckConfig: IPAddress
// refers to RFC 5735, 6598 and 5156).
var unreachable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("240.0.0.0/4"),
}

func reachable(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range unreachable {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
