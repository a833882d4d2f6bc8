package route53

import (
	"fmt"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Route 53 escapes octets as \ooo, in octal, where a zone file has \DDD, in
// decimal (Developer Guide, "DNS domain name format"). It returns all but letters,
// digits, hyphen and underscore so; they are written so, too.

// nameText is a name as Route 53 writes it.
func nameText(n dnsname.Name) string {
	wire := n.Wire()
	if wire == "\x00" {
		return "."
	}
	var b strings.Builder
	b.Grow(len(wire))
	for i := 0; i < len(wire) && wire[i] != 0; {
		size := int(wire[i])
		for _, c := range []byte(wire[i+1 : i+1+size]) {
			if isPlain(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
		b.WriteByte('.')
		i += 1 + size
	}
	return b.String()
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// parseName reads a name as Route 53 writes it; the final dot may be missing.
func parseName(text string) (dnsname.Name, error) { return dnsname.Parse(fromOctal(text)) }

// fromOctal turns \ooo into \DDD and leaves everything else.
func fromOctal(text string) string {
	return escapes(text, func(b *strings.Builder, code string) {
		if len(code) == 3 {
			fmt.Fprintf(b, `\%03d`, octal(code))
			return
		}
		b.WriteString(`\` + code)
	})
}

// toOctal turns \DDD and \X into \ooo, but \", which Route 53 wants as it is.
func toOctal(text string) string {
	return escapes(text, func(b *strings.Builder, code string) {
		switch {
		case len(code) == 3:
			fmt.Fprintf(b, `\%03o`, (int(code[0]-'0')*10+int(code[1]-'0'))*10+int(code[2]-'0'))
		case code == `"` || code == "":
			b.WriteString(`\` + code)
		default:
			fmt.Fprintf(b, `\%03o`, code[0])
		}
	})
}

// escapes gives write what stands behind each backslash: three digits, or one
// character, or nothing at the end.
func escapes(text string, write func(b *strings.Builder, code string)) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for text != "" {
		before, after, found := strings.Cut(text, `\`)
		b.WriteString(before)
		if !found {
			break
		}
		n := min(1, len(after))
		if len(after) >= 3 && isDigits(after[:3]) {
			n = 3
		}
		write(&b, after[:n])
		text = after[n:]
	}
	return b.String()
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// octal is three digits' value. Digits that are not octal count as what they are:
// the result is above 255, and refused by who reads it, or another's mistake.
func octal(code string) int {
	return (int(code[0]-'0')*8+int(code[1]-'0'))*8 + int(code[2]-'0')
}
