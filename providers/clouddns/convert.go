package clouddns

import (
	"fmt"
	"math"

	dns "google.golang.org/api/dns/v1"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
)

func typeText(typ uint16) string                { return zonefile.TypeText(typ) }
func parseType(text string) (t uint16, ok bool) { return zonefile.ParseType(text) }

// encode is an Entry as Cloud DNS has it. Everything that Limits refuse is an
// error or goes to Cloud DNS to be refused there.
func (z *Zone) encode(e hosted.Entry) (*dns.ResourceRecordSet, error) {
	r := &dns.ResourceRecordSet{Name: e.Key.Owner.String(), Type: typeText(e.Key.Type)}
	for _, s := range e.Sets {
		if s.Alias.IsSet() {
			return nil, fmt.Errorf("%s: %s", hosted.KeyString(e.Key), noAlias)
		}
		// Zero is a TTL like others, and would not be sent.
		r.Ttl, r.ForceSendFields = int64(s.Records.TTL), []string{"Ttl"}
	}
	switch e.Policy() {
	case hosted.PolicySimple:
		r.Rrdatas = texts(e.Sets[0].Records)
	case hosted.PolicyWeighted:
		wrr := &dns.RRSetRoutingPolicyWrrPolicy{}
		for _, s := range e.Sets {
			wrr.Items = append(wrr.Items, &dns.RRSetRoutingPolicyWrrPolicyWrrPolicyItem{
				Weight: float64(s.Routing.Weight), Rrdatas: texts(s.Records), ForceSendFields: []string{"Weight"},
			})
		}
		r.RoutingPolicy = &dns.RRSetRoutingPolicy{Wrr: wrr}
	case hosted.PolicyGeo:
		geo := &dns.RRSetRoutingPolicyGeoPolicy{}
		for _, s := range e.Sets {
			geo.Items = append(geo.Items, &dns.RRSetRoutingPolicyGeoPolicyGeoPolicyItem{
				Location: s.Routing.Region, Rrdatas: texts(s.Records),
			})
		}
		r.RoutingPolicy = &dns.RRSetRoutingPolicy{Geo: geo}
	case hosted.PolicyFailover:
		r.RoutingPolicy = z.encodeFailover(e)
	default:
		return nil, fmt.Errorf("%s: cloud dns has no routing policy %s", hosted.KeyString(e.Key), e.Policy())
	}
	return r, nil
}

// encodeFailover answers the primary's addresses while the health check reaches
// them, else the secondary's.
func (z *Zone) encodeFailover(e hosted.Entry) *dns.RRSetRoutingPolicy {
	p := &dns.RRSetRoutingPolicyPrimaryBackupPolicy{
		PrimaryTargets:   &dns.RRSetRoutingPolicyHealthCheckTargets{},
		BackupGeoTargets: &dns.RRSetRoutingPolicyGeoPolicy{},
	}
	for _, s := range e.Sets {
		if !s.Routing.Secondary {
			p.PrimaryTargets.ExternalEndpoints = append(p.PrimaryTargets.ExternalEndpoints, texts(s.Records)...)
			continue
		}
		p.BackupGeoTargets.Items = append(p.BackupGeoTargets.Items, &dns.RRSetRoutingPolicyGeoPolicyGeoPolicyItem{
			Location: z.cfg.BackupRegion, Rrdatas: texts(s.Records),
		})
	}
	return &dns.RRSetRoutingPolicy{PrimaryBackup: p, HealthCheck: z.cfg.HealthCheck}
}

// texts are the records in presentation form.
func texts(r zone.RRset) []string {
	out := make([]string, 0, r.Len())
	for d := range r.RDATA() {
		out = append(out, zonefile.RDATAText(r.Type, d))
	}
	return out
}

// decode is a ResourceRecordSet as Sets. What a Set cannot say is not in them:
// whoever needs to know encodes them again and compares.
func (g *gathering) decode(k hosted.Key, r *dns.ResourceRecordSet) hosted.Entry {
	set := func(routing hosted.Routing, data []string) hosted.Set {
		records := g.records(k, r.Ttl, data)
		return hosted.Set{ID: SetID(routing, records), Records: records, Routing: routing}
	}
	p := r.RoutingPolicy
	if p == nil {
		return hosted.NewEntry(k, set(hosted.Routing{}, r.Rrdatas))
	}
	var sets []hosted.Set
	switch {
	case p.Wrr != nil:
		for _, it := range p.Wrr.Items {
			weight := uint16(max(0, min(it.Weight, math.MaxUint16)))
			sets = append(sets, set(hosted.Routing{Policy: hosted.PolicyWeighted, Weight: weight}, with(it.Rrdatas, it.HealthCheckedTargets)))
		}
	case p.Geo != nil:
		for _, it := range p.Geo.Items {
			sets = append(sets, set(hosted.Routing{Policy: hosted.PolicyGeo, Region: it.Location}, with(it.Rrdatas, it.HealthCheckedTargets)))
		}
	case p.PrimaryBackup != nil:
		sets = append(sets, set(hosted.Routing{Policy: hosted.PolicyFailover}, with(nil, p.PrimaryBackup.PrimaryTargets)))
		if b := p.PrimaryBackup.BackupGeoTargets; b != nil {
			for _, it := range b.Items {
				sets = append(sets, set(hosted.Routing{Policy: hosted.PolicyFailover, Secondary: true}, with(it.Rrdatas, it.HealthCheckedTargets)))
			}
		}
	default: // a policy that is newer than this code
		sets = append(sets, set(hosted.Routing{}, nil))
	}
	return hosted.NewEntry(k, sets...)
}

// with puts the addresses that a health check decides on behind the others.
func with(data []string, t *dns.RRSetRoutingPolicyHealthCheckTargets) []string {
	if t == nil {
		return data
	}
	data = append(append([]string(nil), data...), t.ExternalEndpoints...)
	for _, b := range t.InternalLoadBalancers {
		data = append(data, b.IpAddress)
	}
	return data
}

// records reads RDATA. Of what cannot be read the text itself stands for it: it
// is not ours, and must be seen to be there.
func (g *gathering) records(k hosted.Key, ttl int64, data []string) zone.RRset {
	rdatas := make([]string, len(data))
	for i, text := range data {
		rdata, err := g.parser.Parse(k.Type, text)
		if err != nil {
			rdata = text
		}
		rdatas[i] = rdata
	}
	return zone.NewRRset(k.Owner, k.Type, uint32(max(0, min(ttl, math.MaxInt32))), rdatas...)
}

// aliasZone marks an ALIAS record, which only Cloud DNS has: it answers for A and
// AAAA with the addresses of another name.
const aliasZone = "ALIAS"

func mayBeAlias(typ uint16) bool { return typ == zone.TypeA || typ == zone.TypeAAAA }

// alias is an ALIAS record as the Entry of an address type.
func alias(k hosted.Key, r *dns.ResourceRecordSet) hosted.Entry {
	target := dnsname.Root
	if len(r.Rrdatas) == 1 {
		if n, err := dnsname.Parse(r.Rrdatas[0]); err == nil {
			target = n
		}
	}
	return hosted.NewEntry(k, hosted.Set{Alias: hosted.Alias{Target: target, ZoneID: aliasZone}})
}
