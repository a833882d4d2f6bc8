package dnsname

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const (
	// MaxWire is the longest name in octets, length octets and root included (RFC 1035 §3.1).
	MaxWire = 255
	// MaxLabel is the longest label in octets (RFC 1035 §3.1).
	MaxLabel = 63
	// MaxLabels is the most labels, root left out, that fit into MaxWire octets.
	MaxLabels = 127
)

// What is wrong with a name that does not parse. Errors returned here wrap one of them.
var (
	ErrLabelLength = errors.New("label is not 1 to 63 octets long")
	ErrNameLength  = errors.New("name is longer than 255 octets")
	ErrEscape      = errors.New(`bad escape, want \DDD (000 to 255) or \ and a character`)
	ErrWire        = errors.New("name is cut short or has a compression pointer")
	ErrEmpty       = errors.New("name is empty")
)

// Name is a domain name in lower-case, uncompressed wire form. The zero Name is
// no name at all (IsZero); the root is Root.
type Name struct{ wire string }

// Root is the name of the DNS root.
var Root = Name{"\x00"}

// FromWire takes the uncompressed name that wire starts with, folds it to lower
// case and copies it. It returns the number of octets read.
func FromWire(wire []byte) (Name, int, error) {
	n := 0
	for {
		if n >= len(wire) {
			return Name{}, 0, ErrWire
		}
		l := int(wire[n])
		if l > MaxLabel {
			return Name{}, 0, ErrWire
		}
		n += 1 + l
		if n > MaxWire {
			return Name{}, 0, ErrNameLength
		}
		if l == 0 {
			break
		}
	}
	if n > len(wire) {
		return Name{}, 0, ErrWire
	}
	buf := make([]byte, n)
	Fold(buf, wire[:n])
	return Name{string(buf)}, n, nil
}

// FromFolded takes wire as it is: the caller vouches that it is one whole
// uncompressed name in lower case, as Fold leaves it.
func FromFolded(wire string) Name { return Name{wire} }

// Fold copies src to dst in lower case (RFC 4343: ASCII letters only). Length
// octets are below 'A' and pass unchanged, so whole wire names may be folded.
// dst and src may be the same.
func Fold(dst, src []byte) {
	dst = dst[:len(src)]
	for ; len(src) >= 8; src, dst = src[8:], dst[8:] {
		binary.LittleEndian.PutUint64(dst, fold8(binary.LittleEndian.Uint64(src)))
	}
	for i, c := range src {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst[i] = c
	}
}

// fold8 folds eight octets at once: an octet's top bit is set in fromA if it is
// at least 'A', in pastZ if it is past 'Z', once its own top bit is out of the way.
func fold8(x uint64) uint64 {
	const ones = 0x0101010101010101
	low := x &^ (0x80 * ones)
	fromA, pastZ := low+(0x80-'A')*ones, low+(0x7f-'Z')*ones
	upper := (fromA ^ pastZ) &^ x & (0x80 * ones)
	return x | upper>>2 // 'a' - 'A' is 0x20
}

// Parse reads the presentation form (RFC 1035 §5.1), absolute with or without
// the final dot; "." is the root. Escapes \DDD and \X are understood.
func Parse(text string) (Name, error) {
	if text == "." {
		return Root, nil
	}
	if text == "" {
		return Name{}, ErrEmpty
	}
	wire := make([]byte, 1, len(text)+2)
	start := 0 // of the current label's length octet
	end := func() error {
		l := len(wire) - start - 1
		if l == 0 || l > MaxLabel {
			return fmt.Errorf("%q: %w", text, ErrLabelLength)
		}
		wire[start] = byte(l)
		start = len(wire)
		wire = append(wire, 0)
		return nil
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '.':
			if err := end(); err != nil {
				return Name{}, err
			}
			continue
		case c == '\\':
			v, n, ok := unescape(text[i+1:])
			if !ok {
				return Name{}, fmt.Errorf("%q: %w", text, ErrEscape)
			}
			c, i = v, i+n
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		wire = append(wire, c)
	}
	if start != len(wire)-1 {
		if err := end(); err != nil {
			return Name{}, err
		}
	}
	if len(wire) > MaxWire {
		return Name{}, fmt.Errorf("%q: %w", text, ErrNameLength)
	}
	return Name{string(wire)}, nil
}

