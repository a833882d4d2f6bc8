package zonefile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// FuzzRead wants no panic, canonical order, positions within the file, and the
// same zone again from what an accepted one prints.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"$TTL 60\n@ SOA ns h (1 2 ; x\n 3 4 5)\n@ NS ns\nns A 192.0.2.1\n",
		"a 1 TXT \"a b\" c\\\"d \\001\n  AAAA ::1\n\\000.b DNAME c\nx TYPE65280 \\# 2 ab cd\n",
		"$ORIGIN b\n* 1 CAA 0 issue \"ca\"\ny 1h NAPTR 1 2 \"\" \"\" \"\" z\nd 1 DS 1 8 2 ABCD\n",
		"s 1 HTTPS 1 . alpn=\"h2,h3\" ipv4hint=192.0.2.1\nl 1 LOC 52 N 4 E 0m\na 1 APL 1:192.0.2.0/24\nh 1 HINFO x\n",
		"n 1 NSEC \\000.n A TYPE65280\nn 1 RRSIG NSEC 8 2 1 20300101000000 20200101000000 1 E. AA==\nn 1 CNAME x\n",
		"$INCLUDE z\n$GENERATE 1-2 a A 192.0.2.1\n(\n\r\n", "a 1 A \\# 4 01020304\nb 1 MX \\# 3 000100\n",
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(dir, "z")
		overwrite(t, file, text)
		s, err := Read(testApex, file)
		if err != nil {
			if strings.Count(err.Error(), "\n") > maxErrors {
				t.Fatalf("too many errors: %v", err)
			}
			return
		}
		lines := strings.Count(text, "\n") + 1
		for i, r := range s.RRsets {
			if at, ok := s.At(r.Key()); !ok || at.Line < 1 || at.Line > lines {
				t.Fatalf("%s is at %v of %d lines", r, at, lines)
			}
			if i > 0 && dnsname.Compare(s.RRsets[i-1].Owner, r.Owner) > 0 {
				t.Fatalf("%s comes behind %s", r, s.RRsets[i-1])
			}
			unpack(t, r)
		}
		overwrite(t, file, print(s))
		again, err := Read(testApex, file)
		if err != nil {
			t.Fatalf("what was accepted is refused:\n%s%v", print(s), err)
		}
		if !slices.Equal(s.RRsets, again.RRsets) {
			t.Fatalf("read\n%sand then\n%s", print(s), print(again))
		}
	})
}

// unpack wants every record to be one that miekg/dns can read from a message.
func unpack(t *testing.T, r zone.RRset) {
	for d := range r.RDATA() {
		h := dns.RR_Header{Name: ".", Rrtype: r.Type, Class: dns.ClassINET, Rdlength: uint16(len(d))}
		if _, _, err := dns.UnpackRRWithHeader(h, []byte(d), 0); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
	}
}

func overwrite(t *testing.T, file, text string) {
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
