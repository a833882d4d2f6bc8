package hosted

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
)

// patience is how long a name server may take to answer.
const patience = 10 * time.Second

// question is a name and a type, as `dig` takes them: "web.shop.prod. A".
type question string

func questionOf(rr dns.RR) question {
	return question(rr.Header().Name + " " + dns.TypeToString[rr.Header().Rrtype])
}

// content is what a zone holds under each question, as records in zone file form,
// sorted. The SOA and the apex' NS, which each server has its own of, are left out.
type content map[question][]string

func (c content) add(rr dns.RR) {
	q := questionOf(rr)
	c[q] = append(c[q], rr.String())
	slices.Sort(c[q])
}

// registry says that a question is of what fedns keeps in hosted zones for itself.
func (q question) registry() bool {
	name, typ, _ := strings.Cut(string(q), " ")
	owner, err := dnsname.Parse(name)
	if err != nil {
		return false
	}
	k := hosted.Key{Owner: owner, Type: dns.StringToType[typ]}
	return ownership.IsClaim(k) || ownership.IsFence(k)
}

// own says that a record is one that each name server has its own of.
func own(rr dns.RR, apex string) bool {
	t := rr.Header().Rrtype
	return t == dns.TypeSOA || t == dns.TypeNS && rr.Header().Name == apex
}

// transfer fetches records from a name server, with a key unless it is empty. An
// IXFR begins at a serial.
func transfer(ctx context.Context, addr netip.AddrPort, apex string, since *uint32, key bool) ([]dns.RR, error) {
	var q dns.Msg
	if since == nil {
		q.SetAxfr(apex)
	} else {
		q.SetIxfr(apex, *since, "ns.", "hostmaster.")
	}
	t := dns.Transfer{DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience}
	if key {
		t.TsigSecret = map[string]string{keyName: secret}
		q.SetTsig(keyName, dns.HmacSHA256, 300, time.Now().Unix())
	}
	all, err := t.In(&q, addr.String())
	if err != nil {
		return nil, fmt.Errorf("transfer %s from %s: %w", apex, addr, err)
	}
	var got []dns.RR
	for part := range all { // to its end, or the sender waits for ever
		err = errors.Join(err, part.Error)
		got = append(got, part.RR...)
	}
	if err != nil {
		return nil, fmt.Errorf("transfer %s from %s: %w", apex, addr, err)
	}
	return got, ctx.Err()
}

// holds is what a name server holds of a zone, and the zone's serial.
func holds(ctx context.Context, addr netip.AddrPort, apex string, key bool) (content, uint32, error) {
	rrs, err := transfer(ctx, addr, apex, nil, key)
	if err != nil {
		return nil, 0, err
	}
	if len(rrs) < 2 {
		return nil, 0, fmt.Errorf("transfer %s from %s: %d records", apex, addr, len(rrs))
	}
	soa, ok := rrs[0].(*dns.SOA)
	if !ok {
		return nil, 0, fmt.Errorf("transfer %s from %s: it begins with %s", apex, addr, rrs[0])
	}
	c := content{}
	for _, rr := range rrs {
		if !own(rr, apex) {
			c.add(rr)
		}
	}
	return c, soa.Serial, nil
}

// update is what one UPDATE changed in a zone.
type update struct {
	serial             uint32 // afterwards
	deleted, additions []dns.RR
}

// updates are those made to a zone at BIND since a serial, by its journal (RFC 1995
// §4).
func (b *bind) updates(ctx context.Context, apex string, since uint32) ([]update, error) {
	rrs, err := transfer(ctx, b.addr, apex, &since, true)
	if err != nil {
		return nil, err
	}
	if len(rrs) == 1 {
		return nil, nil // nothing since
	}
	var all []update
	soas := 0
	for _, rr := range rrs[1 : len(rrs)-1] {
		soa, ok := rr.(*dns.SOA)
		switch {
		case ok && soas%2 == 0:
			if all == nil && soa.Serial != since {
				return nil, fmt.Errorf("IXFR of %s begins at %d, want %d", apex, soa.Serial, since)
			}
			all = append(all, update{})
			soas++
		case ok:
			all[len(all)-1].serial = soa.Serial
			soas++
		case soas == 0:
			return nil, fmt.Errorf("BIND has no journal of %s since %d", apex, since)
		case soas%2 == 1:
			all[len(all)-1].deleted = append(all[len(all)-1].deleted, rr)
		default:
			all[len(all)-1].additions = append(all[len(all)-1].additions, rr)
		}
	}
	return all, nil
}

// foreign is what strangers has of a zone.
func foreign(apex string) (content, error) {
	c := content{}
	p := dns.NewZoneParser(strings.NewReader("$TTL 300\n"+strangers[apex]), apex, "strangers")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		c.add(rr)
	}
	return c, p.Err()
}
