package webhook

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
)

// foreignZone is the Alias.ZoneID of an address record whose target is a name:
// the server has its service look it up.
const foreignZone = "webhook"

// holdings are what a server told, by Key and set identifier: the Set, and the
// endpoint that it was read from, which is sent back as it is to change it.
type holdings map[hosted.Key]map[string]held

type held struct {
	set      hosted.Set
	endpoint endpoint
}

// entry is what there is of a Key.
func (h holdings) entry(k hosted.Key) hosted.Entry {
	sets := make([]hosted.Set, 0, len(h[k]))
	for _, s := range h[k] {
		sets = append(sets, s.set)
	}
	return hosted.NewEntry(k, sets...)
}

// entries are in canonical order.
func (h holdings) entries() []hosted.Entry {
	all := make([]hosted.Entry, 0, len(h))
	for k := range h {
		all = append(all, h.entry(k))
	}
	slices.SortFunc(all, func(a, b hosted.Entry) int { return hosted.CompareKeys(a.Key, b.Key) })
	return all
}

// add takes an endpoint. Some servers tell one for each target: they are put together.
func (h holdings) add(apex dnsname.Name, e endpoint) {
	k, ok := keyOf(e)
	if !ok || !k.Owner.Under(apex) {
		return
	}
	if h[k] == nil {
		h[k] = map[string]held{}
	}
	if before, ok := h[k][e.SetIdentifier]; ok {
		before.endpoint.Targets = append(slices.Clone(before.endpoint.Targets), e.Targets...)
		e = before.endpoint
	}
	h[k][e.SetIdentifier] = held{setOf(k, e), e}
}

// keyOf is an endpoint's Key; false: it has none in DNS.
func keyOf(e endpoint) (hosted.Key, bool) {
	owner, err := dnsname.Parse(e.DNSName)
	if err != nil {
		return hosted.Key{}, false
	}
	typ, ok := dns.StringToType[strings.ToUpper(e.RecordType)]
	return hosted.Key{Owner: owner, Type: typ}, ok
}

// setOf is an endpoint as a Set. Targets that cannot be read as the type's are
// kept in their own octets, so that they are the same to nothing that fedns makes.
func setOf(k hosted.Key, e endpoint) hosted.Set {
	if len(e.Targets) == 1 && (k.Type == zone.TypeA || k.Type == zone.TypeAAAA) {
		if _, err := netip.ParseAddr(e.Targets[0]); err != nil {
			if target, err := dnsname.Parse(e.Targets[0]); err == nil && plainName(target) {
				return hosted.Set{ID: e.SetIdentifier, Alias: hosted.Alias{Target: target, ZoneID: foreignZone}}
			}
		}
	}
	rdatas := make([]string, len(e.Targets))
	for i, target := range e.Targets {
		var err error
		if rdatas[i], err = rdataOf(k.Type, target); err != nil {
			rdatas[i] = target
		}
	}
	ttl := uint32(min(max(e.RecordTTL, 0), 1<<32-1))
	return hosted.Set{ID: e.SetIdentifier, Records: zone.NewRRset(k.Owner, k.Type, ttl, rdatas...)}
}

// parsers are for one target at a time each: one has room for the longest RDATA.
var parsers = sync.Pool{New: func() any { return new(zonefile.RDATAParser) }}

// rdataOf reads a target. Names in it are absolute, with or without the final dot.
// A text is in quotes, as external-dns's own registry writes it, or as it is.
func rdataOf(typ uint16, target string) (string, error) {
	if typ == zone.TypeTXT && !strings.HasPrefix(target, `"`) {
		return zone.TXT(target), nil
	}
	if a, err := netip.ParseAddr(target); err == nil && a.Zone() == "" && zone.AddrType(a) == typ && !a.Is4In6() {
		return zone.Addr(a), nil
	}
	p := parsers.Get().(*zonefile.RDATAParser)
	defer parsers.Put(p)
	rdata, err := p.Parse(typ, target)
	if err != nil && typ == zone.TypeTXT {
		return zone.TXT(target), nil
	}
	return rdata, err
}

// endpointOf is a Set as external-dns writes it: names without the final dot, but
// in SRV and NAPTR targets; texts in quotes.
func endpointOf(k hosted.Key, s hosted.Set) endpoint {
	e := endpoint{DNSName: nameText(k.Owner), RecordType: dns.TypeToString[k.Type], RecordTTL: int64(s.TTL())}
	for rdata := range s.Records.RDATA() {
		e.Targets = append(e.Targets, targetText(k.Type, zonefile.RDATAText(k.Type, rdata)))
	}
	return e
}

// targetText is a target of data in zone file form.
func targetText(typ uint16, text string) string {
	switch typ {
	case zone.TypeTXT, zone.TypeSRV, dns.TypeNAPTR:
		return text
	}
	return strings.TrimSuffix(text, ".")
}

func nameText(n dnsname.Name) string { return strings.TrimSuffix(n.String(), ".") }

// same says why an endpoint that the server adjusted is not the one it was given;
// empty if it is.
func same(k hosted.Key, want, got endpoint) string {
	if w, g := setOf(k, want), setOf(k, got); w != g {
		return fmt.Sprintf("the webhook would make it %s", g)
	}
	return ""
}
