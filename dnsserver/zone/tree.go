package zone

import (
	"slices"
	"sort"
	"strings"
)

// fanout is the most children an inner node has. A change copies one inner node
// a level: 64 children are 1.5 KiB, and 100 million entries stay five levels deep.
const fanout = 24

// tree is a node of the B+tree: a leaf has a page, an inner node has kids. It
// is never changed once it can be reached from a Snapshot.
type tree struct {
	page page
	kids []kid
}

// kid is a child of an inner node. All keys below it are at least min, and all
// keys below the kid before it are smaller.
type kid struct {
	min string
	*tree
}

func (t *tree) child(key []byte) int {
	return sort.Search(len(t.kids)-1, func(i int) bool { return t.kids[i+1].min > string(key) })
}

// get finds key's packed node, whole; empty when there is none.
func (t *tree) get(key []byte) string {
	if t == nil {
		return ""
	}
	for t.kids != nil {
		t = t.kids[t.child(key)].tree
	}
	if i, ok := t.page.search(key); ok {
		return t.page.at(i).whole(t.page.tail(), nil)
	}
	return ""
}

// edited is the tree once edits are made: sorted by key, each key once, an
// empty node deletes. t itself stays as it is, and nothing of edits or room is kept.
func (t *tree) edited(edits []entry, room *arena) *tree {
	var kids []kid
	switch {
	case len(edits) == 0:
		return t
	case t == nil:
		kids = parted("", "", slices.DeleteFunc(slices.Clone(edits), entry.gone), room)
	default:
		kids = t.apply(edits, room)
	}
	for len(kids) > 1 {
		kids = grouped(kids)
	}
	if len(kids) == 0 {
		return nil
	}
	root := kids[0].tree
	for len(root.kids) == 1 {
		root = root.kids[0].tree
	}
	return root
}

// asBefore stands for the least key of a kid when that did not change.
const asBefore = ""

// childFrom is where key lies among the kids from at on; it is not below kids[at].
func (t *tree) childFrom(at int, key string) int {
	return sort.Search(len(t.kids)-1-at, func(i int) bool { return t.kids[at+i+1].min > key })
}

// apply returns what takes t's place in its parent: nodes of t's own level, none when nothing is left.
func (t *tree) apply(edits []entry, room *arena) []kid {
	if t.kids == nil {
		return mergePage(t.page, edits, room)
	}
	out := make([]kid, 0, len(t.kids)+2)
	at := 0 // kids before it are in out
	for len(edits) > 0 {
		i, n := at+t.childFrom(at, edits[0].key), len(edits)
		if i+1 < len(t.kids) {
			next := t.kids[i+1].min
			n = 1 + sort.Search(len(edits)-1, func(j int) bool { return edits[j+1].key >= next })
		}
		out = append(out, t.kids[at:i]...)
		k := t.kids[i]
		for j, fresh := range k.apply(edits[:n], room) {
			if j == 0 && (fresh.min == asBefore || k.min < fresh.min) {
				fresh.min = k.min
			}
			out = appendJoined(out, fresh, room)
		}
		edits, at = edits[n:], i+1
	}
	out = append(out, t.kids[at:]...)
	return grouped(out)
}

// appendJoined appends k to kids, put together with the last one when both have
// become small, so that deletions do not leave crumbs.
func appendJoined(kids []kid, k kid, room *arena) []kid {
	if len(kids) == 0 {
		return append(kids, k)
	}
	last := kids[len(kids)-1]
	switch {
	case k.kids == nil && len(last.page)+len(k.page) < maxPage/2:
		both := whole(last.page.tail(), last.page.entries(0), room)
		both = append(both, whole(k.page.tail(), k.page.entries(0), room)...)
		last.tree = &tree{page: fitted("", tailOf(both), both)}
	case k.kids != nil && len(last.kids)+len(k.kids) < fanout/2:
		last.tree = &tree{kids: slices.Concat(last.kids, k.kids)}
	default:
		return append(kids, k)
	}
	kids[len(kids)-1] = last
	return kids
}

// entries lists a page's entries, their nodes as they stand there; their keys lack
// the first drop octets, which must be of the prefix.
func (p page) entries(drop int) []entry {
	prefix := p.prefix()[drop:]
	es := make([]entry, p.count())
	for i := range es {
		es[i] = p.at(i)
		if prefix != "" {
			es[i].key = prefix + es[i].key
		}
	}
	return es
}

