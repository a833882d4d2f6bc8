package route53test

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxSetRecords = 400
	maxTTL        = 1<<31 - 1
)

// RecordSet is a ResourceRecordSet of the API.
type RecordSet struct {
	Name                    string
	Type                    string
	SetIdentifier           string        `xml:",omitempty"`
	Weight                  *int64        `xml:",omitempty"`
	Region                  string        `xml:",omitempty"`
	GeoLocation             *GeoLocation  `xml:",omitempty"`
	Failover                string        `xml:",omitempty"`
	MultiValueAnswer        bool          `xml:",omitempty"`
	TTL                     *int64        `xml:",omitempty"`
	Values                  []string      `xml:"-"`
	Records                 *records      `xml:"ResourceRecords,omitempty"`
	AliasTarget             *AliasTarget  `xml:",omitempty"`
	HealthCheckID           string        `xml:"HealthCheckId,omitempty"`
	TrafficPolicyInstanceID string        `xml:"TrafficPolicyInstanceId,omitempty"`
	CidrRoutingConfig       *CIDRRouting  `xml:",omitempty"`
	GeoProximityLocation    *GeoProximity `xml:",omitempty"`
}

// GeoLocation is where who asks is.
type GeoLocation struct {
	ContinentCode   string `xml:",omitempty"`
	CountryCode     string `xml:",omitempty"`
	SubdivisionCode string `xml:",omitempty"`
}

// AliasTarget is a name whose records are answered.
type AliasTarget struct {
	HostedZoneID         string `xml:"HostedZoneId"`
	DNSName              string
	EvaluateTargetHealth bool
}

// CIDRRouting is a routing policy that fedns does not have.
type CIDRRouting struct {
	CollectionID string `xml:"CollectionId"`
	LocationName string
}

// GeoProximity is a routing policy that fedns does not have.
type GeoProximity struct {
	AWSRegion string `xml:",omitempty"`
	Bias      int    `xml:",omitempty"`
}

type records struct {
	Record []record `xml:"ResourceRecord"`
}

type record struct {
	Value string
}

// set is a record set that the service keeps.
type set struct {
	RecordSet
	canonical []string // what the values stand for, sorted
}

// recordTypes are those that the service has.
var recordTypes = []string{
	"SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB", "HTTPS",
}

// parse takes the values out of their elements.
func (r *RecordSet) parse() {
	if r.Records != nil {
		for _, v := range r.Records.Record {
			r.Values = append(r.Values, v.Value)
		}
	}
	r.Records = nil
}

// out is the record set as it is answered.
func (r RecordSet) out() RecordSet {
	if len(r.Values) > 0 {
		all := make([]record, len(r.Values))
		for i, v := range r.Values {
			all[i].Value = v
		}
		r.Records = &records{all}
	}
	return r
}

// label is how messages call a record set.
func (r RecordSet) label() string {
	if r.SetIdentifier != "" {
		return fmt.Sprintf("[name='%s', type='%s', set identifier='%s']", r.Name, r.Type, r.SetIdentifier)
	}
	return fmt.Sprintf("[name='%s', type='%s']", r.Name, r.Type)
}

// policy is the name of the routing policy, as messages have it; empty: none.
func (r RecordSet) policy() string {
	switch {
	case r.Weight != nil:
		return "weighted"
	case r.Region != "":
		return "latency"
	case r.GeoLocation != nil:
		return "geolocation"
	case r.Failover != "":
		return "failover"
	case r.MultiValueAnswer:
		return "multivalue answer"
	case r.CidrRoutingConfig != nil:
		return "CIDR"
	case r.GeoProximityLocation != nil:
		return "geoproximity"
	}
	return ""
}

