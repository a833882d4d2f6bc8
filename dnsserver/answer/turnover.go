package answer

import (
	"iter"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// turnover is which names, empty non-terminals included, a change of a zone brought and took.
type turnover struct{ come, gone []dnsname.Name }

// turnoverOf compares two Snapshots of a zone, as far as changes may have made a difference.
func turnoverOf(old, snap *zone.Snapshot, changes []zone.Change) (t turnover) {
	apex := snap.Apex()
	note := func(name dnsname.Name) (moved bool) {
		_, was := old.Find(name)
		_, is := snap.Find(name)
		switch {
		case is && !was:
			t.come = append(t.come, name)
		case was && !is:
			t.gone = append(t.gone, name)
		}
		return was != is
	}
	last := apex
	for _, c := range changes { // in canonical order of owners
		owner := c.Key.Owner
		if owner == last {
			continue
		}
		// With an RRset that was there and is, its owner and all names above were and are.
		if c.Old == nil || c.New == nil {
			for up := owner; note(up); {
				if up = up.Parent(); last.Under(up) { // so it was looked at with the last one
					break
				}
			}
		}
		last = owner
	}
	return t
}

// all yields the names that came, and then those that went.
func (t *turnover) all() iter.Seq[dnsname.Name] {
	return func(yield func(dnsname.Name) bool) {
		for _, list := range [2][]dnsname.Name{t.come, t.gone} {
			for _, name := range list {
				if !yield(name) {
					return
				}
			}
		}
	}
}
