package dnsserver

import (
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// zones are contents by apex. What is published for a name is in the one with
// the longest apex that holds it.
type zones map[dnsname.Name]*content

func (z zones) holder(owner dnsname.Name) *content {
	for up := owner; !up.IsZero(); up = up.Parent() {
		if c, ok := z[up]; ok {
			return c
		}
	}
	return nil
}

// fillable says that records may be published into a zone: it is meant for that,
// or lies within one that is.
func (z zones) fillable(apex dnsname.Name) bool {
	for up := apex; !up.IsZero(); up = up.Parent() {
		if c, ok := z[up]; ok && c.filled {
			return true
		}
	}
	return false
}

// moves are published records that other zones become the holders of.
type moves struct {
	come  map[*content][]zone.Edit
	leave map[*content][]zone.Edit // of zones that stay
}

// moves lists what changes hands when after takes the place of z.
func (z zones) moves(after zones) moves {
	m := moves{map[*content][]zone.Edit{}, map[*content][]zone.Edit{}}
	for apex, c := range z {
		if after[apex] != c {
			m.from(c, apex, after, false)
		}
	}
	for apex, c := range after {
		if outer := z.holder(apex); outer != nil && outer != c && after[outer.apex] == outer {
			m.from(outer, apex, after, true)
		}
	}
	return m
}

// from moves what was published into c at and below owner.
func (m moves) from(c *content, owner dnsname.Name, after zones, stays bool) {
	for r := range c.publishedBelow(owner) {
		to := after.holder(r.Owner)
		if to == c {
			continue
		}
		if to != nil {
			m.come[to] = append(m.come[to], zone.Edit{Op: zone.OpSet, RRset: r})
		}
		if stays {
			m.leave[c] = append(m.leave[c], zone.Edit{Op: zone.OpDelete, RRset: r})
		}
	}
}
