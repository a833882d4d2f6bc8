package zone

import (
	"iter"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// AllNames yields every name that exists in the zone, empty non-terminals included,
// in canonical order, in lower-case wire form. It allocates nothing a name: what is
// yielded is good until the next one.
func (s *Snapshot) AllNames() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var wire [dnsname.MaxWire]byte
		var was, is [keySize]byte
		last, key := append(was[:0], s.apex.SortKey()...), is[:0]
		if !yield([]byte(s.apex.Wire())) {
			return
		}
		var c cursor
		for c.seek(s.root, nil); c.valid(); c.next() {
			prefix, e := c.entry()
			key = append(append(key[:0], prefix...), e.key...)
			// Names above this one that the last one is not below of are met here first.
			for end := commonLen(last, key) + 1; end <= len(key); end++ {
				if key[end-1] == 0 && !yield(dnsname.AppendFromSortKey(wire[:0], key[:end])) {
					return
				}
			}
			last, key = key, last
		}
	}
}

func commonLen(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
