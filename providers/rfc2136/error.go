package rfc2136

import (
	"context"
	"fmt"

	"github.com/miekg/dns"

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
		return fmt.Errorf("rfc2136: zone %s: update: the server says SERVFAIL", z.cfg.Apex)
	}
	return z.refusal(ctx, b, fmt.Errorf("the server says %s", rcode(code)))
}

// refusal finds out whose fault it is that a Batch was refused. An UPDATE that
// asks for nothing is refused, too, when the server does not know the key, does
// not take updates of the zone from it, or from nobody, or does not have the
// zone: no record is to blame for that.
func (z *Zone) refusal(ctx context.Context, b hosted.Batch, cause error) error {
	a, err := z.send(ctx, update{apex: z.cfg.Apex}.message(), b.Urgent)
	switch {
	case err != nil:
		return fmt.Errorf("rfc2136: zone %s: update: %w; then: %w", z.cfg.Apex, cause, err)
	case a.Rcode != dns.RcodeSuccess:
		return fmt.Errorf("rfc2136: zone %s: update: %w, and says %s when nothing is to be changed: it has to let %s update the zone (BIND: allow-update or update-policy; Knot: an acl with action update)",
			z.cfg.Apex, cause, rcode(a.Rcode), z.keyName())
	}
	return &hosted.RefusedError{Reason: cause.Error()}
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
	return false, fmt.Errorf("rfc2136: zone %s: prerequisites: %w", z.cfg.Apex, rcodeError(a.Rcode))
}

// rcodeError is an RCODE that is none of those that answer what was asked.
type rcodeError int

func (e rcodeError) Error() string { return "the server says " + rcode(int(e)) }
