package zone

import (
	"encoding/binary"
	"strings"
)

// A page is one leaf of the tree: entries in key order, packed into a string.
//
//	count u32 | prefix length u32 | offset u32 × count | prefix | entries
//	entry: suffix length uvarint | suffix | node
//
// Every key in the page starts with prefix; offsets count from the page's
// start; an entry reaches to the next one's offset or the page's end.
type page string

// maxPage is the size in octets past which a page is parted. One change copies
// one page, and a lookup searches one: 2 KiB keeps a copy well under a
// microsecond, with headers below a tenth of the whole.
const maxPage = 2048

const pageHeader = 8

// entry is a key and its packed node. In a list of entries that share a prefix
// the key may stand without it.
type entry struct {
	key  string
	node string
}

func (p page) u32(at int) int {
	return int(p[at])<<24 | int(p[at+1])<<16 | int(p[at+2])<<8 | int(p[at+3])
}

func (p page) count() int { return p.u32(0) }

func (p page) prefix() string {
	start := pageHeader + 4*p.count()
	return string(p[start : start+p.u32(4)])
}

// at is entry i with its key cut to what stands behind the prefix.
func (p page) at(i int) entry {
	start, end := p.u32(pageHeader+4*i), len(p)
	if i+1 < p.count() {
		end = p.u32(pageHeader + 4*(i+1))
	}
	body := string(p[start:end])
	size, n := uvarint(body)
	return entry{key: body[n : n+size], node: body[n+size:]}
}

// search is the index of the first entry whose key is at least key, and whether it is key itself.
func (p page) search(key []byte) (int, bool) {
	prefix := p.prefix()
	head := key[:min(len(key), len(prefix))]
	switch { // these comparisons allocate nothing, strings.Compare would
	case prefix < string(head): // every key here starts with something smaller
		return p.count(), false
	case prefix != string(head):
		return 0, false
	}
	rest := key[len(prefix):]
	lo, hi := 0, p.count()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if p.at(mid).key < string(rest) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < p.count() && p.at(lo).key == string(rest)
}

// size is what an entry takes in a page, at most.
func (e entry) size() int { return 4 + 3 + len(e.key) + len(e.node) }

// makePage packs entries, whose keys all start with prefix once it is put before them.
func makePage(prefix string, es []entry) page {
	more := commonPrefix(es[0].key, es[len(es)-1].key)
	at := pageHeader + 4*len(es) + len(prefix) + len(more)
	size := at
	var uvarint [binary.MaxVarintLen64]byte
	for _, e := range es {
		suffix := len(e.key) - len(more)
		size += binary.PutUvarint(uvarint[:], uint64(suffix)) + suffix + len(e.node)
	}
	var b strings.Builder // its string is what was written, not a copy: so not an octet more
	b.Grow(size)
	writeU32(&b, len(es))
	writeU32(&b, len(prefix)+len(more))
	for _, e := range es {
		writeU32(&b, at)
		suffix := len(e.key) - len(more)
		at += binary.PutUvarint(uvarint[:], uint64(suffix)) + suffix + len(e.node)
	}
	b.WriteString(prefix)
	b.WriteString(more)
	for _, e := range es {
		suffix := e.key[len(more):]
		b.Write(uvarint[:binary.PutUvarint(uvarint[:], uint64(len(suffix)))])
		b.WriteString(suffix)
		b.WriteString(e.node)
	}
	return page(b.String())
}

// with is the page with another node in entry i: by far the most of changes are
// that, and take no more than a copy.
func (p page) with(i int, node string) page {
	start, end := p.u32(pageHeader+4*i), len(p)
	if i+1 < p.count() {
		end = p.u32(pageHeader + 4*(i+1))
	}
	size, n := uvarint(string(p[start:end]))
	head := start + n + size
	longer := len(node) - (end - head)
	var b strings.Builder
	b.Grow(len(p) + longer)
	offsets := pageHeader + 4*(i+1)
	b.WriteString(string(p[:offsets]))
	for j := i + 1; j < p.count(); j++ {
		writeU32(&b, p.u32(pageHeader+4*j)+longer)
	}
	b.WriteString(string(p[pageHeader+4*p.count() : head]))
	b.WriteString(node)
	b.WriteString(string(p[end:]))
	return page(b.String())
}

func writeU32(b *strings.Builder, v int) {
	var buf [4]byte
	binary.BigEndian.PutUint32(buf[:], uint32(v))
	b.Write(buf[:])
}

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}