// mergePage makes edits in a page.
func mergePage(p page, edits []entry, room *arena) []kid {
	if len(edits) <= fewEdits {
		if now := p.edited(edits); now != "" {
			return []kid{{min: asBefore, tree: &tree{page: now}}}
		}
	}
	// What all keys, old and new, start with is left out while merging: in the
	// usual case that is the page's own prefix and no key is copied.
	shared := commonPrefix(p.prefix(), commonPrefix(edits[0].key, edits[len(edits)-1].key))
	before, tail := p.prefix()[len(shared):], p.tail()
	i, n := 0, p.count()
	var few [usualEntries]entry // most pages have no more: they are merged on the stack
	out := few[:0]
	if n+len(edits) > len(few) {
		many := slices.Grow(room.entries[:0], n+len(edits))
		room.entries, out = many, many
	}
	for _, e := range edits {
		e.key = e.key[len(shared):]
		for ; i < n; i++ {
			old := p.under(i, before)
			if old.key >= e.key {
				if old.key == e.key {
					i++
				}
				break
			}
			out = append(out, old)
		}
		if !e.gone() {
			out = append(out, e.fit(tail))
		}
	}
	for ; i < n; i++ {
		out = append(out, p.under(i, before))
	}
	return parted(shared, tail, out, room)
}

// usualEntries is more than a page of usual records has entries.
const usualEntries = 96

// under is entry i with before in front of its key.
func (p page) under(i int, before string) entry {
	e := p.at(i)
	if before != "" {
		e.key = before + e.key
	}
	return e
}

// parted packs entries, whose keys lack prefix and whose nodes fit tail, into as few
// pages as hold them, filled evenly. It may write into es.
func parted(prefix, tail string, es []entry, room *arena) []kid {
	if len(es) == 0 {
		return nil
	}
	if total := sizeOf(es); total <= maxPage {
		if tail == "" {
			if tail = tailOf(es); tail != "" {
				return []kid{newKid(prefix, es[0].key, fitted(prefix, tail, es))}
			}
		}
		return []kid{newKid(prefix, es[0].key, makePage(prefix, tail, es))}
	}
	// Each page gets a tail of its own, and what fits it is known only then: until
	// then a node counts as what it does not share with the one before it.
	es = whole(tail, es, room)
	total := 0
	for i := range es {
		total += sizeBehind(es, i)
	}
	var kids []kid
	for pages := (total + maxPage - 1) / maxPage; len(es) > 0; pages-- {
		n, size := len(es), total
		if pages > 1 {
			n, size = 0, 0
			for n < len(es) && (n == 0 || size < total/pages) { // at least one: behind a huge entry little may be left
				size += sizeBehind(es, n)
				n++
			}
		}
		first := es[0].key
		kids = append(kids, newKid(prefix, first, fitted(prefix, tailOf(es[:n]), es[:n])))
		es, total = es[n:], total-size
	}
	return kids
}

// newKid is a kid with a page, its least key kept apart from the page it was cut from.
func newKid(prefix, first string, p page) kid {
	var min strings.Builder
	min.Grow(len(prefix) + len(first))
	min.WriteString(prefix)
	min.WriteString(first)
	return kid{min: min.String(), tree: &tree{page: p}}
}

func sizeOf(es []entry) int {
	total := 0
	for _, e := range es {
		total += e.size()
	}
	return total
}

// sizeBehind is what entry i, whole, takes in a page behind the ones before it, about.
func sizeBehind(es []entry, i int) int {
	if i == 0 {
		return es[i].size()
	}
	return entry{key: es[i].key, node: es[i].node}.fit(es[i-1].node).size()
}

// whole puts the nodes of entries together that fit a tail, in room. It writes into es.
func whole(tail string, es []entry, room *arena) []entry {
	for i, e := range es {
		if e.cut > 0 {
			es[i] = entry{key: e.key, node: room.join(e.node, tail[len(tail)-e.cut:])}
		}
	}
	return es
}

// fitted packs entries with whole nodes into a page with a tail. It writes into es.
func fitted(prefix, tail string, es []entry) page {
	if tail != "" {
		for i, e := range es {
			es[i] = e.fit(tail)
		}
	}
	return makePage(prefix, tail, es)
}

// grouped puts kids evenly under inner nodes of at most fanout each. It keeps the
// slice.
func grouped(kids []kid) []kid {
	if 0 < len(kids) && len(kids) <= fanout {
		return []kid{{min: kids[0].min, tree: &tree{kids: kids}}}
	}
	groups := (len(kids) + fanout - 1) / fanout
	up := make([]kid, 0, groups)
	for ; groups > 0; groups-- {
		n := (len(kids) + groups - 1) / groups
		up = append(up, kid{min: kids[0].min, tree: &tree{kids: slices.Clone(kids[:n])}})
		kids = kids[n:]
	}
	return up
}
