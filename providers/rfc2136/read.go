package rfc2136

import (
	"context"
	"errors"
	"slices"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
)

// errHidden: queries cannot tell what the zone holds.
var errHidden = errors.New("queries do not tell what the zone holds")

// read asks for each of keys on one connection, and has what was answered
// confirmed.
func (z *Zone) read(ctx context.Context, keys []zone.Key) (rrsets, error) {
	s, err := z.dial(ctx, z.primary)
	if err != nil {
		return nil, err
	}
	defer s.close()
	found := rrsets{}
	var doubt []zone.RRset
	for _, k := range keys {
		r, err := z.lookup(ctx, s, k)
		if err != nil {
			return nil, err
		}
		switch {
		case r.IsEmpty():
		case k.Owner == z.cfg.Apex: // always exists
			found[k] = r
		default:
			doubt = append(doubt, r)
		}
	}
	return found, z.confirm(ctx, s, doubt, found)
}

// lookup asks for one RRset; it is empty when there is none.
func (z *Zone) lookup(ctx context.Context, s *stream, k zone.Key) (zone.RRset, error) {
	if !k.Owner.Under(z.cfg.Apex) || slices.Contains(ownTypes, k.Type) {
		return zone.RRset{}, nil
	}
	if err := z.cfg.Gate.Wait(ctx, ActionQuery, false); err != nil {
		return zone.RRset{}, err
	}
	a, err := s.query(k)
	if err != nil {
		return zone.RRset{}, err
	}
	if !a.Authoritative {
		return zone.RRset{}, errHidden // a referral: records at or below a zone cut
	}
	c := collector{apex: z.cfg.Apex, sets: map[zone.Key]*building{}}
	for _, rr := range a.Answer {
		owner, err := ownerOf(rr)
		if err != nil {
			return zone.RRset{}, err
		}
		typ := rr.Header().Rrtype
		if typ == dns.TypeDNAME && owner != k.Owner && k.Owner.Under(owner) {
			return zone.RRset{}, errHidden
		}
		if owner != k.Owner || typ != k.Type {
			continue // what a CNAME leads to
		}
		rdata, err := rdataOf(rr)
		if err != nil {
			return zone.RRset{}, err
		}
		c.put(k, rr.Header().Ttl, rdata)
	}
	return c.rrsets()[k], nil
}

// perMessage is how many RRsets are confirmed at once: names of 255 octets fit.
const perMessage = 200

// confirm puts those of sets into found that the zone really holds: the others
// were made from a wildcard. It asks whether there is such an RRset, whatever it
// has (RFC 2136 §2.4.1), so that one that changes meanwhile is found all the same.
func (z *Zone) confirm(ctx context.Context, s *stream, sets []zone.RRset, found rrsets) error {
	for part := range slices.Chunk(sets, perMessage) {
		holds, err := z.exist(ctx, s, part...)
		if err != nil {
			return err
		}
		for _, r := range part {
			there := holds
			if !holds && len(part) > 1 {
				if there, err = z.exist(ctx, s, r); err != nil {
					return err
				}
			}
			if there {
				found[r.Key()] = r
			}
		}
	}
	return nil
}

// exist says whether the zone has all of these RRsets.
func (z *Zone) exist(ctx context.Context, s *stream, sets ...zone.RRset) (bool, error) {
	var requires []record
	for _, r := range sets {
		requires = append(requires, record{r.Owner, r.Type, dns.ClassANY, 0, ""})
	}
	if err := z.cfg.Gate.Wait(ctx, ActionUpdate, false); err != nil {
		return false, err
	}
	a, err := s.ask(update{apex: z.cfg.Apex, requires: requires}.message())
	if isKeyError(err) {
		return false, errHidden // the query before was answered by the same key
	}
	if err != nil {
		return false, err
	}
	switch a.Rcode {
	case dns.RcodeSuccess:
		return true, nil
	case dns.RcodeNXRrset, dns.RcodeNameError:
		return false, nil
	case dns.RcodeRefused, dns.RcodeNotAuth, dns.RcodeNotImplemented:
		return false, errHidden // who may only read has to list
	}
	return false, rcodeError(a.Rcode)
}
