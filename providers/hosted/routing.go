package hosted

import "fmt"

// Policy is a provider's way to choose among several Sets of one Entry.
type Policy uint8

const (
	// PolicySimple is none: there is one Set, and it is always answered.
	PolicySimple Policy = iota
	// PolicyWeighted answers with one Set, in proportion to the weights.
	PolicyWeighted
	// PolicyLatency answers with the Set whose Region is nearest to who asks.
	PolicyLatency
	// PolicyGeo answers with the Set whose Location who asks is in.
	PolicyGeo
	// PolicyFailover answers with the primary Set while it is healthy.
	PolicyFailover
	// PolicyMultivalue answers with up to eight healthy Sets at once.
	PolicyMultivalue
)

var policyNames = [...]string{"Simple", "Weighted", "Latency", "Geolocation", "Failover", "Multivalue"}

// String is the name that configuration and API use.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return fmt.Sprintf("Policy(%d)", uint8(p))
}

// ParsePolicy is String's inverse.
func ParsePolicy(s string) (Policy, bool) {
	for i, n := range policyNames {
		if n == s {
			return Policy(i), true
		}
	}
	return 0, false
}

// Routing is a Set's part in its Entry's routing policy. All Sets of an Entry
// have the same Policy. Only the fields that the Policy names count; the others
// are zero.
type Routing struct {
	Policy Policy
	// Weight is relative to the sum over all Sets (PolicyWeighted); 0 is never
	// answered while another is above 0.
	Weight uint16
	// Region is the provider's name of a region (PolicyLatency; of Cloud DNS also
	// PolicyGeo).
	Region string
	// Continent, Country and Subdivision are where who asks is (PolicyGeo): a
	// two-letter continent code, an ISO 3166-1 alpha-2 code or "*" for everywhere
	// else, an ISO 3166-2 subdivision without its country.
	Continent, Country, Subdivision string
	// Secondary is answered when the primary is not healthy (PolicyFailover).
	Secondary bool
}

// String shows what distinguishes the Set.
func (r Routing) String() string {
	switch r.Policy {
	case PolicyWeighted:
		return fmt.Sprintf("weight %d", r.Weight)
	case PolicyLatency:
		return "latency " + r.Region
	case PolicyGeo:
		return "geo " + r.Continent + r.Region + r.Country + r.Subdivision
	case PolicyFailover:
		if r.Secondary {
			return "secondary"
		}
		return "primary"
	}
	return r.Policy.String()
}

// Health is what a provider checks by itself before it answers with a Set. The
// zero Health is no check. Providers make one check for each distinct Health and
// address, and take away those that no Set refers to any longer.
type Health struct {
	Protocol  string // TCP, HTTP or HTTPS; empty: no check
	Port      uint16
	Path      string // of HTTP and HTTPS
	Host      string // sent as Host and SNI; empty: the address
	Interval  uint16 // seconds
	Threshold uint8  // so many failures in a row are a failure
}

// IsSet says that there is a check.
func (h Health) IsSet() bool { return h.Protocol != "" }
