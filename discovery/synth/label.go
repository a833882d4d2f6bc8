package synth

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// wire is labels in wire form without a root octet: the front of a name. Each
// label must be 1 to 63 octets in lower case.
func wire(labels ...string) string {
	n := 0
	for _, l := range labels {
		n += 1 + len(l)
	}
	var b strings.Builder
	b.Grow(n)
	for _, l := range labels {
		b.WriteByte(byte(len(l)))
		b.WriteString(l)
	}
	return b.String()
}

// dashed is the label of an endpoint without a hostname of its own. Where an
// IPv6 address begins or ends with colons, a 0 keeps the dash off the label's
// edge: it is still the same address, so no two addresses share a label.
func dashed(a netip.Addr) string {
	if a.Is4() {
		return strings.ReplaceAll(a.String(), ".", "-")
	}
	s := strings.ReplaceAll(a.String(), ":", "-")
	if s[0] == '-' {
		s = "0" + s
	}
	if s[len(s)-1] == '-' {
		s += "0"
	}
	return s
}

// reverse is the name that holds a's PTR record (RFC 1035 §3.5, RFC 3596 §2.5).
func reverse(a netip.Addr) dnsname.Name {
	buf := make([]byte, 0, 80)
	if a.Is4() {
		b := a.As4()
		for i := 3; i >= 0; i-- {
			at := len(buf)
			buf = strconv.AppendUint(append(buf, 0), uint64(b[i]), 10)
			buf[at] = byte(len(buf) - at - 1)
		}
		return dnsname.FromFolded(string(append(buf, "\x07in-addr\x04arpa\x00"...)))
	}
	const digits = "0123456789abcdef"
	b := a.As16()
	for i := 15; i >= 0; i-- {
		buf = append(buf, 1, digits[b[i]&15], 1, digits[b[i]>>4])
	}
	return dnsname.FromFolded(string(append(buf, "\x03ip6\x04arpa\x00"...)))
}
