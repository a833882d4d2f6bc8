package route53test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// maxValue is how many characters a Value may have.
const maxValue = 4000

// canonicalValue is what a Value stands for: two that stand for the same record
// are equal. The error is the service's.
func canonicalValue(typ, value string) (string, error) {
	bad := func(problem string) (string, error) {
		return "", fmt.Errorf("Invalid Resource Record: 'FATAL problem: %s encountered with '%s''", problem, value) //nolint:staticcheck // the service's words
	}
	switch typ {
	case "A":
		if a, err := netip.ParseAddr(value); err == nil && a.Is4() {
			return a.String(), nil
		}
		return bad("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)")
	case "AAAA":
		if a, err := netip.ParseAddr(value); err == nil && a.Is6() && a.Zone() == "" {
			return a.String(), nil
		}
		return bad("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)")
	case "NS", "CNAME", "PTR":
		n, err := canonicalName(value)
		if err != nil {
			return "", err
		}
		return n, nil
	case "TXT", "SPF":
		problem, octets := characterStrings(value)
		if problem != "" {
			return bad(problem)
		}
		return octets, nil
	}
	rr, err := dns.NewRR(". 0 IN " + typ + " " + octalToDecimal(value))
	if err != nil || rr == nil || rr.Header().Rrtype != dns.StringToType[typ] {
		return bad(typ + "RRDATAIncorrect (Value is not a valid " + typ + " record)")
	}
	text := strings.TrimPrefix(rr.String(), rr.Header().String())
	if typ == "MX" || typ == "SRV" || typ == "NAPTR" || typ == "SOA" {
		text = strings.ToLower(text) // names in it
	}
	return text, nil
}

// characterStrings reads quoted strings, and says what is wrong with them.
func characterStrings(value string) (problem, octets string) {
	var b strings.Builder
	rest := strings.TrimSpace(value)
	for rest != "" {
		if rest[0] != '"' {
			return "InvalidCharacterString (Value should be enclosed in quotation marks)", ""
		}
		n, i := 0, 1
		var s strings.Builder
		for ; i < len(rest) && rest[i] != '"'; i++ {
			c := rest[i]
			switch {
			case c == '\\' && i+3 < len(rest) && isOctal(rest[i+1:i+4]):
				c = (rest[i+1]-'0')<<6 | (rest[i+2]-'0')<<3 | (rest[i+3] - '0')
				i += 3
			case c == '\\' && i+1 < len(rest):
				i++
				c = rest[i]
			case c < ' ' || c > '~':
				return "UnsupportedCharacter (Value contains unsupported characters)", ""
			}
			s.WriteByte(c)
			n++
		}
		if i >= len(rest) {
			return "InvalidCharacterString (Value should be enclosed in quotation marks)", ""
		}
		if n > 255 {
			return "CharacterStringTooLong (Value is too long)", ""
		}
		b.WriteByte(byte(n))
		b.WriteString(s.String())
		rest = strings.TrimLeft(rest[i+1:], " \t")
	}
	if b.Len() == 0 {
		return "InvalidCharacterString (Value should be enclosed in quotation marks)", ""
	}
	return "", b.String()
}

// octalToDecimal writes escapes as a zone file has them.
func octalToDecimal(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1:i+4]):
			fmt.Fprintf(&b, `\%03d`, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		case s[i] == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i++
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
