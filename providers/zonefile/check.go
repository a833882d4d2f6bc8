package zonefile

import (
	"fmt"
	"math"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// verified is the day on which the sources below were last read.
const verified = "2026-11-21"

// Limits are what a zone file can hold. There is no limit to a Batch, and no rate.
func Limits() hosted.Limits {
	return hosted.Limits{
		Provider: "zonefile", Title: "Zone file",
		Atomic: true, Swaps: true,
		Rules: []hosted.Rule{
			{Name: "no aliases, set identifiers and health checks", Refuse: plain, Source: hosted.Source{Text: "RFC 1035 §5: a zone file has records only", Verified: verified}},
			{Name: "TTLs up to 2,147,483,647 seconds", Refuse: ttl, Source: hosted.Source{Text: "RFC 2181 §8", Verified: verified}},
			{Name: "one record of the types CNAME, DNAME and SOA", Refuse: single, Source: hosted.Source{Text: "RFC 2181 §10.1, RFC 6672 §2.4, RFC 1035 §5.2", Verified: verified}},
		},
	}
}

func plain(e hosted.Entry) string {
	if len(e.Sets) != 1 {
		return "a zone file has one record set of a name and type"
	}
	switch s := e.Sets[0]; {
	case s.ID != "":
		return "a zone file has no set identifiers"
	case s.Alias.IsSet():
		return "a zone file has no aliases"
	case s.Health.IsSet():
		return "a zone file checks no health"
	case s.Records.Key() != e.Key:
		return "the records are of " + hosted.KeyString(s.Records.Key())
	}
	return ""
}

func ttl(e hosted.Entry) string {
	for _, s := range e.Sets {
		if s.TTL() > math.MaxInt32 {
			return fmt.Sprintf("the TTL %d is larger than %d", s.TTL(), math.MaxInt32)
		}
	}
	return ""
}

func single(e hosted.Entry) string {
	switch e.Key.Type {
	case zone.TypeCNAME, zone.TypeDNAME, zone.TypeSOA:
		for _, s := range e.Sets {
			if s.Records.Len() > 1 {
				return fmt.Sprintf("%d records where one is allowed", s.Records.Len())
			}
		}
	}
	return ""
}

// refusal is why a Change cannot be made of any file; empty: it may be.
func refusal(c hosted.Change, again bool) string {
	k := c.Key()
	switch {
	case again:
		return "the batch has two changes of it"
	case !c.Old.IsEmpty() && c.Old.Key != k:
		return "the change is of " + hosted.KeyString(c.Old.Key) + " as well"
	}
	return Limits().Check(c.New)
}
