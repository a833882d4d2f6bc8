package zonefile_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
)

func TestTextOfOneRecord(t *testing.T) {
	for _, c := range []struct {
		typ        uint16
		text, want string // want is the text that comes back; empty: the same
	}{
		{dns.TypeA, "192.0.2.1", ""},
		{dns.TypeAAAA, "2001:DB8:0::1", "2001:db8::1"},
		{dns.TypeCNAME, "Web.Example", "web.example."},
		{dns.TypeMX, "10 mail.example.", ""},
		{dns.TypeSRV, "0 5 443 a.example", "0 5 443 a.example."},
		{dns.TypeTXT, `"a b" "c\"d\\e;f" "\009"`, ""},
		{dns.TypeTXT, `plain`, `"plain"`},
		{dns.TypeCAA, `0 issue "ca.example"`, ""},
		{dns.TypeNAPTR, `100 10 "u" "sip" "!^.*$!sip:a@example!" .`, ""},
		{65280, `\# 3 010203`, ""},
		{dns.TypeA, `\# 4 c0000201`, "192.0.2.1"},
	} {
		rdata, err := zonefile.ParseRDATA(c.typ, c.text)
		if err != nil {
			t.Errorf("%s %s: %v", dns.TypeToString[c.typ], c.text, err)
			continue
		}
		if c.want == "" {
			c.want = c.text
		}
		if got := zonefile.FormatRDATA(c.typ, rdata); got != c.want {
			t.Errorf("%s: %s comes back as %s, want %s", dns.TypeToString[c.typ], c.text, got, c.want)
		}
	}
	if got, _ := zonefile.ParseRDATA(dns.TypeCNAME, "web.EXAMPLE."); got != zone.Target(dnsname.MustParse("web.example")) {
		t.Errorf("CNAME is %q", got)
	}
	if got := zonefile.FormatRDATA(dns.TypeA, "abc"); got != `\# 3 616263` {
		t.Errorf("RDATA that is none of an A record: %s", got)
	}
	for text, want := range map[string]string{
		"192.0.2":              "A: bad A",
		"":                     "A: the record has no data",
		"192.0.2.1 192.0.2.2":  "A: ",
		"192.0.2.1\n192.0.2.2": "A: there is more than one line",
		"(192.0.2.1":           "A: parenthesis is never closed",
		`\# 3 010203`:          "A: ",
	} {
		if _, err := zonefile.ParseRDATA(dns.TypeA, text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzText: what is written as text is read as the same octets, or not at all.
func FuzzText(f *testing.F) {
	f.Add(dns.TypeTXT, []byte("\x03a\"b\x00"))
	f.Add(dns.TypeMX, []byte("\x00\x0a\x04mail\x00"))
	f.Add(dns.TypeSVCB, []byte("\x00\x01\x00\x00\x03\x00\x02\x01\xbb"))
	f.Add(dns.TypeLOC, make([]byte, 16))
	f.Fuzz(func(t *testing.T, typ uint16, rdata []byte) {
		text := zonefile.FormatRDATA(typ, string(rdata))
		if got, err := zonefile.ParseRDATA(typ, text); err == nil && !strings.HasPrefix(text, `\#`) && got != string(rdata) {
			t.Errorf("type %d, %x as %s is read as %x", typ, rdata, text, got)
		}
	})
}
