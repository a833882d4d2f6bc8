package clouddns

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// The identifiers of failover's Sets.
const (
	primaryID   = "primary"
	secondaryID = "secondary"
)

// SetID is the set identifier of records with a routing: Cloud DNS keeps none, so
// it is what tells the parts of a routing policy from each other. That is the
// region (PolicyGeo), primary or secondary (PolicyFailover), or a hash of the
// records (PolicyWeighted), which stays when the weight changes.
func SetID(r hosted.Routing, records zone.RRset) string {
	switch r.Policy {
	case hosted.PolicyGeo:
		return r.Region
	case hosted.PolicyFailover:
		if r.Secondary {
			return secondaryID
		}
		return primaryID
	case hosted.PolicyWeighted:
		h := sha256.New()
		for d := range records.RDATA() {
			h.Write([]byte{byte(len(d) >> 8), byte(len(d))})
			h.Write([]byte(d))
		}
		return hex.EncodeToString(h.Sum(nil)[:8])
	}
	return ""
}

// Canonical is e as Cloud DNS can hold it and Records will return it: with the
// identifiers of SetID, the smallest TTL for all Sets, and Sets that have become
// one put together. Those of one region, and the primary and the secondary ones,
// answer with the records of all; of those with the same records the weights are
// added up. What Cloud DNS cannot hold stays as it is: Limits refuse it.
func Canonical(e hosted.Entry) hosted.Entry {
	if !has(e.Policy()) {
		return e
	}
	ttl := uint32(math.MaxUint32)
	for _, s := range e.Sets {
		ttl = min(ttl, s.Records.TTL)
	}
	var sets []hosted.Set
	for _, s := range e.Sets {
		s.ID, s.Records.TTL = SetID(s.Routing, s.Records), ttl
		i := slices.IndexFunc(sets, func(o hosted.Set) bool { return o.ID == s.ID })
		if i < 0 {
			sets = append(sets, s)
			continue
		}
		if s.Routing.Policy == hosted.PolicyWeighted {
			sum := uint32(sets[i].Routing.Weight) + uint32(s.Routing.Weight)
			sets[i].Routing.Weight = uint16(min(sum, math.MaxUint16))
			continue
		}
		sets[i].Records = sets[i].Records.With(slices.Collect(s.Records.RDATA())...)
	}
	return hosted.NewEntry(e.Key, sets...)
}

// has says that Cloud DNS has a routing policy.
func has(p hosted.Policy) bool {
	return p == hosted.PolicyWeighted || p == hosted.PolicyGeo || p == hosted.PolicyFailover
}
