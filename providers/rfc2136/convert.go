package rfc2136

import (
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
)

// typePrivate is where BIND keeps how far it is with signing a zone (BIND 9 ARM,
// sig-signing-type).
const typePrivate = 65534

// ownTypes are of the server itself: it makes them when it signs a zone.
var ownTypes = []uint16{
	dns.TypeRRSIG, dns.TypeNSEC, dns.TypeNSEC3, dns.TypeNSEC3PARAM,
	dns.TypeDNSKEY, dns.TypeCDS, dns.TypeCDNSKEY, typePrivate,
}

// rrsets are what was read of a zone.
type rrsets map[zone.Key]zone.RRset

// entries are in canonical order.
func (s rrsets) entries() []hosted.Entry {
	all := make([]hosted.Entry, 0, len(s))
	for _, r := range s {
		all = append(all, hosted.Simple(r))
	}
	slices.SortFunc(all, func(a, b hosted.Entry) int { return hosted.CompareKeys(a.Key, b.Key) })
	return all
}

// building is an RRset that records are added to.
type building struct {
	ttl    uint32
	rdatas []string
}

// collector puts the records of a transfer together.
type collector struct {
	apex    dnsname.Name
	sets    map[zone.Key]*building
	first   string // RDATA of the SOA that the transfer begins with
	records int
	done    bool
}

// add takes the next record. A transfer begins and ends with the same SOA (RFC
// 5936 §2.2).
func (c *collector) add(rr dns.RR) error {
	owner, err := ownerOf(rr)
	if err != nil {
		return err
	}
	typ := rr.Header().Rrtype
	if c.done {
		return fmt.Errorf("%s %s comes behind the SOA that ends the zone", owner, zone.TypeString(typ))
	}
	rdata, err := rdataOf(rr)
	if err != nil {
		return fmt.Errorf("%s %s: %w", owner, zone.TypeString(typ), err)
	}
	if !owner.Under(c.apex) {
		return fmt.Errorf("%s is not in the zone", owner)
	}
	switch soa := typ == zone.TypeSOA; {
	case c.records == 0 && !(soa && owner == c.apex):
		return fmt.Errorf("the first record is %s %s, not the zone's SOA", owner, zone.TypeString(typ))
	case c.records == 0:
		c.first = rdata
	case soa && rdata != c.first:
		return fmt.Errorf("the zone changed during its transfer")
	case soa:
		c.done = true
		return nil
	}
	c.records++
	if slices.Contains(ownTypes, typ) {
		return nil
	}
	c.put(zone.Key{Owner: owner, Type: typ}, rr.Header().Ttl, rdata)
	return nil
}

// put adds a record to its RRset. Of different TTLs the lowest counts (RFC 2181 §5.2).
func (c *collector) put(k zone.Key, ttl uint32, rdata string) {
	if b := c.sets[k]; b != nil {
		b.ttl, b.rdatas = min(b.ttl, ttl), append(b.rdatas, rdata)
		return
	}
	c.sets[k] = &building{ttl, []string{rdata}}
}

func (c *collector) rrsets() rrsets {
	all := make(rrsets, len(c.sets))
	for k, b := range c.sets {
		all[k] = zone.NewRRset(k.Owner, k.Type, b.ttl, b.rdatas...)
	}
	return all
}

// ownerOf is the record's owner name.
func ownerOf(rr dns.RR) (dnsname.Name, error) {
	var buf [dnsname.MaxWire + 1]byte
	end, err := dns.PackDomainName(rr.Header().Name, buf[:], 0, nil, false)
	if err != nil {
		return dnsname.Name{}, fmt.Errorf("owner name %q: %w", rr.Header().Name, err)
	}
	n, _, err := dnsname.FromWire(buf[:end])
	return n, err
}

// rdataOf is the record's canonical RDATA.
func rdataOf(rr dns.RR) (string, error) {
	buf := make([]byte, dns.Len(rr)+64)
	start, err := dns.PackDomainName(rr.Header().Name, buf, 0, nil, false)
	if err != nil {
		return "", err
	}
	end, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return "", err
	}
	const fixed = 10 // type, class, TTL, length
	return zonefile.Canonical(rr.Header().Rrtype, buf[start+fixed:end])
}
