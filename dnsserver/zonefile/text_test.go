package zonefile

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestRDATAText(t *testing.T) {
	var p RDATAParser
	long := `"` + strings.Repeat("x", 255) + `"`
	for _, tt := range []struct{ typ, text, want string }{ // want: text as it comes back; empty: the same
		{"A", "192.0.2.1", ""},
		{"AAAA", "2001:0db8:0:0::1", "2001:db8::1"},
		{"AAAA", "::ffff:192.0.2.1", ""},
		{"CNAME", "Web.Example.com.", "web.example.com."},
		{"CNAME", "web.example.com", "web.example.com."},
		{"MX", "10 Mail.example.com.", "10 mail.example.com."},
		{"SRV", "1 2 443 a.example.com.", ""},
		{"TXT", `"a" "b;c"`, ""},
		{"TXT", `plain words`, `"plain" "words"`},
		{"TXT", `"quote \" and \\ and \001"`, ""},
		{"TXT", long + " " + long, ""},
		{"CAA", `0 issue "ca.example.net; policy=ev"`, ""},
		{"TYPE65280", `\# 3 0102ff`, ""},
	} {
		typ, ok := ParseType(tt.typ)
		if !ok {
			t.Fatalf("no type %s", tt.typ)
		}
		rdata, err := p.Parse(typ, tt.text)
		if err != nil {
			t.Errorf("%s %s: %v", tt.typ, tt.text, err)
			continue
		}
		want := tt.want
		if want == "" {
			want = tt.text
		}
		if got := RDATAText(typ, rdata); got != want {
			t.Errorf("%s %s came back as %s, want %s", tt.typ, tt.text, got, want)
		}
	}
}

func TestRDATARefused(t *testing.T) {
	var p RDATAParser
	for _, tt := range []struct {
		typ        uint16
		text, want string
	}{
		{dns.TypeA, "192.0.2", "bad A"},
		{dns.TypeA, "192.0.2.1 192.0.2.2", "garbage"},
		{dns.TypeA, "192.0.2.1\n. 0 IN A 192.0.2.2", "line break"},
		{dns.TypeA, "", "no data"},
		{dns.TypeTXT, "v=DKIM1; k=rsa", "semicolon"},
		{dns.TypeTXT, `"open`, "quote"},
		{dns.TypeMX, "(10 a.", "parenthesis"},
		{dns.TypeANY, "x", "no type of data"},
	} {
		if _, err := p.Parse(tt.typ, tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %q: %v, want an error with %q", TypeText(tt.typ), tt.text, err, tt.want)
		}
		// What was refused does not spoil what comes after it.
		if rdata, err := p.Parse(dns.TypeA, "192.0.2.9"); err != nil || rdata != "\xc0\x00\x02\x09" {
			t.Fatalf("after %q: %q, %v", tt.text, rdata, err)
		}
	}
}

// FuzzRDATAText: whatever Parse takes, its text gives the same RDATA again.
func FuzzRDATAText(f *testing.F) {
	f.Add(uint16(16), `"a" b`)
	f.Add(uint16(15), "10 a.b.")
	f.Add(uint16(65), `1 . alpn="h2,h3" ipv4hint=192.0.2.1`)
	var p RDATAParser
	f.Fuzz(func(t *testing.T, typ uint16, text string) {
		rdata, err := p.Parse(typ, text)
		if err != nil {
			return
		}
		again, err := p.Parse(typ, RDATAText(typ, rdata))
		if err != nil || again != rdata {
			t.Errorf("%s %q: %x, as text %q, again %x, %v", TypeText(typ), text, rdata, RDATAText(typ, rdata), again, err)
		}
	})
}
