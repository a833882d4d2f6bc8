package route53

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// policyForeign is the routing policy of Sets that somebody else made in a way
// that fedns does not know (traffic flow, geoproximity, CIDR). It equals nothing
// that fedns wants, and is never written.
const policyForeign hosted.Policy = 255

// step is one Change element of a batch.
type step struct {
	action types.ChangeAction
	key    hosted.Key
	set    hosted.Set
}

// steps are what turns Old into New: the Sets that both have alike are left alone.
func steps(c hosted.Change) []step {
	var all []step
	for _, s := range c.Old.Sets {
		if n, ok := c.New.Set(s.ID); !ok || n != s {
			all = append(all, step{types.ChangeActionDelete, c.Old.Key, s})
		}
	}
	for _, s := range c.New.Sets {
		if o, ok := c.Old.Set(s.ID); !ok || o != s {
			all = append(all, step{types.ChangeActionCreate, c.New.Key, s})
		}
	}
	return all
}

// records counts the ResourceRecord elements of a step. An alias counts as one.
func (s step) records() int { return max(1, s.set.Records.Len()) }

// characters counts those of the Value elements of a step.
func (s step) characters() int {
	n := 0
	for d := range s.set.Records.RDATA() {
		if text, err := rdataText(s.key.Type, d); err == nil {
			n += len(text)
		} else {
			n += len(d)
		}
	}
	return n
}

// encode is a Set as Route 53 has it. healthID is its health check's; empty: none.
func encode(k hosted.Key, s hosted.Set, healthID string) (types.ResourceRecordSet, error) {
	r := types.ResourceRecordSet{Name: aws.String(nameText(k.Owner)), Type: types.RRType(dns.TypeToString[k.Type])}
	if healthID != "" {
		r.HealthCheckId = &healthID
	}
	if err := encodeRouting(&r, s); err != nil {
		return r, err
	}
	if s.Alias.IsSet() {
		r.AliasTarget = &types.AliasTarget{
			DNSName: aws.String(nameText(s.Alias.Target)), HostedZoneId: &s.Alias.ZoneID, EvaluateTargetHealth: s.Alias.Evaluate,
		}
		return r, nil
	}
	r.TTL = aws.Int64(int64(s.Records.TTL))
	for d := range s.Records.RDATA() {
		text, err := rdataText(k.Type, d)
		if err != nil {
			return r, err
		}
		r.ResourceRecords = append(r.ResourceRecords, types.ResourceRecord{Value: &text})
	}
	if len(r.ResourceRecords) == 0 {
		return r, errors.New("there are no records")
	}
	return r, nil
}

