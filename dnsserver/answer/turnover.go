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
	last := snap.Apex()
	most := len(changes)
	for len(changes) > 0 { // in canonical order of owners
		owner := changes[0].Key.Owner
		was, is := false, false // there is no need to look for a name that has an RRset
		for ; len(changes) > 0 && changes[0].Key.Owner == owner; changes = changes[1:] {
			was, is = was || changes[0].Old != nil, is || changes[0].New != nil
		}
		if owner == snap.Apex() {
			continue
		}
		for up := owner; ; {
			// What was or is below a name makes that one exist as well.
			was, is = was || exists(old, up), is || exists(snap, up)
			if was == is {
				break
			}
			t.note(up, is, most)
			if up = up.Parent(); last.Under(up) { // so it was looked at with the last one
				break
			}
		}
		last = owner
	}
	return t
}

// note notes a name that came or went. most is how many there may be of such, about.
func (t *turnover) note(name dnsname.Name, came bool, most int) {
	list := &t.gone
	if came {
		list = &t.come
	}
	if *list == nil {
		*list = make([]dnsname.Name, 0, most)
	}
	*list = append(*list, name)
}

func exists(s *zone.Snapshot, name dnsname.Name) bool {
	_, exists := s.Find(name)
	return exists
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
