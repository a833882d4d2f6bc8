package zonefile

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

var testApex = dnsname.MustParse("example.")

// write puts files, given as name and content in turn, into a new folder.
func write(t testing.TB, files ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i := 0; i < len(files); i += 2 {
		file := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// show is a Set as one line an RRset: OWNER TTL TYPE RDATA... @LINE.
func show(s *Set, dir string) string {
	var b strings.Builder
	for _, r := range s.RRsets {
		at, ok := s.At(r.Key())
		if !ok {
			panic("an RRset without a position")
		}
		b.WriteString(strings.Join([]string{r.Owner.String(), decimal(r.TTL), typeName(r.Type)}, " "))
		for d := range r.RDATA() {
			b.WriteByte(' ')
			b.WriteString(zone.RDATAString(r.Type, d))
		}
		b.WriteString(" @" + strings.TrimPrefix(at.String(), dir+string(filepath.Separator)) + "\n")
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name string
		zone string
		want string
	}{
		{"empty", "", ""},
		{"only comments", "; a\n\n   ; b\n", ""},
		{
			"owner, TTL and class are carried on",
			"$TTL 300\na A 192.0.2.1\n  AAAA 2001:db8::1\n\n  60 IN TXT x\n IN 61 HINFO a b\n",
			`
a.example. 300 A 192.0.2.1 @z:2
a.example. 61 HINFO \# 4 01610162 @z:6
a.example. 60 TXT "x" @z:5
a.example. 300 AAAA 2001:db8::1 @z:3
`,
		}, {
			"without $TTL the last one stated counts",
			"a 60 A 192.0.2.1\nb A 192.0.2.1\nc 1h30m A 192.0.2.1\nd IN A 192.0.2.1\n",
			`
a.example. 60 A 192.0.2.1 @z:1
b.example. 60 A 192.0.2.1 @z:2
c.example. 5400 A 192.0.2.1 @z:3
d.example. 5400 A 192.0.2.1 @z:4
`,
		}, {
			"without any the SOA minimum counts",
			"@ SOA . . 1 2 3 4 77\na A 192.0.2.1\n",
			`
example. 77 SOA \# 22 00000000000100000002000000030000000 @z:1
a.example. 77 A 192.0.2.1 @z:2
`,
		}, {
			"$ORIGIN, absolute and relative names",
			"$TTL 1\n$ORIGIN sub\nwww CNAME www.example.\n@ CNAME x\n$ORIGIN .\nexample NS ns\n$ORIGIN EXAMPLE.\nmx PTR a\\.b\n",
			`
example. 1 NS ns. @z:6
mx.example. 1 PTR a\.b.example. @z:8
sub.example. 1 CNAME x.sub.example. @z:4
www.sub.example. 1 CNAME www.example. @z:3
`,
		}, {
			"lines of records in parentheses, with comments, blank lines and CRLF",
			"$TTL 1 ; default\r\n\r\n@ SOA ns ( ; one\r\n  hostmaster\r\n\r\n 1 ;( \";\r\n 2 3 4 5 )\r\n" +
				"(\r\n a\r\n  A 192.0.2.1 )\r\nb TXT (\"x;)\"\r\n \"y\\\"\" (z)) ; \"\r\nc A 192.0.2.3",
			`
example. 1 SOA \# 52 026e73076578616d706c65000a686f73746d6173746572076578616d706c65000000000100000002000000030000000400000005 @z:3
a.example. 1 A 192.0.2.1 @z:9
b.example. 1 TXT "x;)" "y\"" "z" @z:11
c.example. 1 A 192.0.2.3 @z:13
`,
		}, {
			"names in RDATA are lowered, text is not",
			"$TTL 1\nA MX 10 Mail.EXAMPLE.\nA TXT MixedCase \"a b\"\nA SRV 1 2 3 SRV\nA NS NS1.Example.NET.\nA NAPTR 1 2 \"S\" \"SIP+D2U\" \"\" _SIP._udp\n",
			`
a.example. 1 NS ns1.example.net. @z:5
a.example. 1 MX \# 16 000a046d61696c076578616d706c6500 @z:2
a.example. 1 TXT "MixedCase" "a b" @z:3
a.example. 1 SRV 1 2 3 srv.example. @z:4
a.example. 1 NAPTR \# 34 0001000201530753495 @z:6
`,
		}, {
			"NSEC and SVCB names keep their case",
			"$TTL 1\na NSEC B.example. A\na HTTPS 1 Foo alpn=\"h2,h3\" port=443\n",
			`
a.example. 1 NSEC \# 14 0142076578616d706c650000 @z:2
a.example. 1 HTTPS \# 31 000103466f6f076578616d706c650000010006 @z:3
`,
		}, {
			"unknown types and known ones in their form",
			"$TTL 1\na TYPE65280 \\# 4 0102 0304\na TYPE1 \\# 4 C0000201\nb A \\# 4 ( c000\n 0202 )\na type65281 \\# 0\nc TYPE5 \\# 5 0141 0142 00\na NULL \\# 1 ff\na APL\n",
			`
a.example. 1 A 192.0.2.1 @z:3
a.example. 1 NULL \# 1 ff @z:8
a.example. 1 APL \# 0  @z:9
a.example. 1 TYPE65280 \# 4 01020304 @z:2
a.example. 1 TYPE65281 \# 0  @z:6
b.example. 1 A 192.0.2.2 @z:4
c.example. 1 CNAME a.b. @z:7
`,
		}, {
			"odd octets and escapes",
			"$TTL 1\n\\000\\.\\\"x\\;\\032 A 192.0.2.1\na\\(b A 192.0.2.1\n\\@ A 192.0.2.1\n\\065 A 192.0.2.1\n\\$ORIGIN A 192.0.2.1\n",
			`
\000\.\"x\;\032.example. 1 A 192.0.2.1 @z:2
\$origin.example. 1 A 192.0.2.1 @z:6
\@.example. 1 A 192.0.2.1 @z:4
a.example. 1 A 192.0.2.1 @z:5
a\(b.example. 1 A 192.0.2.1 @z:3
`,
		}, {
			"duplicates are one, the lowest TTL is all",
			"a 300 A 192.0.2.2\na 60 A 192.0.2.1\na 600 A 192.0.2.2\nA.EXAMPLE. 60 A 192.0.2.1\n",
			"a.example. 60 A 192.0.2.1 192.0.2.2 @z:1\n",
		}, {
			"RRSIG and NSEC beside a CNAME",
			"$TTL 1\na CNAME b\na NSEC b CNAME\na RRSIG CNAME 8 2 1 20300101000000 20200101000000 1 Example. AA==\n",
			`
a.example. 1 CNAME b.example. @z:2
a.example. 1 RRSIG \# 28 000508020000000170db @z:4
a.example. 1 NSEC \# 14 01620765 @z:3
`,
		}, {
			"DNAME at the apex with what belongs there, and next to its like",
			"$TTL 1\n@ DNAME b.\n@ NS a.\n@ SOA . . 1 1 1 1 1\n",
			`
example. 1 NS a. @z:3
example. 1 SOA \# 22 0000 @z:4
example. 1 DNAME b. @z:2
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, "z", c.zone)
			s, err := Read(testApex, filepath.Join(dir, "z"))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, show(s, dir), strings.TrimPrefix(c.want, "\n"))
		})
	}
}

// compare wants got to be want, of whose hexadecimal RDATA only the beginning need be there.
func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := 0; i < max(len(g), len(w)); i++ {
		switch {
		case i >= len(g):
			t.Errorf("missing\n  %s", w[i])
		case i >= len(w):
			t.Errorf("too much\n  %s", g[i])
		case g[i] == w[i]:
		default:
			wHead, wPos, _ := strings.Cut(w[i], " @")
			gHead, gPos, _ := strings.Cut(g[i], " @")
			if !strings.Contains(wHead, `\# `) || !strings.HasPrefix(gHead, wHead) || gPos != wPos {
				t.Errorf("got\n  %s\nwant\n  %s", g[i], w[i])
			}
		}
	}
}

func TestReadSeveralFiles(t *testing.T) {
	dir := write(t,
		"z", "$TTL 60\n@ NS ns\n$INCLUDE sub/a.inc team-a\nb A 192.0.2.2\n$INCLUDE \"c.inc\"\n",
		"sub/a.inc", "@ A 192.0.2.1\n$TTL 5\n$INCLUDE deeper/d.inc\nx A 192.0.2.1\n",
		"sub/deeper/d.inc", "y A 192.0.2.9\n",
		"c.inc", "\nc A 192.0.2.3\n",
		"second", "$TTL 60\nb A 192.0.2.4\nc TXT t\n")
	s, err := Read(testApex, filepath.Join(dir, "z"), filepath.Join(dir, "second"))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, show(s, dir), `example. 60 NS ns.example. @z:2
b.example. 60 A 192.0.2.2 192.0.2.4 @z:4
c.example. 60 A 192.0.2.3 @c.inc:2
c.example. 60 TXT "t" @second:3
team-a.example. 60 A 192.0.2.1 @sub/a.inc:1
x.team-a.example. 5 A 192.0.2.1 @sub/a.inc:4
y.team-a.example. 5 A 192.0.2.9 @sub/deeper/d.inc:1
`)
	if _, ok := s.At(zone.Key{Owner: testApex, Type: zone.TypeA}); ok {
		t.Error("there is a position for an RRset that does not exist")
	}
}

