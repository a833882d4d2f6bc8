package difftest

import (
	"fmt"
	"slices"
	"strings"
)

// name is an absolute domain name: its labels from the left, each as raw octets.
type name []string

// String is the presentation form that zone files and dig understand.
func (n name) String() string {
	if len(n) == 0 {
		return "."
	}
	var b strings.Builder
	for _, label := range n {
		for _, c := range []byte(label) {
			writeOctet(&b, c)
		}
		b.WriteByte('.')
	}
	return b.String()
}

// writeOctet writes an octet of a label as all name servers read it.
func writeOctet(b *strings.Builder, c byte) {
	switch {
	case strings.IndexByte(`."();@$`, c) >= 0: // not \: NSD 4.6 takes the dot behind \\ for escaped
		b.WriteByte('\\')
		b.WriteByte(c)
	case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '-', c == '_', c == '*':
		b.WriteByte(c)
	default: // more than need be: Knot wants [, { and ` escaped, too
		fmt.Fprintf(b, `\%03d`, c)
	}
}

// key is equal for names that are the same to a resolver (RFC 4343).
func (n name) key() string { return lower(n.String()) }

// lower folds ASCII letters and nothing else.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// octets is the length in wire form.
func (n name) octets() int {
	sum := 1
	for _, label := range n {
		sum += 1 + len(label)
	}
	return sum
}

// child puts labels before n.
func (n name) child(labels ...string) name { return append(slices.Clone(labels), n...) }

func (n name) parent() name { return n[1:] }

// under says that n is zone or below it.
func (n name) under(zone name) bool {
	return len(n) >= len(zone) && n[len(n)-len(zone):].key() == zone.key()
}

func (n name) isWildcard() bool { return len(n) > 0 && n[0] == "*" }
