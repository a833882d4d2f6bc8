package rfc2136

import (
	"context"
	"fmt"
	"slices"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// failure is what an RCODE means.
//
//	NXRRSET YXRRSET NXDOMAIN YXDOMAIN   a prerequisite does not hold     ErrConflict
//	NOTZONE                             a name is outside                refused
//	SERVFAIL                            nobody knows                     another error
//	REFUSED NOTAUTH FORMERR NOTIMP …    the Batch's fault or the key's   see refusal
func (z *Zone) failure(ctx context.Context, b hosted.Batch, code int) error {
	switch code {
	case dns.RcodeNXRrset, dns.RcodeYXRrset, dns.RcodeNameError, dns.RcodeYXDomain:
		return z.conflict(ctx, b)
	case dns.RcodeNotZone:
		return &hosted.RefusedError{Reason: "the server says NOTZONE"}
	case dns.RcodeServerFailure:
		return z.failed(rcodeError(code))
	}
	return z.refusal(ctx, b, rcodeError(code))
}

// failed is an error after which nobody knows.
func (z *Zone) failed(err error) error {
	return fmt.Errorf("rfc2136: zone %s: update: %w", z.cfg.Apex, err)
}

// refusal finds out whose fault it is that a Batch was refused. No record is to
// blame when an UPDATE that asks for nothing is refused, too: the server does not
// know the key, takes no updates from it, or does not have the zone. Nor when the
// key may write none of the Batch's names.
func (z *Zone) refusal(ctx context.Context, b hosted.Batch, cause error) error {
	a, err := z.send(ctx, update{apex: z.cfg.Apex}.message(), b.Urgent)
	switch {
	case err != nil:
		return z.failed(fmt.Errorf("%w; and when nothing is to be changed: %w", cause, err))
	case a.Rcode != dns.RcodeSuccess:
		return z.failed(fmt.Errorf("%w, and says %s when nothing is to be changed: it has to let %s update the zone (BIND: allow-update or update-policy; Knot: an acl with action update)",
			cause, rcode(a.Rcode), z.keyName()))
	case z.maySome(ctx, b):
		return &hosted.RefusedError{Reason: cause.Error()}
	}
	return z.failed(fmt.Errorf("%w: it does not let %s write any of %d names in the batch (BIND: update-policy; Knot: update-owner)", cause, z.keyName(), len(b.Changes)))
}

// tries is how many Changes are tried in search of one that the key may make.
const tries = 8

// maySome says that the key may write something of the Batch. What is tried
// changes nothing: it deletes a record that, by its prerequisites, is not there.
// Of a Batch with a fence that is tried first: it is a TXT record replaced.
func (z *Zone) maySome(ctx context.Context, b hosted.Batch) bool {
	changes := slices.Clone(b.Changes)
	slices.SortStableFunc(changes, func(x, y hosted.Change) int { return likeFence(y) - likeFence(x) })
	tried := 0
	for _, c := range changes {
		k := c.Key()
		var absent record
		for rdata := range rrsetOf(c.New).Without(slices.Collect(rrsetOf(c.Old).RDATA())...).RDATA() {
			absent = record{k.Owner, k.Type, dns.ClassNONE, 0, rdata}
		}
		if absent.typ == 0 {
			continue
		}
		a, err := z.send(ctx, update{apex: z.cfg.Apex, requires: expect(c), updates: []record{absent}}.message(), b.Urgent)
		if err == nil && a.Rcode != dns.RcodeRefused && a.Rcode != dns.RcodeNotAuth {
			return true
		}
		if tried++; tried == tries {
			break
		}
	}
	return tried == 0
}

func likeFence(c hosted.Change) int {
	if c.Key().Type == zone.TypeTXT && !c.Old.IsEmpty() && !c.New.IsEmpty() {
		return 1
	}
	return 0
}

// conflict tells a zone that holds something else than was expected from a record
// that cannot be there: a CNAME beside others. In both cases nothing was made.
func (z *Zone) conflict(ctx context.Context, b hosted.Batch) error {
	all, err := guard(b.Changes)
	if err != nil || len(all) == 0 {
		return hosted.ErrConflict
	}
	var old []record
	for _, c := range b.Changes {
		old = append(old, expect(c)...)
	}
	if holds, err := z.holds(ctx, old, b.Urgent); err != nil || !holds {
		return hosted.ErrConflict
	}
	g, err := z.broken(ctx, all, b.Urgent)
	if err != nil || g == nil {
		return hosted.ErrConflict
	}
	return &hosted.RefusedError{Key: &g.key, Reason: "the name has records that a CNAME cannot be beside (RFC 1034 §3.6.2)"}
}

// broken finds one of the guards that does not hold, by halves; nil: there is none.
func (z *Zone) broken(ctx context.Context, all []guards, urgent bool) (*guards, error) {
	var records []record
	for _, g := range all {
		records = append(records, g.records...)
	}
	holds, err := z.holds(ctx, records, urgent)
	switch {
	case err != nil || holds:
		return nil, err
	case len(all) == 1:
		return &all[0], nil
	}
	half := len(all) / 2
	if g, err := z.broken(ctx, all[:half], urgent); g != nil || err != nil {
		return g, err
	}
	return z.broken(ctx, all[half:], urgent)
}

// holds asks the server whether prerequisites hold.
func (z *Zone) holds(ctx context.Context, requires []record, urgent bool) (bool, error) {
	a, err := z.send(ctx, update{apex: z.cfg.Apex, requires: requires}.message(), urgent)
	if err != nil {
		return false, err
	}
	switch a.Rcode {
	case dns.RcodeSuccess:
		return true, nil
	case dns.RcodeNXRrset, dns.RcodeYXRrset, dns.RcodeNameError, dns.RcodeYXDomain:
		return false, nil
	}
	return false, rcodeError(a.Rcode)
}

// rcodeError is an RCODE that is none of those that answer what was asked.
type rcodeError int

func (e rcodeError) Error() string { return "the server says " + rcode(int(e)) }
