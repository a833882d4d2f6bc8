package ownership

import (
	"fmt"
	"strings"
)

// heritage is how each text of fedns begins.
const heritage = "heritage=fedns"

// field is one key=value of a text.
type field struct{ key, value string }

// formatFields is the text of fields; parseFields is its inverse.
func formatFields(fields []field) string {
	n := len(heritage)
	for _, f := range fields {
		n += len(",=") + len(f.key) + len(f.value)
	}
	var b strings.Builder
	b.Grow(n) // but for what is escaped
	b.WriteString(heritage)
	for _, f := range fields {
		b.WriteByte(',')
		b.WriteString(f.key)
		b.WriteByte('=')
		escape(&b, f.value)
	}
	return b.String()
}

// plain are the octets that escape leaves as they are.
var plain = func() (is [256]bool) {
	for c := range is {
		is[c] = stays(byte(c))
	}
	return is
}()

func stays(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._/:*@+~", c) >= 0
}

// isPlain says that there is nothing to escape.
func isPlain(s string) bool {
	for i := range len(s) {
		if !plain[s[i]] {
			return false
		}
	}
	return true
}

// escape leaves only what no provider, zone file or shell reads otherwise.
func escape(b *strings.Builder, s string) {
	if isPlain(s) {
		b.WriteString(s)
		return
	}
	for _, c := range []byte(s) {
		if plain[c] {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(b, "%%%02X", c)
	}
}

// parseFields reads what formatFields wrote. It takes nothing else: a text that
// would be written otherwise is not understood, so nothing of it can get lost.
func parseFields(text string) (map[string]string, error) {
	rest, ok := strings.CutPrefix(text, heritage)
	if !ok {
		return nil, fmt.Errorf("text does not begin with %s", heritage)
	}
	fields := make(map[string]string)
	for rest != "" {
		if rest[0] != ',' {
			return nil, fmt.Errorf("text has %q, want a comma", rest[:1])
		}
		part, more, found := strings.Cut(rest[1:], ",")
		rest = ""
		if found {
			rest = "," + more
		}
		key, escaped, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("field %q has no value", part)
		}
		value, err := unescape(escaped)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", key, err)
		}
		if _, twice := fields[key]; twice {
			return nil, fmt.Errorf("field %s comes twice", key)
		}
		fields[key] = value
	}
	return fields, nil
}

func unescape(s string) (string, error) {
	if isPlain(s) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if plain[s[i]] {
			b.WriteByte(s[i])
			continue
		}
		if s[i] != '%' || i+2 >= len(s) {
			return "", fmt.Errorf("bad escape at octet %d", i)
		}
		high, low := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
		if high < 0 || low < 0 {
			return "", fmt.Errorf("bad escape %q", s[i:i+3])
		}
		b.WriteByte(byte(high<<4 | low))
		i += 2
	}
	return b.String(), nil
}

const hexDigits = "0123456789ABCDEF"

// strings of a TXT's RDATA, joined (RFC 1035 §3.3.14); false: it is no TXT.
func joinStrings(rdata string) (string, bool) {
	if rdata != "" && len(rdata) == 1+int(rdata[0]) {
		return rdata[1:], true
	}
	var b strings.Builder
	for rdata != "" {
		n := int(rdata[0])
		if len(rdata) < 1+n {
			return "", false
		}
		b.WriteString(rdata[1 : 1+n])
		rdata = rdata[1+n:]
	}
	return b.String(), true
}
