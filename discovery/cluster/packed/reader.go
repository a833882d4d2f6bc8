package packed

import "encoding/binary"

// AppendText appends s behind its length.
func AppendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Reader takes packed octets apart. After it ran past the end or met nonsense
// it is bad for good and yields zeros, so that a caller need not look at every
// step. Texts share the octets' memory.
type Reader struct {
	rest string
	bad  bool
}

// Read makes a Reader of octets.
func Read(octets string) Reader { return Reader{rest: octets} }

// Bad says that the octets were not well formed so far.
func (r *Reader) Bad() bool { return r.bad }

// Len is how many octets are left.
func (r *Reader) Len() int { return len(r.rest) }

// Empty says that nothing is left.
func (r *Reader) Empty() bool { return r.rest == "" }

// Must makes the Reader bad unless ok.
func (r *Reader) Must(ok bool) {
	if !ok {
		r.bad, r.rest = true, ""
	}
}

// Octets are the next n, or none.
func (r *Reader) Octets(n int) string {
	if n < 0 || n > len(r.rest) {
		r.Must(false)
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// Octet is the next one.
func (r *Reader) Octet() byte {
	s := r.Octets(1)
	if s == "" {
		return 0
	}
	return s[0]
}

// Uint16 is in network order.
func (r *Reader) Uint16() uint16 {
	s := r.Octets(2)
	if s == "" {
		return 0
	}
	return uint16(s[0])<<8 | uint16(s[1])
}

// Uvarint is as binary.AppendUvarint writes it.
func (r *Reader) Uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := r.Octet()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	r.Must(false)
	return 0
}

// Count is the length of a list or text; each element takes an octet at least,
// which bounds what malformed octets can make a caller allocate.
func (r *Reader) Count() int {
	n := r.Uvarint()
	if n > uint64(len(r.rest)) {
		r.Must(false)
		return 0
	}
	return int(n)
}

// Text is as AppendText writes it.
func (r *Reader) Text() string { return r.Octets(r.Count()) }

// Index is of a table with n entries.
func (r *Reader) Index(n int) int {
	i := r.Uvarint()
	if i >= uint64(n) {
		r.Must(false)
		return 0
	}
	return int(i)
}

// List reads a length and so many elements; nil when there is none.
func List[T any](r *Reader, element func() T) []T {
	return AppendList(nil, r, element)
}

// AppendList appends the elements of such a list to dst. Where they are bad, what it
// returns is of no use.
func AppendList[T any](dst []T, r *Reader, element func() T) []T {
	n := r.Count()
	if n == 0 {
		return dst
	}
	if cap(dst)-len(dst) < n { // not by appending, which would make room for more
		dst = append(make([]T, 0, len(dst)+n), dst...)
	}
	for range n {
		if r.bad {
			return nil
		}
		dst = append(dst, element())
	}
	return dst
}

// Rest is what was not read yet.
func (r *Reader) Rest() string { return r.rest }
