package clouddns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	dns "google.golang.org/api/dns/v1"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
)

// spelling is how Cloud DNS has an Entry when that is not how encode writes it:
// written by somebody else, or with things that an Entry cannot say. A deletion
// has to give it as it is.
type spelling struct {
	entry hosted.Entry
	raw   *dns.ResourceRecordSet
}

// gathering makes Entries of what is listed.
type gathering struct {
	z        *Zone
	parser   zonefile.RDATAParser
	found    map[hosted.Key]hosted.Entry
	spelling map[hosted.Key]spelling
}

func newGathering(z *Zone) *gathering {
	return &gathering{z: z, found: map[hosted.Key]hosted.Entry{}, spelling: map[hosted.Key]spelling{}}
}

// unknown is the type of records whose own has no number here (RFC 6895 §3.1:
// private use). Their RDATA is the type and the text.
const unknown = 65534

// add takes one record set, and notes how it is spelled if that has to be known.
func (g *gathering) add(r *dns.ResourceRecordSet) {
	owner, err := dnsname.Parse(r.Name)
	if err != nil {
		return // no name that anything of ours could have
	}
	if r.Type == aliasZone {
		for _, typ := range []uint16{zone.TypeA, zone.TypeAAAA} {
			k := hosted.Key{Owner: owner, Type: typ}
			g.found[k] = alias(k, r)
		}
		return
	}
	typ, ok := parseType(r.Type)
	if !ok {
		k := hosted.Key{Owner: owner, Type: unknown}
		have := zone.NewRRset(owner, unknown, uint32(max(0, r.Ttl)))
		if e, ok := g.found[k]; ok {
			have = e.Sets[0].Records
		}
		g.found[k] = hosted.Simple(have.With(fmt.Sprint(r.Type, " ", r.Rrdatas)))
		return
	}
	k := hosted.Key{Owner: owner, Type: typ}
	e := g.decode(k, r)
	again, err := g.z.encode(e)
	switch {
	case err != nil || !e.Equal(Canonical(e)): // parts that Canonical would put together
		e = foreign(e, r)
		g.spelling[k] = spelling{e, r}
	case alike(r, again):
	case g.means(e, r, again):
		g.spelling[k] = spelling{e, r}
	default:
		e = foreign(e, r)
		g.spelling[k] = spelling{e, r}
	}
	g.found[k] = e
}

func (g *gathering) entries() []hosted.Entry { return slices.Collect(maps.Values(g.found)) }

// only are the entries that were asked for.
func (g *gathering) only(keys map[hosted.Key]bool) []hosted.Entry {
	var out []hosted.Entry
	for k, e := range g.found {
		if keys[k] {
			out = append(out, e)
		}
	}
	return out
}

// alike says that two record sets are written with the same letters.
func alike(a, b *dns.ResourceRecordSet) bool {
	if a.RoutingPolicy == nil && b.RoutingPolicy == nil {
		return a.Name == b.Name && a.Ttl == b.Ttl && slices.Equal(a.Rrdatas, b.Rrdatas)
	}
	return a.Name == b.Name && a.Ttl == b.Ttl && text(a) == text(b)
}

// means says that raw, whose RDATA may be spelled otherwise, says no more and no
// less than e, which again is encoded from.
func (g *gathering) means(e hosted.Entry, raw, again *dns.ResourceRecordSet) bool {
	if raw.RoutingPolicy == nil {
		return raw.Ttl == again.Ttl
	}
	return text(g.plain(e, raw)) == text(g.plain(e, again))
}

// plain is r with its RDATA and its items in canonical order and spelling.
func (g *gathering) plain(e hosted.Entry, r *dns.ResourceRecordSet) *dns.ResourceRecordSet {
	c := clone(r)
	tidy := func(data []string) []string {
		return texts(g.records(e.Key, 0, data))
	}
	targets := func(t *dns.RRSetRoutingPolicyHealthCheckTargets) {
		if t != nil && len(t.ExternalEndpoints) > 0 {
			t.ExternalEndpoints = tidy(t.ExternalEndpoints)
		}
	}
	c.Name, c.Rrdatas = e.Key.Owner.String(), tidy(c.Rrdatas)
	p := c.RoutingPolicy
	if p == nil {
		return c
	}
	geos := []*dns.RRSetRoutingPolicyGeoPolicy{p.Geo}
	if p.PrimaryBackup != nil {
		targets(p.PrimaryBackup.PrimaryTargets)
		geos = append(geos, p.PrimaryBackup.BackupGeoTargets)
	}
	for _, geo := range geos {
		if geo == nil {
			continue
		}
		for _, it := range geo.Items {
			it.Rrdatas = tidy(it.Rrdatas)
			targets(it.HealthCheckedTargets)
		}
		slices.SortFunc(geo.Items, byText)
	}
	if p.Wrr != nil {
		for _, it := range p.Wrr.Items {
			it.Rrdatas = tidy(it.Rrdatas)
			targets(it.HealthCheckedTargets)
		}
		slices.SortFunc(p.Wrr.Items, byText)
	}
	return c
}

// foreign is e with identifiers that nothing of ours has: what it cannot say
// must not look as if it was what we want.
func foreign(e hosted.Entry, r *dns.ResourceRecordSet) hosted.Entry {
	h := sha256.Sum256([]byte(text(r)))
	sets := slices.Clone(e.Sets)
	for i := range sets {
		sets[i].ID = fmt.Sprintf("foreign-%s-%d", hex.EncodeToString(h[:8]), i)
	}
	return hosted.NewEntry(e.Key, sets...)
}

// text is r in JSON, without kinds and signatures, which only come back.
func text(r any) string {
	if set, ok := r.(*dns.ResourceRecordSet); ok {
		r = clone(set)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err.Error() // a NaN: it is like nothing else
	}
	return string(b)
}

func byText[T any](a, b T) int {
	x, y := text(a), text(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// clone copies r by way of JSON, and leaves out what only comes back.
func clone(r *dns.ResourceRecordSet) *dns.ResourceRecordSet {
	c := *r
	c.Kind, c.SignatureRrdatas, c.RoutingPolicy, c.ForceSendFields = "", nil, nil, []string{"Ttl"}
	c.ServerResponse.Header = nil
	if r.RoutingPolicy == nil {
		return &c
	}
	p := &dns.RRSetRoutingPolicy{}
	b, err := json.Marshal(r.RoutingPolicy)
	if err == nil {
		err = json.Unmarshal(b, p)
	}
	if err != nil {
		return &c
	}
	strip(p)
	c.RoutingPolicy = p
	return &c
}

func strip(p *dns.RRSetRoutingPolicy) {
	p.Kind = ""
	geo := func(g *dns.RRSetRoutingPolicyGeoPolicy) {
		if g == nil {
			return
		}
		g.Kind = ""
		for _, it := range g.Items {
			it.Kind, it.SignatureRrdatas = "", nil
		}
	}
	geo(p.Geo)
	if p.PrimaryBackup != nil {
		p.PrimaryBackup.Kind = ""
		geo(p.PrimaryBackup.BackupGeoTargets)
	}
	if p.Wrr != nil {
		p.Wrr.Kind = ""
		for _, it := range p.Wrr.Items {
			it.Kind, it.SignatureRrdatas, it.ForceSendFields = "", nil, []string{"Weight"}
		}
	}
}
