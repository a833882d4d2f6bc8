package dnsname

import "strings"

// AppendSortKey appends a key whose bytewise order is the canonical order of
// names (RFC 4034 §6.1): labels from the root down, each ended by a zero octet.
// Octets 0 and 1 inside a label are escaped by 1, which keeps the order. The
// keys of all names below n start with n's key, and no others do. Root's key is
// empty.
func (n Name) AppendSortKey(dst []byte) []byte {
	var at [MaxLabels]uint8
	c := 0
	for i := 0; i < len(n.wire) && n.wire[i] != 0; i += 1 + int(n.wire[i]) {
		at[c] = uint8(i)
		c++
	}
	for c--; c >= 0; c-- {
		i := int(at[c])
		for _, b := range []byte(n.wire[i+1 : i+1+int(n.wire[i])]) {
			if b <= 1 {
				dst = append(dst, 1, b+1)
				continue
			}
			dst = append(dst, b)
		}
		dst = append(dst, 0)
	}
	return dst
}

// SortKey is AppendSortKey as a string.
func (n Name) SortKey() string {
	var buf [MaxWire + 32]byte
	return string(n.AppendSortKey(buf[:0]))
}

// FromSortKey is the inverse of SortKey. The key must be one that SortKey made.
func FromSortKey(key string) Name {
	var buf [MaxWire]byte
	return Name{string(AppendFromSortKey(buf[:0], key))}
}

// AppendFromSortKey appends the wire form of the name that a key is of, to dst.
func AppendFromSortKey[K string | []byte](dst []byte, key K) []byte {
	var buf [2 * MaxWire]byte
	at := len(buf) - 1 // written from the end: the key runs from the root down
	buf[at] = 0
	for i := 0; i < len(key); {
		end := i
		size := 0
		for key[end] != 0 {
			if key[end] == 1 {
				end++
			}
			end++
			size++
		}
		at -= size + 1
		w := at
		buf[w] = byte(size)
		for ; i < end; i++ {
			w++
			c := key[i]
			if c == 1 {
				i++
				c = key[i] - 1
			}
			buf[w] = c
		}
		i = end + 1
	}
	return append(dst, buf[at:]...)
}

// Compare orders names canonically (RFC 4034 §6.1): -1, 0 or 1.
func Compare(a, b Name) int {
	if a == b {
		return 0
	}
	var x, y [MaxWire + 32]byte
	return strings.Compare(string(a.AppendSortKey(x[:0])), string(b.AppendSortKey(y[:0])))
}
