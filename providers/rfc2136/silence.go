package rfc2136

import (
	"context"
	"fmt"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// remake adds the CNAMEs that a server left out of a Batch that took away the
// records they are to replace. A Knot that signs the zone does so (seen in 3.2.6):
// it takes the signatures of what is gone for records that a CNAME cannot be
// beside, and says NOERROR. The name is without records for a moment then, and
// until the audit if this fails.
func (z *Zone) remake(ctx context.Context, b hosted.Batch) error {
	created := replacing(b.Changes)
	if len(created) == 0 {
		return nil
	}
	var all, names, again []record
	for _, c := range created {
		all = append(all, expect(hosted.Change{Old: c.New})...)
	}
	if holds, err := z.holds(ctx, all, b.Urgent); err != nil || holds {
		return err
	}
	for _, c := range created {
		made := expect(hosted.Change{Old: c.New})
		holds, err := z.holds(ctx, made, b.Urgent)
		if err != nil {
			return err
		}
		if !holds {
			names = append(names, record{c.Key().Owner, dns.TypeANY, dns.ClassNONE, 0, ""})
			_, add := difference(c, z.cfg.Apex)
			again = append(again, add...)
		}
	}
	a, err := z.send(ctx, update{apex: z.cfg.Apex, requires: names, updates: again}.message(), b.Urgent)
	if err == nil && a.Rcode != dns.RcodeSuccess {
		err = rcodeError(a.Rcode)
	}
	if err == nil {
		var holds bool
		if holds, err = z.holds(ctx, all, b.Urgent); err == nil && !holds {
			err = fmt.Errorf("it is not there after it was added with NOERROR")
		}
	}
	if err != nil {
		return fmt.Errorf("all was made but %s: %w", names[0].owner, err)
	}
	return nil
}

// replacing are the CNAMEs created where other records are deleted.
func replacing(changes []hosted.Change) []hosted.Change {
	cleared := map[dnsname.Name]bool{}
	for _, c := range changes {
		if c.New.IsEmpty() && c.Key().Type != zone.TypeCNAME {
			cleared[c.Key().Owner] = true
		}
	}
	var all []hosted.Change
	for _, c := range changes {
		if k := c.Key(); k.Type == zone.TypeCNAME && c.Old.IsEmpty() && cleared[k.Owner] {
			all = append(all, c)
		}
	}
	return all
}
