package inmemory

import (
	"strconv"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// verified is the day on which api.go was last compared with these limits.
const verified = "2026-11-21"

// Limits are what a Server can do. The numbers are those of the large providers,
// rounded: what works here should not be far from working there. Each call gets a
// new copy, which a test may change and give to NewServer.
func Limits() hosted.Limits {
	ours := hosted.Source{Text: "providers/inmemory/check.go", Verified: verified}
	return hosted.Limits{
		Provider: "inmemory",
		Title:    "Memory",
		Atomic:   true,
		Swaps:    true,
		Policies: []hosted.Policy{
			hosted.PolicyWeighted, hosted.PolicyLatency, hosted.PolicyGeo, hosted.PolicyFailover, hosted.PolicyMultivalue,
		},
		Batch: []hosted.Dimension{
			{Name: "changes", Max: 1000, Cost: func(hosted.Change) int { return 1 }, Source: ours},
			{Name: "octets of RDATA", Max: 100_000, Cost: octets, Source: ours},
		},
		Rules: []hosted.Rule{
			{Name: "no CNAME of several records", Refuse: cname, Source: hosted.Source{Text: "RFC 2181 §10.1", Verified: verified}},
			{Name: "no TTL above 2147483647", Refuse: ttl, Source: hosted.Source{Text: "RFC 2181 §8", Verified: verified}},
			{Name: "no two record sets without a routing policy", Refuse: sets, Source: ours},
		},
		Rates: []hosted.Rate{
			{Action: string(List), Burst: 1000, PerSecond: 1000, Source: ours},
			{Action: string(Read), Burst: 1000, PerSecond: 1000, Source: ours},
			{Action: string(Apply), Burst: 1000, PerSecond: 1000, Source: ours},
			{Action: string(Confirm), Burst: 1000, PerSecond: 1000, Source: ours},
		},
	}
}

func octets(c hosted.Change) int {
	n := 0
	for _, e := range []hosted.Entry{c.Old, c.New} {
		for _, s := range e.Sets {
			for d := range s.Records.RDATA() {
				n += len(d)
			}
		}
	}
	return n
}

func cname(e hosted.Entry) string {
	for _, s := range e.Sets {
		if e.Key.Type == zone.TypeCNAME && s.Records.Len() > 1 {
			return "a CNAME record set has " + strconv.Itoa(s.Records.Len()) + " records"
		}
	}
	return ""
}

func ttl(e hosted.Entry) string {
	for _, s := range e.Sets {
		if s.TTL() > 1<<31-1 {
			return "the TTL " + strconv.FormatUint(uint64(s.TTL()), 10) + " is above 2147483647"
		}
	}
	return ""
}

// sets checks how the record sets of one owner name and type share it.
func sets(e hosted.Entry) string {
	for i, s := range e.Sets {
		switch {
		case s.Routing.Policy != e.Policy():
			return "its record sets have routing policies " + e.Policy().String() + " and " + s.Routing.Policy.String()
		case e.Policy() == hosted.PolicySimple && (len(e.Sets) > 1 || s.ID != ""):
			return "it has set identifiers, but no routing policy"
		case e.Policy() != hosted.PolicySimple && s.ID == "":
			return "it has a routing policy, but a record set without identifier"
		case i > 0 && e.Sets[i-1].ID >= s.ID:
			return "the set identifier " + strconv.Quote(s.ID) + " is there twice, or out of order"
		case s.Alias.IsSet() != s.Records.IsEmpty():
			return "a record set has to have either records or an alias"
		case !s.Alias.IsSet() && s.Records.Key() != e.Key:
			return "the records of a record set are " + hosted.KeyString(s.Records.Key())
		}
	}
	return ""
}
