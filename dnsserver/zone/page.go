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
	switch c := strings.Compare(prefix, string(head)); {
	case c < 0: // every key here starts with something smaller
		return p.count(), false
	case c > 0 || len(head) < len(prefix):
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
	size := pageHeader + len(prefix) + len(more)
	for _, e := range es {
		size += e.size()
	}
	buf := make([]byte, pageHeader+4*len(es), size)
	binary.BigEndian.PutUint32(buf, uint32(len(es)))
	binary.BigEndian.PutUint32(buf[4:], uint32(len(prefix)+len(more)))
	buf = append(buf, prefix...)
	buf = append(buf, more...)
	for i, e := range es {
		binary.BigEndian.PutUint32(buf[pageHeader+4*i:], uint32(len(buf)))
		suffix := e.key[len(more):]
		buf = binary.AppendUvarint(buf, uint64(len(suffix)))
		buf = append(buf, suffix...)
		buf = append(buf, e.node...)
	}
	return page(buf)
}

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}
