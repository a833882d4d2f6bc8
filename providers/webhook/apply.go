package webhook

import (
	"context"
	"fmt"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// Apply lists what is there, and has the Batch made if each Change finds what it
// expects. Who writes between the two is not seen.
func (z *Zone) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	if len(b.Changes) == 0 {
		return "", nil
	}
	if err := z.check(b.Changes); err != nil {
		return "", err
	}
	h, err := z.look(ctx)
	if err != nil {
		return "", z.failed(err)
	}
	f := z.filter.Load()
	for _, c := range b.Changes {
		k := c.Key()
		if !f.matches(k.Owner) {
			// A server leaves such names out, and says that all went well.
			return "", &hosted.RefusedError{Key: &k, Reason: "the webhook's domain filter does not have the name"}
		}
	}
	for _, c := range b.Changes {
		if k := c.Key(); !sameSets(h.entry(k), c.Old) {
			return "", fmt.Errorf("webhook: zone %s: %s: %w", z.cfg.Apex, hosted.KeyString(k), hosted.ErrConflict)
		}
	}
	if k, ok := crowded(h, b.Changes); ok {
		return "", &hosted.RefusedError{Key: &k, Reason: "a CNAME cannot be beside other records (RFC 1034 §3.6.2)"}
	}
	wanted, err := z.adjusted(ctx, b)
	if err != nil {
		return "", z.failed(err)
	}
	made := changes{}
	for _, c := range b.Changes {
		made.add(c, h, wanted)
	}
	if made.isEmpty() {
		return "", nil
	}
	if err := z.post(ctx, b.Urgent, made); err != nil {
		return "", z.failed(err)
	}
	return "", nil
}

// sameSets compares what is there with a Change's Old, whose Key is not set when
// there is to be nothing.
func sameSets(there, old hosted.Entry) bool {
	return there.IsEmpty() && old.IsEmpty() || there.Equal(old)
}

// crowded finds a Change after which a name would have a CNAME and other records:
// what a server makes of that, nobody says.
func crowded(h holdings, all []hosted.Change) (hosted.Key, bool) {
	after := map[dnsname.Name]map[uint16]bool{}
	for _, c := range all {
		after[c.Key().Owner] = map[uint16]bool{}
	}
	for k := range h {
		if types := after[k.Owner]; types != nil {
			types[k.Type] = true
		}
	}
	for _, c := range all {
		k := c.Key()
		after[k.Owner][k.Type] = true
		if c.New.IsEmpty() {
			delete(after[k.Owner], k.Type)
		}
	}
	for _, c := range all {
		if k := c.Key(); !c.New.IsEmpty() && len(after[k.Owner]) > 1 && after[k.Owner][zone.TypeCNAME] {
			return k, true
		}
	}
	return hosted.Key{}, false
}

// check refuses what cannot be told at all.
func (z *Zone) check(all []hosted.Change) error {
	limits, seen := z.Limits(), map[hosted.Key]bool{}
	for _, c := range all {
		k := c.Key()
		why := limits.Check(c.New)
		switch {
		case !k.Owner.Under(z.cfg.Apex):
			why = "the name is not in zone " + z.cfg.Apex.String()
		case seen[k]:
			why = "the batch has two changes of it"
		}
		if why != "" {
			return &hosted.RefusedError{Key: &k, Reason: why}
		}
		seen[k] = true
	}
	return nil
}

// adjusted asks the server how it would make what is new, and refuses whatever it
// would make otherwise: that would be found changed ever after.
func (z *Zone) adjusted(ctx context.Context, b hosted.Batch) (map[hosted.Key]endpoint, error) {
	given := map[hosted.Key]endpoint{}
	var ask []endpoint
	for _, c := range b.Changes {
		if !c.New.IsEmpty() {
			k := c.Key()
			given[k] = endpointOf(k, c.New.Sets[0])
			ask = append(ask, given[k])
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	answer, err := z.adjust(ctx, b.Urgent, ask)
	if err != nil {
		return nil, err
	}
	wanted := map[hosted.Key]endpoint{}
	for _, e := range answer {
		k, ok := keyOf(e)
		g, asked := given[k]
		_, twice := wanted[k]
		switch {
		case !ok || !asked:
			return nil, &hosted.RefusedError{Reason: "the webhook would make " + e.String() + " as well"}
		case twice:
			return nil, &hosted.RefusedError{Key: &k, Reason: "the webhook would make it of several endpoints"}
		}
		if why := same(k, g, e); why != "" {
			return nil, &hosted.RefusedError{Key: &k, Reason: why}
		}
		wanted[k] = e
	}
	for _, c := range b.Changes { // in the Batch's order, so that the same one is blamed each time
		k := c.Key()
		if _, ok := wanted[k]; !ok && !c.New.IsEmpty() {
			return nil, &hosted.RefusedError{Key: &k, Reason: "the webhook leaves it out"}
		}
	}
	return wanted, nil
}

// add tells a Change. What is there is told as the server told it: servers compare.
func (m *changes) add(c hosted.Change, h holdings, wanted map[hosted.Key]endpoint) {
	k := c.Key()
	if c.Old.Equal(c.New) {
		return
	}
	next, create := wanted[k]
	for id, there := range h[k] {
		if create && id == next.SetIdentifier {
			m.UpdateOld = append(m.UpdateOld, there.endpoint)
			m.UpdateNew = append(m.UpdateNew, next)
			create = false
		} else {
			m.Delete = append(m.Delete, there.endpoint)
		}
	}
	if create {
		m.Create = append(m.Create, next)
	}
}
