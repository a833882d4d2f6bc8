package zone

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// What building takes memory for is needed until the pages are made, for thousands
// of names as a rule: it is taken in large pieces, which the collector need not
// look into, or but a few of them.

// keyedEdit is an edit by where it stands among a Builder's.
type keyedEdit struct {
	key string // the owner's sort key
	at  int
}

// ordered are the edits by owner, those of one owner in the order given.
func (b *Builder) ordered() []keyedEdit {
	size := 0
	for i := range b.edits {
		size += len(b.edits[i].RRset.Owner.Wire())
	}
	keys := make([]byte, 0, size) // only octets that are escaped need more
	all := make([]keyedEdit, len(b.edits))
	for i := range b.edits {
		owner := b.edits[i].RRset.Owner
		if i > 0 && owner == b.edits[i-1].RRset.Owner {
			all[i] = keyedEdit{all[i-1].key, i}
			continue
		}
		from := len(keys)
		keys = owner.AppendSortKey(keys)
		all[i] = keyedEdit{text(keys[from:]), i}
	}
	slices.SortFunc(all, func(x, y keyedEdit) int {
		return cmp.Or(strings.Compare(x.key, y.key), cmp.Compare(x.at, y.at))
	})
	return all
}

// text is octets, which are not written any more, as a string.
func text(octets []byte) string { return unsafe.String(unsafe.SliceData(octets), len(octets)) }

// shelf has room for the RRsets of many nodes.
type shelf struct{ free []RRset }

// both are a node's RRsets, once to stay and once with room for n more. edits is how
// many are still to be made, these included.
func (s *shelf) both(node Node, n, edits int) (old, now []RRset) {
	have := 0
	for range node.Packed() {
		have++
	}
	if need := 2*have + n; need > len(s.free) {
		s.free = make([]RRset, max(need, min(edits, shelfSize)))
	}
	old, s.free = s.free[:0:have], s.free[have:]
	now, s.free = s.free[:0:have+n], s.free[have+n:]
	for r := range node.RRsets() {
		old = append(old, r)
	}
	return old, append(now, old...)
}

// shelfSize is how many RRsets are made room for at a time: whoever keeps a Change
// keeps that many alive.
const shelfSize = 128

// arena is memory for octets that are needed until a tree is made.
type arena struct {
	first   []byte // is used again by the next Build
	free    []byte
	size    int     // of the last piece
	shared  []byte  // scratch of node
	entries []entry // scratch of mergePage
}

const leastPiece, mostPiece = 4 << 10, 64 << 10

// arenas are those of Builds that are done: most Builds are of a change or two, and
// take no more than one piece.
var arenas = sync.Pool{New: func() any {
	first := make([]byte, leastPiece)
	return &arena{first: first, free: first}
}}

// release lets the next Build have the arena. Nothing that stood in it may be looked
// at any more.
func (a *arena) release() {
	clear(a.entries[:cap(a.entries)])
	if cap(a.entries) > keptEntries {
		a.entries = nil
	}
	a.free, a.size = a.first, 0
	arenas.Put(a)
}

// keptEntries is what an arena keeps of its scratch at most.
const keptEntries = 1024

// room is room for n octets, of which those that are used are told to keep.
func (a *arena) room(n int) []byte {
	if n > len(a.free) {
		a.size = min(max(2*a.size, leastPiece), mostPiece)
		a.free = make([]byte, max(n, a.size))
	}
	return a.free[:0:n]
}

// keep takes what was written to room.
func (a *arena) keep(octets []byte) string {
	a.free = a.free[len(octets):]
	return text(octets)
}

// node is packNode of RRsets.
func (a *arena) node(sets []RRset) string {
	buf := a.room(packedBound(sets))
	buf, a.shared = appendNode(buf, a.shared, sets)
	return a.keep(buf)
}

// join puts two strings together.
func (a *arena) join(x, y string) string {
	return a.keep(append(append(a.room(len(x)+len(y)), x...), y...))
}
