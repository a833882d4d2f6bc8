package synth

import (
	"slices"

	"github.com/fedns/fedns/dnsserver/zone"
)

// Diff is what turns the records old into the records now: deletions first, so
// that an alias never stands beside what replaces it. RRsets that one Service
// owns are set and deleted whole; of PTR RRsets, which are shared, only the
// Service's own RDATA is added and removed. Neither argument is changed or kept.
func Diff(old, now Records) []zone.Edit {
	if slices.Equal(old.Sets, now.Sets) && slices.Equal(old.PTR, now.PTR) {
		return nil
	}
	if len(old.Sets) == 0 && len(old.PTR) == 0 { // a Service that is new, as all are after a start
		return all(now)
	}
	edits := diffSets(nil, old.Sets, now.Sets)
	return diffPTR(edits, old.PTR, now.PTR)
}

// all are the edits that bring records of which there are none yet.
func all(now Records) []zone.Edit {
	edits := make([]zone.Edit, 0, len(now.Sets)+len(now.PTR))
	for _, r := range now.Sets {
		edits = append(edits, zone.Edit{Op: zone.OpSet, RRset: r})
	}
	for _, r := range now.PTR {
		edits = append(edits, zone.Edit{Op: zone.OpAdd, RRset: r})
	}
	return edits
}

// Replace is Diff for when it is not known how much of old, the Union of what
// was tried, was ever applied: everything of now is set, and whatever of old is
// not in it is taken away.
func Replace(old, now Records) []zone.Edit {
	edits := make([]zone.Edit, 0, len(now.Sets)+len(now.PTR))
	keep := keys(now.Sets)
	for _, r := range old.Sets {
		if !keep[r.Key()] {
			edits = append(edits, zone.Edit{Op: zone.OpDelete, RRset: zone.RRset{Owner: r.Owner, Type: r.Type}})
		}
	}
	for _, r := range now.Sets {
		edits = append(edits, zone.Edit{Op: zone.OpSet, RRset: r})
	}
	for i := range old.PTR {
		edits = append(edits, zone.Edit{Op: zone.OpRemove, RRset: old.PTR[i]})
	}
	for _, r := range now.PTR {
		edits = append(edits, zone.Edit{Op: zone.OpAdd, RRset: r})
	}
	return edits
}

// Union is everything that may be there after old was changed to now, in whole
// or in part: the RRsets of both (where both have one, whichever comes first),
// and the RDATA of both in the shared ones.
func Union(old, now Records) Records {
	u := Records{Sets: slices.Clone(now.Sets), PTR: slices.Clone(now.PTR)}
	have := keys(now.Sets)
	for _, r := range old.Sets {
		if !have[r.Key()] {
			u.Sets = append(u.Sets, r)
		}
	}
	at := make(map[zone.Key]int, len(u.PTR))
	for i, r := range u.PTR {
		at[r.Key()] = i
	}
	for _, r := range old.PTR {
		if i, ok := at[r.Key()]; ok {
			u.PTR[i] = u.PTR[i].With(slices.Collect(r.RDATA())...)
		} else {
			u.PTR = append(u.PTR, r)
		}
	}
	return u
}

func keys(sets []zone.RRset) map[zone.Key]bool {
	m := make(map[zone.Key]bool, len(sets))
	for _, r := range sets {
		m[r.Key()] = true
	}
	return m
}

// trim cuts off what both lists begin and end with: a change mostly touches a
// few RRsets in the middle of many.
func trim(old, now []zone.RRset) ([]zone.RRset, []zone.RRset) {
	for len(old) > 0 && len(now) > 0 && old[0] == now[0] {
		old, now = old[1:], now[1:]
	}
	for len(old) > 0 && len(now) > 0 && old[len(old)-1] == now[len(now)-1] {
		old, now = old[:len(old)-1], now[:len(now)-1]
	}
	return old, now
}

func diffSets(edits []zone.Edit, old, now []zone.RRset) []zone.Edit {
	old, now = trim(old, now)
	have := make(map[zone.Key]zone.RRset, len(old))
	for _, r := range old {
		have[r.Key()] = r
	}
	want := keys(now)
	for _, r := range old {
		if !want[r.Key()] {
			edits = append(edits, zone.Edit{Op: zone.OpDelete, RRset: zone.RRset{Owner: r.Owner, Type: r.Type}})
		}
	}
	for _, r := range now {
		if have[r.Key()] != r {
			edits = append(edits, zone.Edit{Op: zone.OpSet, RRset: r})
		}
	}
	return edits
}

func diffPTR(edits []zone.Edit, old, now []zone.RRset) []zone.Edit {
	old, now = trim(old, now)
	want := make(map[zone.Key]zone.RRset, len(now))
	for _, r := range now {
		want[r.Key()] = r
	}
	have := make(map[zone.Key]zone.RRset, len(old))
	for _, r := range old {
		have[r.Key()] = r
		if gone := r.Without(slices.Collect(want[r.Key()].RDATA())...); !gone.IsEmpty() {
			edits = append(edits, zone.Edit{Op: zone.OpRemove, RRset: gone})
		}
	}
	for _, r := range now {
		added := r
		if was := have[r.Key()]; was.TTL == r.TTL { // another TTL is told with all of it
			added = r.Without(slices.Collect(was.RDATA())...)
		}
		if !added.IsEmpty() {
			edits = append(edits, zone.Edit{Op: zone.OpAdd, RRset: added})
		}
	}
	return edits
}
