package bound

import (
	"fmt"
	"io"
)

// bodyBound is a body that fails where it is too long.
type bodyBound struct {
	io.ReadCloser
	path       string
	most, have int64
}

// Read fails past the bound.
func (b *bodyBound) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.have += int64(n); b.have > b.most {
		return 0, fmt.Errorf("%s: the answer is longer than %d octets", b.path, b.most)
	}
	return n, err
}

// eventBound is a stream of JSON values that fails where one is too long. Whatever
// stands between two belongs to the next.
type eventBound struct {
	io.ReadCloser
	path    string
	most    int64
	left    int64 // of this value
	depth   int   // of braces and brackets
	quoted  bool  // within a string
	escaped bool  // behind a backslash
}

// Read fails past the bound.
func (b *eventBound) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		own, ends := b.value(rest)
		if b.left -= int64(own); b.left < 0 {
			return 0, fmt.Errorf("%s: an event is longer than %d octets", b.path, b.most)
		}
		if ends {
			b.left = b.most
		}
		rest = rest[own:]
	}
	return n, err
}

// value is how many octets of p belong to this value, and whether it ends there.
func (b *eventBound) value(p []byte) (own int, ends bool) {
	depth, quoted, escaped := b.depth, b.quoted, b.escaped // in registers: this is done for each octet
	for i, c := range p {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				b.depth, b.quoted, b.escaped = 0, false, false
				return i + 1, true
			}
		}
	}
	b.depth, b.quoted, b.escaped = depth, quoted, escaped
	return len(p), false
}
