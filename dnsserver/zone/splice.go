package zone

import (
	"encoding/binary"
	"strings"
)

// Most changes are of one name, or of two that stand in one page: then the page is
// copied, but for their entries, and not taken apart.

// fewEdits is how many edits of a page are made like that, one after the other.
const fewEdits = 4

// edited is the page once a few edits are made; empty: it would be too large, or the
// edits are not such as can be made in a copy.
func (p page) edited(edits []entry) page {
	var space [2][maxPage]byte
	now, turn := p, 0
	for _, e := range edits {
		i, found := now.search([]byte(e.key))
		if !found && e.gone() {
			continue
		}
		if !found && i == 0 { // the page would have another least key
			return ""
		}
		next := now.spliced(space[turn][:0], i, found, e)
		if next == nil {
			return ""
		}
		now, turn = page(text(next)), 1-turn // the next edit reads the one and writes the other
	}
	return page(strings.Clone(string(now)))
}

// spliced appends the page with e as entry i to dst: in its place, found, or before
// it. Where e is gone, it is the page without entry i. nil: e does not fit.
func (p page) spliced(dst []byte, i int, found bool, e entry) []byte {
	count, width := p.count(), int(p[5])
	prefix, tail := p.prefix(), p.tail()
	start, end, now := p.offset(i), p.offset(i), 1
	if found {
		end, now = p.offset(i+1), 0
	}
	size := 0 // of the entry
	if e.gone() {
		now--
	} else {
		if !strings.HasPrefix(e.key, prefix) {
			return nil
		}
		e = entry{key: e.key[len(prefix):], node: e.node}.fit(tail)
		size = e.packedSize(0, tail)
	}
	shift := now * width // of what stands before the entry
	if total := len(p) + shift + size - (end - start); total > maxPage || count+now == 0 {
		return nil
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(count+now))
	dst = append(dst, p[2:pageHeader]...)
	for j := range i {
		dst = appendOffset(dst, width, p.offset(j)+shift)
	}
	if !e.gone() {
		dst = appendOffset(dst, width, start+shift)
	}
	from := i // the first entry behind
	if found {
		from++
	}
	for j := from; j < count; j++ {
		dst = appendOffset(dst, width, p.offset(j)+shift+size-(end-start))
	}
	dst = append(dst, p[p.prefixAt():start]...)
	if !e.gone() {
		dst = e.append(dst, tail)
	}
	return append(dst, p[end:]...)
}

func appendOffset(dst []byte, width, v int) []byte {
	if width == 2 {
		return binary.BigEndian.AppendUint16(dst, uint16(v))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(v))
}
