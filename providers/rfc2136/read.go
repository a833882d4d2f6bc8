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

// patience is how often an RRset is asked for again that changes between a query
// and its confirmation.
const patience = 3

// confirm puts those of sets into found that the zone really holds: the others
// were made from a wildcard.
func (z *Zone) confirm(ctx context.Context, s *stream, sets []zone.RRset, found rrsets) error {
	for len(sets) > 0 {
		n, size := 0, 0
		var part []record
		for n < len(sets) {
			rs := exactly(sets[n])
			for _, r := range rs {
				size += r.size()
			}
			if n > 0 && size > maxMessage/2 {
				break
			}
			part = append(part, rs...)
			n++
		}
		if err := z.confirmPart(ctx, s, sets[:n], part, found); err != nil {
			return err
		}
		sets = sets[n:]
	}
	return nil
}

// confirmPart confirms what fits one message; if not all of it holds, each by itself.
func (z *Zone) confirmPart(ctx context.Context, s *stream, sets []zone.RRset, part []record, found rrsets) error {
	holds, err := z.exists(ctx, s, part)
	if err != nil {
		return err
	}
	for _, r := range sets {
		if !holds && len(sets) > 1 {
			if err := z.confirmPart(ctx, s, []zone.RRset{r}, exactly(r), found); err != nil {
				return err
			}
			continue
		}
		if !holds {
			if r, err = z.again(ctx, s, r); err != nil {
				return err
			}
		}
		if !r.IsEmpty() {
			found[r.Key()] = r
		}
	}
	return nil
}

// again tells an RRset that was made from a wildcard, which is answered the same
// once more, from one that changed meanwhile.
func (z *Zone) again(ctx context.Context, s *stream, r zone.RRset) (zone.RRset, error) {
	for range patience {
		next, err := z.lookup(ctx, s, r.Key())
		if err != nil || next.IsEmpty() {
			return zone.RRset{}, err
		}
		holds, err := z.exists(ctx, s, exactly(next))
		switch {
		case err != nil:
			return zone.RRset{}, err
		case holds:
			return next, nil
		case next == r:
			return zone.RRset{}, nil
		}
		r = next
	}
	return zone.RRset{}, errors.New(r.Owner.String() + " changes faster than it can be read")
}

// exists asks for prerequisites on a connection that there is.
func (z *Zone) exists(ctx context.Context, s *stream, requires []record) (bool, error) {
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
