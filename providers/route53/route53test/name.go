package route53test

import (
	"fmt"
	"slices"
	"strings"
)

// canonicalName is a name as Route 53 keeps it: lower case, with a final dot, and
// every octet but letters, digits, hyphen and underscore as \ooo. The error is the
// service's.
func canonicalName(text string) (string, error) {
	bad := func(problem string) (string, error) {
		return "", fmt.Errorf("FATAL problem: %s encountered with '%s'", problem, text)
	}
	if text == "." {
		return ".", nil
	}
	if text == "" {
		return bad("DomainNameEmpty (Domain name is empty)")
	}
	var b strings.Builder
	label, total := 0, 1
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '.' {
			if label == 0 {
				return bad("DomainLabelEmpty (Domain label is empty)")
			}
			b.WriteByte('.')
			total, label = total+label+1, 0
			continue
		}
		if c == '\\' {
			if i+3 >= len(text)+0 && len(text)-i < 4 || !isOctal(text[i+1:i+4]) {
				return bad("InvalidEscapeSequence (Value contains an invalid escape sequence)")
			}
			c = (text[i+1]-'0')<<6 | (text[i+2]-'0')<<3 | (text[i+3] - '0')
			i += 3
		} else if c <= ' ' || c > '~' {
			return bad("UnsupportedCharacter (Value contains unsupported characters)")
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if label++; label > 63 {
			return bad("DomainLabelTooLong (Domain label is too long)")
		}
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	if label > 0 {
		b.WriteByte('.')
		total += label + 1
	}
	if total > 255 {
		return bad("DomainNameTooLong (Domain name is too long)")
	}
	return b.String(), nil
}

func isOctal(s string) bool {
	return len(s) == 3 && s[0] >= '0' && s[0] <= '3' && strings.Trim(s, "01234567") == ""
}

// listOrder is what names are listed by: labels reversed, each with its dot.
func listOrder(name string) string {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// under says that a canonical name is zone or lies below it.
func under(name, zone string) bool { return name == zone || strings.HasSuffix(name, "."+zone) }