// unescape reads what follows a backslash and returns the octet and how many characters it took.
func unescape(s string) (byte, int, bool) {
	if s == "" {
		return 0, 0, false
	}
	if s[0] < '0' || s[0] > '9' {
		return s[0], 1, true
	}
	if len(s) < 3 {
		return 0, 0, false
	}
	v := 0
	for _, d := range []byte(s[:3]) {
		if d < '0' || d > '9' {
			return 0, 0, false
		}
		v = v*10 + int(d-'0')
	}
	return byte(v), 3, v <= 255
}

// MustParse is Parse for names written in the program; it panics on a bad one.
func MustParse(text string) Name {
	n, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return n
}

// IsZero says that n is the zero Name, no name at all.
func (n Name) IsZero() bool { return n.wire == "" }

// Wire is the lower-case, uncompressed wire form, root octet included.
func (n Name) Wire() string { return n.wire }

// Labels counts the labels, root left out: 0 for Root.
func (n Name) Labels() int {
	c := 0
	for i := 0; i < len(n.wire) && n.wire[i] != 0; i += 1 + int(n.wire[i]) {
		c++
	}
	return c
}

// Label is the leftmost label's octets; empty for Root.
func (n Name) Label() string {
	if n.wire == "" {
		return ""
	}
	return n.wire[1 : 1+int(n.wire[0])]
}

// Parent is n without its leftmost label; Root's parent is the zero Name.
func (n Name) Parent() Name {
	if len(n.wire) < 2 {
		return Name{}
	}
	return Name{n.wire[1+int(n.wire[0]):]}
}

// IsWildcard says that the leftmost label is a lone asterisk (RFC 4592 §2.1.1).
func (n Name) IsWildcard() bool { return strings.HasPrefix(n.wire, "\x01*") }

// Under says that n is zone or lies below it.
func (n Name) Under(zone Name) bool {
	d := len(n.wire) - len(zone.wire)
	if zone.wire == "" || d < 0 || n.wire[d:] != zone.wire {
		return false
	}
	// The match must begin at a label, not in the middle of one.
	i := 0
	for i < d {
		i += 1 + int(n.wire[i])
	}
	return i == d
}

// Child is the name with label put before n. The label's octets are taken as
// they are, folded to lower case: a dot in it does not part it.
func (n Name) Child(label string) (Name, error) {
	if len(label) == 0 || len(label) > MaxLabel {
		return Name{}, fmt.Errorf("%q: %w", label, ErrLabelLength)
	}
	if 1+len(label)+len(n.wire) > MaxWire {
		return Name{}, fmt.Errorf("%q under %s: %w", label, n, ErrNameLength)
	}
	buf := make([]byte, 0, 1+len(label)+len(n.wire))
	buf = append(buf, byte(len(label)))
	buf = append(buf, label...)
	Fold(buf[1:], buf[1:])
	return Name{string(append(buf, n.wire...))}, nil
}

// Replace is n with its suffix from put to, as DNAME substitution does (RFC 6672
// §2.2). n must lie under from; ErrNameLength when the result is too long.
func (n Name) Replace(from, to Name) (Name, error) {
	d := len(n.wire) - len(from.wire)
	if d < 0 || d+len(to.wire) > MaxWire {
		return Name{}, ErrNameLength
	}
	return Name{n.wire[:d] + to.wire}, nil
}

// String is the presentation form with the final dot; octets that a zone file
// would read otherwise are escaped.
func (n Name) String() string {
	if n.wire == "" {
		return ""
	}
	if n.wire == "\x00" {
		return "."
	}
	var b strings.Builder
	b.Grow(len(n.wire))
	for i := 0; n.wire[i] != 0; {
		l := int(n.wire[i])
		for _, c := range []byte(n.wire[i+1 : i+1+l]) {
			switch {
			case c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' || c == '@' || c == '$':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c <= ' ' || c > '~':
				fmt.Fprintf(&b, `\%03d`, c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('.')
		i += 1 + l
	}
	return b.String()
}
