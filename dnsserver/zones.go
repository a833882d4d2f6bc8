package dnsserver

import (
	"slices"

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

// mark notes which zones have others within them, after zones came or went.
func (z zones) mark() {
	for _, c := range z {
		c.inmost = true
	}
	for apex := range z {
		if outer := z.holder(apex.Parent()); outer != nil {
			outer.inmost = false
		}
	}
}

// part is what of some edits one zone holds.
type part struct {
	zone  *content
	edits []zone.Edit
}

// parts has each edit go to the zone that holds its owner name, in the order given,
// and leaves out what none holds.
func (z zones) parts(edits []zone.Edit) []part {
	var list []part
	in := make([]int, len(edits)) // which part; -1: none
	sizes := make([]int, 0, 8)
	last := -1
	for i := range edits {
		owner := edits[i].RRset.Owner
		if last < 0 || !list[last].zone.inmost || !owner.Under(list[last].zone.apex) {
			last = -1
			if c := z.holder(owner); c != nil {
				if last = slices.IndexFunc(list, func(p part) bool { return p.zone == c }); last < 0 {
					last, list, sizes = len(list), append(list, part{zone: c}), append(sizes, 0)
				}
			}
		}
		if in[i] = last; last >= 0 {
			sizes[last]++
		}
	}
	if len(list) == 1 && sizes[0] == len(edits) {
		list[0].edits = edits
		return list
	}
	for i := range list {
		list[i].edits = make([]zone.Edit, 0, sizes[i])
	}
	for i, at := range in {
		if at >= 0 {
			list[at].edits = append(list[at].edits, edits[i])
		}
	}
	return list
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
