package zone

import (
	"encoding/binary"
	"strings"
	"unsafe"
)

// A page is one leaf of the tree: entries in key order, packed into a string.
//
//	count u16 | prefix length u16 | tail length u8 | width u8 | offset × count | prefix | tail | entries
//	entry: suffix length uvarint | suffix | cut u8, if there is a tail | node
//
// Every key in the page starts with prefix. A node goes on, behind what stands in
// its entry, with the last cut octets of tail: in a page of PTR records, what most
// of their targets end in. Offsets, of width octets each, count from the page's
// start; an entry reaches to the next one's offset or the page's end.
type page string

// maxPage is the size in octets past which a page is parted. One change copies
// one page, and a lookup searches one: 2 KiB keeps a copy well under a
// microsecond, with headers below a tenth of the whole.
const maxPage = 2048

const (
	pageHeader = 6
	// leastCut is how many octets a node has to share with the page's tail: to put it
	// together again costs an allocation, as a rule.
	leastCut = 12
	maxTail  = 255
)

// entry is a key and its packed node. In a list of entries that share a prefix
// the key may stand without it, and the node without the last cut octets of a tail
// that all entries go by.
type entry struct {
	key  string
	node string
	cut  int
}

// gone says that the entry deletes.
func (e entry) gone() bool { return e.node == "" && e.cut == 0 }

func (p page) u16(at int) int { return int(p[at])<<8 | int(p[at+1]) }

func (p page) count() int { return p.u16(0) }

// offset is where entry i starts, or where the last one ends.
func (p page) offset(i int) int {
	if i == p.count() {
		return len(p)
	}
	if p[5] == 2 {
		return p.u16(pageHeader + 2*i)
	}
	at := pageHeader + 4*i
	return p.u16(at)<<16 | p.u16(at+2)
}

func (p page) prefixAt() int { return pageHeader + int(p[5])*p.count() }

func (p page) prefix() string {
	start := p.prefixAt()
	return string(p[start : start+p.u16(2)])
}

func (p page) tail() string {
	start := p.prefixAt() + p.u16(2)
	return string(p[start : start+int(p[4])])
}

// at is entry i with its key cut to what stands behind the prefix, and its node as it stands.
func (p page) at(i int) entry {
	body := string(p[p.offset(i):p.offset(i+1)])
	size, n := uvarint(body)
	e := entry{key: body[n : n+size], node: body[n+size:]}
	if p[4] != 0 {
		e.cut, e.node = int(e.node[0]), e.node[1:]
	}
	return e
}

// whole is an entry's node as it was before it was cut to fit a tail. It is put
// together in buf, and good as long as that is left alone; nil: in memory of its own.
func (e entry) whole(tail string, buf *Buffer) string {
	if e.cut == 0 {
		return e.node
	}
	rest := tail[len(tail)-e.cut:]
	if buf == nil {
		return e.node + rest
	}
	n := copy(buf[:], e.node)
	n += copy(buf[n:], rest)
	return unsafe.String(&buf[0], n)
}

// fit is the entry with its node, which is whole, cut to go by a tail.
func (e entry) fit(tail string) entry {
	if len(e.node) > len(Buffer{}) {
		return e
	}
	if cut := commonSuffix(e.node, tail); cut >= leastCut {
		e.node, e.cut = e.node[:len(e.node)-cut], cut
	}
	return e
}

// tailOf finds a tail for entries with whole nodes: the end of one that the one
// before it ends in as well; empty: there is none that would be worth it.
func tailOf(es []entry) string {
	for i := 1; i < len(es); i++ {
		if n := es[i].node; commonSuffix(es[i-1].node, n) >= leastCut {
			return n[max(0, len(n)-maxTail):]
		}
	}
	return ""
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
func (e entry) size() int { return 2 + 3 + len(e.key) + 1 + len(e.node) }

// makePage packs entries, whose keys all start with prefix once it is put before
// them, and whose nodes fit tail.
func makePage(prefix, tail string, es []entry) page {
	more := commonPrefix(es[0].key, es[len(es)-1].key)
	fixed := pageHeader + len(prefix) + len(more) + len(tail)
	at, size, width := fixed+2*len(es), 0, 2
	for _, e := range es {
		size += e.packedSize(len(more), tail)
	}
	if at+size > 0xffff {
		at, width = fixed+4*len(es), 4
	}
	var b strings.Builder // its string is what was written, not a copy: so not an octet more
	b.Grow(at + size)
	writeOffset(&b, 2, len(es))
	writeOffset(&b, 2, len(prefix)+len(more))
	b.WriteByte(byte(len(tail)))
	b.WriteByte(byte(width))
	for _, e := range es {
		writeOffset(&b, width, at)
		at += e.packedSize(len(more), tail)
	}
	b.WriteString(prefix)
	b.WriteString(more)
	b.WriteString(tail)
	for _, e := range es {
		e.key = e.key[len(more):]
		e.write(&b, tail)
	}
	return page(b.String())
}

// packedSize is what an entry takes in a page behind the offsets, without the
// first drop octets of its key.
func (e entry) packedSize(drop int, tail string) int {
	n := len(e.key) - drop
	size := uvarintLen(n) + n + len(e.node)
	if tail != "" {
		size++
	}
	return size
}

func (e entry) write(b *strings.Builder, tail string) {
	var buf [binary.MaxVarintLen64]byte
	b.Write(buf[:binary.PutUvarint(buf[:], uint64(len(e.key)))])
	b.WriteString(e.key)
	if tail != "" {
		b.WriteByte(byte(e.cut))
	}
	b.WriteString(e.node)
}

// append is write to octets.
func (e entry) append(dst []byte, tail string) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(len(e.key))), e.key...)
	if tail != "" {
		dst = append(dst, byte(e.cut))
	}
	return append(dst, e.node...)
}

func writeOffset(b *strings.Builder, width, v int) {
	var buf [4]byte
	binary.BigEndian.PutUint32(buf[:], uint32(v))
	b.Write(buf[4-width:])
}

func uvarintLen(v int) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

func commonPrefix(a, b string) string {
	n := 0
	for n+8 <= len(a) && n+8 <= len(b) && a[n:n+8] == b[n:n+8] { // a word at a time
		n += 8
	}
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// commonSuffix is how many octets a and b end in alike.
func commonSuffix(a, b string) int {
	n := 0
	for n+8 <= len(a) && n+8 <= len(b) && a[len(a)-n-8:len(a)-n] == b[len(b)-n-8:len(b)-n] {
		n += 8
	}
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}