// schema is what the API's XML schema and its first checks refuse: InvalidInput.
func (r RecordSet) schema(action string) *fail {
	facet := func(kind, value, limit, typ string) *fail {
		return refuse("InvalidInput", "Invalid XML ; cvc-%s-valid: Value '%s' is not facet-valid with respect to %s '%s' for type '%s'.", kind, value, kind, limit, typ)
	}
	where := fmt.Sprintf("in Change with [Action=%s, Name=%s, Type=%s, SetIdentifier=%s]", action, r.Name, r.Type, orNull(r.SetIdentifier))
	switch {
	case !slices.Contains(recordTypes, r.Type):
		return refuse("InvalidInput", "Invalid XML ; cvc-enumeration-valid: Value '%s' is not facet-valid with respect to enumeration '[%s]'. It must be a value from the enumeration.", r.Type, strings.Join(recordTypes, ", "))
	case len(r.Name) > 1024:
		return facet("maxLength", r.Name, "1024", "DNSName")
	case len(r.SetIdentifier) > 128:
		return facet("maxLength", r.SetIdentifier, "128", "ResourceRecordSetIdentifier")
	case r.TTL != nil && *r.TTL < 0:
		return facet("minInclusive", fmt.Sprint(*r.TTL), "0", "TTL")
	case r.TTL != nil && *r.TTL > maxTTL:
		return facet("maxInclusive", fmt.Sprint(*r.TTL), fmt.Sprint(maxTTL), "TTL")
	case r.Weight != nil && *r.Weight < 0:
		return facet("minInclusive", fmt.Sprint(*r.Weight), "0", "ResourceRecordSetWeight")
	case r.Weight != nil && *r.Weight > 255:
		return facet("maxInclusive", fmt.Sprint(*r.Weight), "255", "ResourceRecordSetWeight")
	case r.Failover != "" && r.Failover != "PRIMARY" && r.Failover != "SECONDARY":
		return refuse("InvalidInput", "Invalid XML ; cvc-enumeration-valid: Value '%s' is not facet-valid with respect to enumeration '[PRIMARY, SECONDARY]'. It must be a value from the enumeration.", r.Failover)
	case r.AliasTarget == nil && r.TrafficPolicyInstanceID == "" && (r.TTL == nil || len(r.Values) == 0):
		return refuse("InvalidInput", "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none %s", where)
	case r.AliasTarget != nil && (r.TTL != nil || len(r.Values) > 0):
		return refuse("InvalidInput", "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found more than one %s", where)
	case r.SetIdentifier != "" && r.policy() == "":
		return refuse("InvalidInput", "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer], but found none %s", where)
	case r.SetIdentifier == "" && r.policy() != "":
		return refuse("InvalidInput", "Invalid request: Missing field 'SetIdentifier' %s", where)
	case r.MultiValueAnswer && r.AliasTarget != nil:
		return refuse("InvalidInput", "Invalid request: MultiValueAnswer is not supported with AliasTarget %s", where)
	}
	for _, v := range r.Values {
		if len(v) > maxValue {
			return refuse("InvalidInput", "Invalid XML ; cvc-maxLength-valid: Value with length = '%d' is not facet-valid with respect to maxLength '%d' for type 'RData'.", len(v), maxValue)
		}
	}
	return nil
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// check makes a record set of what is to be written, or says what is wrong with it.
func (r RecordSet) check() (*set, []string) {
	var wrong []string
	name, err := canonicalName(r.Name)
	if err != nil {
		return nil, []string{err.Error()}
	}
	s := &set{RecordSet: r}
	s.Name = name
	for _, v := range r.Values {
		c, err := canonicalValue(r.Type, v)
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		if slices.Contains(s.canonical, c) {
			wrong = append(wrong, fmt.Sprintf("Duplicate Resource Record: '%s'", v))
		}
		s.canonical = append(s.canonical, c)
	}
	slices.Sort(s.canonical)
	if len(r.Values) > maxSetRecords {
		wrong = append(wrong, fmt.Sprintf("Cannot have more than %d records in a RRSet.", maxSetRecords))
	}
	if (r.Type == "CNAME" || r.Type == "SOA") && len(r.Values) > 1 {
		wrong = append(wrong, fmt.Sprintf("RRSet of type %s with DNS name %s can have only one resource record.", r.Type, name))
	}
	if r.Type == "NS" && strings.HasPrefix(name, `\052.`) {
		wrong = append(wrong, fmt.Sprintf("RRSet of type NS with DNS name %s is not permitted: wildcard NS records are not supported.", name))
	}
	if a := r.AliasTarget; a != nil {
		target, err := canonicalName(a.DNSName)
		if err != nil {
			return nil, append(wrong, err.Error())
		}
		s.AliasTarget = &AliasTarget{HostedZoneID: strings.TrimPrefix(a.HostedZoneID, "/hostedzone/"), DNSName: target, EvaluateTargetHealth: a.EvaluateTargetHealth}
	}
	return s, wrong
}

// same says that a record set is exactly another, the order of values apart.
func (s *set) same(o *set) bool {
	return s.policy() == o.policy() && equal(s.TTL, o.TTL) && equal(s.Weight, o.Weight) && equal(s.GeoLocation, o.GeoLocation) &&
		equal(s.AliasTarget, o.AliasTarget) && equal(s.CidrRoutingConfig, o.CidrRoutingConfig) && equal(s.GeoProximityLocation, o.GeoProximityLocation) &&
		s.Region == o.Region && s.Failover == o.Failover && s.HealthCheckID == o.HealthCheckID &&
		s.TrafficPolicyInstanceID == o.TrafficPolicyInstanceID && slices.Equal(s.canonical, o.canonical)
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