func encodeRouting(r *types.ResourceRecordSet, s hosted.Set) error {
	if s.ID != "" {
		r.SetIdentifier = &s.ID
	}
	g := s.Routing
	switch g.Policy {
	case hosted.PolicySimple:
	case hosted.PolicyWeighted:
		r.Weight = aws.Int64(int64(g.Weight))
	case hosted.PolicyLatency:
		r.Region = types.ResourceRecordSetRegion(g.Region)
	case hosted.PolicyGeo:
		if g.Region != "" {
			return fmt.Errorf("geolocation by region %s is not known here: continent, country or subdivision is", g.Region)
		}
		r.GeoLocation = &types.GeoLocation{
			ContinentCode: optional(g.Continent), CountryCode: optional(g.Country), SubdivisionCode: optional(g.Subdivision),
		}
	case hosted.PolicyFailover:
		r.Failover = types.ResourceRecordSetFailoverPrimary
		if g.Secondary {
			r.Failover = types.ResourceRecordSetFailoverSecondary
		}
	case hosted.PolicyMultivalue:
		r.MultiValueAnswer = aws.Bool(true)
	default:
		return fmt.Errorf("routing by %s is somebody else's, and not written", g.Region)
	}
	return nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// decode is encode's inverse; Health is left to who knows the health checks. What
// fedns would not write stays recognisable: a Value that cannot be read is its own
// RDATA, a routing policy that is not known is policyForeign. Only a name or type
// that cannot be read is an error.
func decode(r types.ResourceRecordSet) (hosted.Key, hosted.Set, error) {
	owner, err := parseName(aws.ToString(r.Name))
	if err != nil {
		return hosted.Key{}, hosted.Set{}, fmt.Errorf("record set: %w", err)
	}
	k := hosted.Key{Owner: owner, Type: dns.StringToType[string(r.Type)]}
	if k.Type == 0 {
		return k, hosted.Set{}, fmt.Errorf("record set %s: unknown type %q", owner, r.Type)
	}
	s := hosted.Set{ID: aws.ToString(r.SetIdentifier), Routing: decodeRouting(r)}
	if a := r.AliasTarget; a != nil {
		target, err := parseName(aws.ToString(a.DNSName))
		if err != nil {
			return k, s, fmt.Errorf("record set %s: alias: %w", hosted.KeyString(k), err)
		}
		s.Alias = hosted.Alias{Target: target, ZoneID: aws.ToString(a.HostedZoneId), Evaluate: a.EvaluateTargetHealth}
		return k, s, nil
	}
	rdatas := make([]string, 0, len(r.ResourceRecords))
	for _, v := range r.ResourceRecords {
		d, err := parseRDATA(k.Type, aws.ToString(v.Value))
		if err != nil {
			d = aws.ToString(v.Value)
		}
		rdatas = append(rdatas, d)
	}
	s.Records = zone.NewRRset(k.Owner, k.Type, uint32(aws.ToInt64(r.TTL)), rdatas...)
	return k, s, nil
}

func decodeRouting(r types.ResourceRecordSet) hosted.Routing {
	switch {
	case r.TrafficPolicyInstanceId != nil:
		return hosted.Routing{Policy: policyForeign, Region: "traffic policy instance " + *r.TrafficPolicyInstanceId}
	case r.CidrRoutingConfig != nil:
		return hosted.Routing{Policy: policyForeign, Region: "CIDR location " + aws.ToString(r.CidrRoutingConfig.LocationName)}
	case r.GeoProximityLocation != nil:
		return hosted.Routing{Policy: policyForeign, Region: "geoproximity"}
	case r.Weight != nil:
		return hosted.Routing{Policy: hosted.PolicyWeighted, Weight: uint16(*r.Weight)}
	case r.Region != "":
		return hosted.Routing{Policy: hosted.PolicyLatency, Region: string(r.Region)}
	case r.GeoLocation != nil:
		return hosted.Routing{
			Policy: hosted.PolicyGeo, Continent: aws.ToString(r.GeoLocation.ContinentCode),
			Country: aws.ToString(r.GeoLocation.CountryCode), Subdivision: aws.ToString(r.GeoLocation.SubdivisionCode),
		}
	case r.Failover != "":
		return hosted.Routing{Policy: hosted.PolicyFailover, Secondary: r.Failover == types.ResourceRecordSetFailoverSecondary}
	case aws.ToBool(r.MultiValueAnswer):
		return hosted.Routing{Policy: hosted.PolicyMultivalue}
	case r.SetIdentifier != nil:
		return hosted.Routing{Policy: policyForeign, Region: "an unknown policy"}
	}
	return hosted.Routing{}
}

// gather puts Sets together to Entries.
func gather(sets map[hosted.Key][]hosted.Set) []hosted.Entry {
	entries := make([]hosted.Entry, 0, len(sets))
	for k, s := range sets {
		entries = append(entries, hosted.NewEntry(k, s...))
	}
	// In an order that is always the same; the canonical one costs a sort key a name.
	slices.SortFunc(entries, func(a, b hosted.Entry) int {
		return cmp.Or(cmp.Compare(a.Key.Owner.Wire(), b.Key.Owner.Wire()), cmp.Compare(a.Key.Type, b.Key.Type))
	})
	return entries
}
