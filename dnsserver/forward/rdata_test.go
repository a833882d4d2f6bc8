package forward_test

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/zone"
)

// TestRDATA: names are lowered, and what is cut short or too long is not handed on.
func TestRDATA(t *testing.T) {
	for _, c := range []struct {
		typ        uint16
		wire, want string // want empty: refused
	}{
		{dns.TypeA, "\xc0\x00\x02\x01", "\xc0\x00\x02\x01"},
		{dns.TypeA, "\xc0\x00\x02", ""},
		{dns.TypeA, "\xc0\x00\x02\x01\x01", ""},
		{dns.TypeA, "", ""},
		{dns.TypeMX, "\x00\x0a\x02MX\x00", "\x00\x0a\x02mx\x00"},
		{dns.TypeMX, "\x00\x0a", ""},
		{dns.TypeSRV, "AAAAAA\x01A\xc0\x0c", "AAAAAA\x01a\x03www\x04test\x00"},
		{dns.TypeSRV, "AAAA", ""},
		{dns.TypeNAPTR, "AAAA\x01S\x01X\x00\x01B\x00", "AAAA\x01S\x01X\x00\x01b\x00"},
		{dns.TypeNAPTR, "AAAA\x01S\x01X\x00", ""},
		{dns.TypeTXT, "\x01A\x00\x02BC", "\x01A\x00\x02BC"},
		{dns.TypeTXT, "\x01A\x02B", ""},
		{dns.TypeTXT, "", ""},
		{65280, "", "-"},
		{65280, "\xc0\x0c", "\xc0\x0c"},
	} {
		t.Run(fmt.Sprintf("%d %x", c.typ, c.wire), func(t *testing.T) {
			msg := []byte("\x00\x00\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x04test\x00")
			msg = append(msg, byte(c.typ>>8), byte(c.typ), 0, 1, 0xc0, 12, byte(c.typ>>8), byte(c.typ), 0, 1, 0, 0, 0, 60, 0, byte(len(c.wire)))
			got, err := forward.Parse(append(msg, c.wire...), zone.Key{Owner: name("www.test."), Type: c.typ}, ours)
			if (err != nil) != (c.want == "") {
				t.Fatalf("%v, %v", got.Answer, err)
			}
			if c.want == "-" {
				c.want = ""
			}
			if err == nil && (len(got.Answer) != 1 || got.Answer[0].First() != c.want) {
				t.Errorf("got %v, want %q", got.Answer, c.want)
			}
		})
	}
}
