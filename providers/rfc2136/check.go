package rfc2136

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// maxTSIG is as much as a signature can add (RFC 8945 §4.2): key name and the
// algorithm's, fixed fields, a MAC of 64 octets.
const maxTSIG = dnsname.MaxWire + 10 + 13 + 16 + 64

const (
	seen  = "2026-11-21" // the day these documents were read
	tried = "2026-11-21" // the day these were tried at BIND 9.18.49 and Knot 3.2.6
)

// Limits are what a zone under updates can and cannot hold.
func Limits(apex dnsname.Name) hosted.Limits {
	return hosted.Limits{
		Provider: "rfc2136",
		Title:    "RFC 2136",
		Atomic:   true,
		Swaps:    true,
		Batch: []hosted.Dimension{{
			Name:   "octets of the UPDATE message",
			Max:    maxMessage - maxTSIG - headerLen - len(apex.Wire()) - 4,
			Cost:   func(c hosted.Change) int { return cost(c, apex) },
			Source: hosted.Source{Text: "RFC 1035 §4.2.2: messages over TCP have a length of 16 bits", Verified: seen},
		}},
		Rules: rules(apex),
		Rates: []hosted.Rate{
			{Action: ActionUpdate, Burst: 100, PerSecond: 100, Source: hosted.Source{Text: "none documented; so many are a courtesy to the primary", Verified: seen}},
			{Action: ActionQuery, Burst: 1000, PerSecond: 1000, Source: hosted.Source{Text: "none documented; so many are a courtesy to the primary", Verified: seen}},
			{Action: ActionAXFR, Burst: 5, PerSecond: 0.2, Source: hosted.Source{Text: "none documented; so many are a courtesy to the primary", Verified: seen}},
		},
	}
}

// cost is as much as a Change can take of a message: what guards a CNAME depends
// on the rest of the Batch.
func cost(c hosted.Change, apex dnsname.Name) int {
	n := 0
	del, add := difference(c, apex)
	for _, rs := range [][]record{expect(c), del, add} {
		for _, r := range rs {
			n += r.size()
		}
	}
	if c.Old.IsEmpty() {
		k := c.Key()
		bare := record{owner: k.Owner}.size()
		if k.Type == zone.TypeCNAME {
			bare *= len(beside)
		}
		n += bare
	}
	return n
}

func rules(apex dnsname.Name) []hosted.Rule {
	return []hosted.Rule{
		{
			Name:   "one record set for each name and type, without a set identifier",
			Refuse: func(e hosted.Entry) string { return refuseSets(e) },
			Source: hosted.Source{Text: "RFC 2136 §1, §2.5", Verified: seen},
		},
		{
			Name: "no SOA, no types for queries and messages alone",
			Refuse: func(e hosted.Entry) string {
				t := e.Key.Type
				// IANA: 128 to 255 are QTYPEs and meta-TYPEs; OPT is 41.
				if t == zone.TypeSOA || t == 0 || t == dns.TypeOPT || t >= 128 && t <= 255 {
					return zone.TypeString(t) + " records cannot be written by an UPDATE"
				}
				return ""
			},
			Source: hosted.Source{Text: "RFC 2136 §3.4.1.2, §7.6; IANA, DNS parameters, Resource Record (RR) TYPEs", Verified: seen},
		},
		{
			Name: "no records that a server makes when it signs the zone",
			Refuse: func(e hosted.Entry) string {
				if slices.Contains(ownTypes, e.Key.Type) {
					return zone.TypeString(e.Key.Type) + " records are the server's own"
				}
				return ""
			},
			Source: hosted.Source{Text: "BIND 9.18.49 and Knot 3.2.6, tried", Verified: tried},
		},
		{
			Name: "no CNAME at the apex",
			Refuse: func(e hosted.Entry) string {
				if e.Key.Type == zone.TypeCNAME && e.Key.Owner == apex {
					return "a CNAME cannot be beside the zone's SOA and NS (RFC 1034 §3.6.2)"
				}
				return ""
			},
			Source: hosted.Source{Text: "RFC 2136 §3.4.2.2", Verified: seen},
		},
		{
			Name: "one CNAME, one DNAME",
			Refuse: func(e hosted.Entry) string {
				if t := e.Key.Type; (t == zone.TypeCNAME || t == zone.TypeDNAME) && len(e.Sets) == 1 && e.Sets[0].Records.Len() > 1 {
					return "there can only be one " + zone.TypeString(t) + " record (RFC 2181 §10.1, RFC 6672 §2.4)"
				}
				return ""
			},
			Source: hosted.Source{Text: "RFC 2136 §3.4.2.2", Verified: seen},
		},
		{
			Name: "TTL up to 2147483647",
			Refuse: func(e hosted.Entry) string {
				if len(e.Sets) == 1 && e.Sets[0].TTL() >= 1<<31 {
					return "the TTL is above 2147483647 (RFC 2181 §8)"
				}
				return ""
			},
			Source: hosted.Source{Text: "RFC 2181 §8", Verified: seen},
		},
	}
}

func refuseSets(e hosted.Entry) string {
	for _, s := range e.Sets {
		switch {
		case s.ID != "" || len(e.Sets) > 1:
			return "there are no set identifiers in DNS itself"
		case s.Alias.IsSet():
			return "there are no alias records in DNS itself"
		case s.Health.IsSet():
			return "a name server checks no health"
		case s.Records.IsEmpty():
			return "there is no record in the record set"
		}
	}
	return ""
}
