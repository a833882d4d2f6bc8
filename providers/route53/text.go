package route53

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
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

// rdataText is canonical RDATA as Route 53 takes it in a Value.
func rdataText(typ uint16, rdata string) (string, error) {
	switch typ {
	case zone.TypeA, zone.TypeAAAA:
		a, ok := netip.AddrFromSlice([]byte(rdata))
		if !ok || zone.AddrType(a) != typ {
			return "", errors.New("the RDATA is no address")
		}
		return a.String(), nil
	case zone.TypeNS, zone.TypeCNAME, zone.TypePTR:
		n, size, err := dnsname.FromWire([]byte(rdata))
		if err != nil || size != len(rdata) {
			return "", errors.New("the RDATA is no name")
		}
		return nameText(n), nil
	case zone.TypeTXT, dns.TypeSPF:
		return stringsText(rdata)
	}
	h := dns.RR_Header{Name: ".", Rrtype: typ, Class: dns.ClassINET, Rdlength: uint16(len(rdata))}
	rr, end, err := dns.UnpackRRWithHeader(h, []byte(rdata), 0)
	if err != nil {
		return "", fmt.Errorf("the RDATA cannot be read: %w", err)
	}
	if end != len(rdata) {
		return "", errors.New("there is something behind the RDATA")
	}
	text := toOctal(strings.TrimPrefix(rr.String(), rr.Header().String()))
	// Not all RDATA that can be packed has a text that is read as the same.
	if again, err := readOther(typ, text); err != nil || again != rdata {
		return "", fmt.Errorf("the RDATA has no text that stands for it alone: %s", text)
	}
	return text, nil
}

// stringsText is TXT RDATA: quoted strings with spaces between them.
func stringsText(rdata string) (string, error) {
	var b strings.Builder
	for rest := rdata; rest != ""; {
		size := int(rest[0])
		if 1+size > len(rest) {
			return "", errors.New("the RDATA is cut short")
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('"')
		for _, c := range []byte(rest[1 : 1+size]) {
			switch {
			case c == '"':
				b.WriteString(`\"`)
			case c == '\\' || c < ' ' || c > '~':
				fmt.Fprintf(&b, `\%03o`, c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
		rest = rest[1+size:]
	}
	if b.Len() == 0 {
		return "", errors.New("the RDATA is empty")
	}
	return b.String(), nil
}

// parseRDATA reads a Value as canonical RDATA. Names in it are absolute, with or
// without the final dot.
func parseRDATA(typ uint16, text string) (string, error) {
	switch typ {
	case zone.TypeA, zone.TypeAAAA:
		a, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil || zone.AddrType(a) != typ || a.Zone() != "" {
			return "", fmt.Errorf("%q is no address of this type", text)
		}
		return zone.Addr(a), nil
	case zone.TypeNS, zone.TypeCNAME, zone.TypePTR:
		n, err := parseName(strings.TrimSpace(text))
		if err != nil {
			return "", err
		}
		return zone.Target(n), nil
	case zone.TypeTXT, dns.TypeSPF:
		return parseStrings(text)
	}
	rdata, err := readOther(typ, text)
	if err != nil {
		return "", err
	}
	if _, err := rdataText(typ, rdata); err != nil {
		return "", err
	}
	return rdata, nil
}

// readOther reads types of which fedns makes few.
func readOther(typ uint16, text string) (rdata string, err error) {
	defer func() {
		// That some data makes miekg's parser panic, which has happened, must cost this
		// record and not the daemon.
		if v := recover(); v != nil {
			rdata, err = "", fmt.Errorf("%q cannot be read: %v", text, v)
		}
	}()
	if strings.ContainsAny(text, "\n\r") {
		return "", fmt.Errorf("%q has more than one line", text)
	}
	p := dns.NewZoneParser(strings.NewReader(". 0 IN "+dns.TypeToString[typ]+" "+fromOctal(text)+"\n"), ".", "")
	rr, ok := p.Next()
	if !ok || rr.Header().Rrtype != typ {
		return "", fmt.Errorf("%q cannot be read: %w", text, p.Err())
	}
	switch r := rr.(type) { // RFC 4034 §6.2: names in these are lower case
	case *dns.MX:
		r.Mx = dns.CanonicalName(r.Mx)
	case *dns.SRV:
		r.Target = dns.CanonicalName(r.Target)
	case *dns.NAPTR:
		r.Replacement = dns.CanonicalName(r.Replacement)
	case *dns.SOA:
		r.Ns, r.Mbox = dns.CanonicalName(r.Ns), dns.CanonicalName(r.Mbox)
	}
	buf := make([]byte, dns.Len(rr)+1)
	end, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("%q cannot be packed: %w", text, err)
	}
	return string(buf[11:end]), nil // behind the root name, type, class, TTL, length
}

// parseStrings reads strings, quoted or not, with or without spaces between them.
func parseStrings(text string) (string, error) {
	var out strings.Builder
	for rest := strings.TrimLeft(text, " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		var s []byte
		quoted := rest[0] == '"'
		if quoted {
			rest = rest[1:]
		}
		closed := false
		for rest != "" && !closed {
			c := rest[0]
			rest = rest[1:]
			switch {
			case c == '\\':
				if len(rest) >= 3 && isDigits(rest[:3]) {
					v := octal(rest[:3])
					if v > 255 || strings.ContainsAny(rest[:3], "89") {
						return "", fmt.Errorf(`%q has an escape that is not octal`, text)
					}
					s, rest = append(s, byte(v)), rest[3:]
				} else if rest != "" {
					s, rest = append(s, rest[0]), rest[1:]
				} else {
					return "", fmt.Errorf("%q ends in a backslash", text)
				}
			case c == '"' && quoted, (c == ' ' || c == '\t') && !quoted:
				closed = true
			default:
				s = append(s, c)
			}
		}
		if quoted && !closed {
			return "", fmt.Errorf("%q has a quote that is not closed", text)
		}
		if len(s) > 255 {
			return "", fmt.Errorf("%q has a string of more than 255 octets", text)
		}
		out.WriteByte(byte(len(s)))
		out.Write(s)
	}
	if out.Len() == 0 {
		return "", errors.New("there is no string")
	}
	return out.String(), nil
}