func TestReadFailures(t *testing.T) {
	dir := write(t, "z", "a 1 A 192.0.2.1\n", "big", "; "+strings.Repeat("x", 3000)+"\n")
	if _, err := Read(testApex, filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Read(testApex, dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("folder: %v", err)
	}
	c := Config{MaxBytes: 3010}
	_, err := c.Read(testApex, filepath.Join(dir, "z"), filepath.Join(dir, "big"))
	if !errors.Is(err, errTooLarge) || !strings.Contains(err.Error(), "big:") {
		t.Errorf("too large: %v", err)
	}
	if _, err := c.Read(testApex, filepath.Join(dir, "big")); err != nil {
		t.Errorf("not too large: %v", err)
	}
}

func decimal(v uint32) string { return strconv.FormatUint(uint64(v), 10) }

// print writes a Set in the form that needs no knowledge of types (RFC 3597 §5).
func print(s *Set) string {
	var b strings.Builder
	for _, r := range s.RRsets {
		for d := range r.RDATA() {
			b.WriteString(r.Owner.String() + " " + decimal(r.TTL) + " IN TYPE" + decimal(uint32(r.Type)))
			b.WriteString(` \# ` + decimal(uint32(len(d))) + " " + hex.EncodeToString([]byte(d)) + "\n")
		}
	}
	return b.String()
}
