package zonefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each zone is refused, or with "warning" accepted with these lines. FILE: has the folder taken off.
func TestRefuse(t *testing.T) {
	head := "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n" // lines 1 to 4
	for _, c := range []struct{ name, zone, want string }{
		// Syntax.
		{"bad data", "a A 192.0.2\n", `z:5: a.example. A: bad A A: "192.0.2"`},
		{"bad data over lines", "a SOA x ( y\n 1 2 3\n x 5 )\nb A 1.2.3.4\n", `z:5: a.example. SOA: SOA that is not at the apex, want it at example. (RFC 1035 §5.2)`},
		{"garbage behind data", "\na A 192.0.2.1 x\n", `z:6: a.example. A: garbage after rdata: "x"`},
		{"no data", "a A\n", "z:5: a.example. A: the record has no data"},
		{"no data but a comment", "a TXT ; x\n", "z:5: a.example. TXT: the record has no data"},
		{"no type", "a 60 IN\n", "z:5: a.example.: the record has no type, want [TTL] [IN] TYPE DATA"},
		{"unknown type", "a AAAAA ::1\n", `z:5: a.example.: unknown type "AAAAA", want a type's mnemonic, or TYPE and its number (RFC 3597 §5)`},
		{"type number too large", "a TYPE65536 \\# 0\n", `z:5: a.example.: unknown type "TYPE65536", want a type's mnemonic, or TYPE and its number (RFC 3597 §5)`},
		{"unknown type without \\#", "a TYPE65280 x\n", `z:5: a.example. TYPE65280: data of this type can only be given as \# LENGTH HEX (RFC 3597 §5)`},
		{"\\# without length", "a TYPE65280 \\#\n", `z:5: a.example. TYPE65280: \# has no length behind it`},
		{"\\# with a bad length", "a TYPE65280 \\# 65536 00\n", `z:5: a.example. TYPE65280: "65536" is no length from 0 to 65535`},
		{"\\# with another length", "a TYPE65280 \\# 3 00\n", `z:5: a.example. TYPE65280: there are 1 octets of data behind the length 3`},
		{"\\# with no hex", "a TYPE65280 \\# 1 0g\n", `z:5: a.example. TYPE65280: data is not hexadecimal: encoding/hex: invalid byte: U+0067 'g'`},
		{"\\# of a known type, short", "a A \\# 3 010203\n", "z:5: a.example. A: A: overflow unpacking a"},
		{"\\# of a known type, empty", "a A \\# 0\n", "z:5: a.example. A: the record has no data"},
		{"\\# of a known type, long", "a NS \\# 5 0161000000\n", "z:5: a.example. NS: bad rdlength"},
		{"\\# with a compression pointer", "a MX \\# 8 0001 016100 c002 00\n", "z:5: a.example. MX: bad rdlength"},
		{"\\# with a pointer that closes", "a SOA \\# 3 000000\na SVCB \\# 8 0001 0000 0001 c002\n", "z:5: a.example. SOA: SOA that is not at the apex, want it at example. (RFC 1035 §5.2)\n*"},
		{"parenthesis too many", "a A 192.0.2.1 )\nb A 192.0.2.1\n", "z:5: closing parenthesis without an opening one"},
		{"parenthesis never closed", "a TXT (\n x\n (\n y )\n", "z:5: parenthesis is never closed, want )"},
		{"parenthesis that swallows the next record", "a A ( 192.0.2.1\nb A 192.0.2.1\n )\n", `z:5: a.example. A: garbage after rdata: "b"`},
		{"quote never closed", "a TXT \"x\nb A 192.0.2.1\n", `z:5: quote is not closed on its line, want ", or \010 for a line feed`},
		{"quote in the middle never closed", "\na HTTPS 1 . alpn=\"h2\n", `z:6: quote is not closed on its line, want ", or \010 for a line feed`},
		{"escapes", "a TXT \\256\nb TXT \"\\1x\"\nc\\00 A 192.0.2.1\nd TXT x\\\n", "z:5: *\nz:6: *\nz:7: *\nz:8: bad escape, want \\DDD (000 to 255) or \\ and a character (RFC 1035 §5.1)"},
		{"carriage return", "a A\r 192.0.2.1\n", `z:5: carriage return inside a line, want \013`},
		{"owner with an empty label", "a..b A 192.0.2.1\n", `z:5: bad owner name: "a..b.example.": label is not 1 to 63 octets long`},
		{"owner with a long label", strings.Repeat("x", 64) + " A 192.0.2.1\n", "z:5: bad owner name: *"},
		{"owner too long", strings.Repeat("1234567.", 31) + " A 192.0.2.1\n", "z:5: 1234567*out of the zone*"},
		{"owner too long with origin", strings.Repeat("1234567.", 31) + "x A 192.0.2.1\n", "z:5: bad owner name: *"},
		{"quoted owner", "\"a\" A 192.0.2.1\n", `z:5: bad owner name: "a" is quoted, which a name cannot be`},
		{"target too long", "a CNAME " + strings.Repeat("1234567.", 31) + "x\n", "z:5: a.example. CNAME: *"},

		// Directives.
		{"$GENERATE", "$GENERATE 1-2 a$ A 192.0.2.$\n", "z:5: $GENERATE is BIND's own, want the records written out"},
		{"unknown directive", "$FOO\n", "z:5: unknown directive $FOO, want $ORIGIN, $TTL or $INCLUDE"},
		{"$ORIGIN", "$ORIGIN\n$ORIGIN a b\n$ORIGIN a..\n", "z:5: $ORIGIN with 0 words, want $ORIGIN NAME\nz:6: $ORIGIN with 2 words, want $ORIGIN NAME\nz:7: bad $ORIGIN: *"},
		{"$TTL", "$TTL\n$TTL x\n$TTL 2147483648\n$TTL 1x\n", "z:5: $TTL with 0 words, want $TTL SECONDS\nz:6: $TTL x, want 0 to 2147483647 seconds (RFC 2181 §8)\nz:7: *\nz:8: *"},
		{"$INCLUDE", "$INCLUDE\n$INCLUDE /etc/passwd\n$INCLUDE ../x\n$INCLUDE z\n$INCLUDE nowhere\n", "z:5: $INCLUDE with 0 words, want $INCLUDE FILE [ORIGIN]\n" +
			"z:6: $INCLUDE /etc/passwd: the path is absolute, want another file in DIR or below\nz:7: $INCLUDE ../x: the path leads out of the folder, want another file in DIR or below\n" +
			"z:8: $INCLUDE z: the file is being read already, want another file in DIR or below\nz:9: $INCLUDE nowhere: zone file: statat nowhere: no such file or directory"},
		{"$INCLUDE through a link", "$INCLUDE link\n", "z:5: $INCLUDE link: zone file: statat link: path escapes from parent"},
		{"$INCLUDE going round", "$INCLUDE round\n", "round:2: $INCLUDE round: the file is being read already, want another file in DIR or below"},
		{"a mistake in an included file", "a A 192.0.2.1\n$INCLUDE sub/bad\n  A 192.0.2.300\n", "sub/bad:3: b.example. A: bad A A: \"x\"\nz:7: a.example. A: bad A A: \"192.0.2.300\""},

		// Single records.
		{"TTL", "a 2147483648 A 192.0.2.1\na 99999999999999999999 A 192.0.2.1\n", "z:5: a.example.: TTL 2147483648, want 0 to 2147483647 seconds (RFC 2181 §8)\nz:6: *"},
		{"class CH", "a CH TXT x\n", "z:5: a.example.: class CH, want IN"},
		{"class by number", "a 3 CLASS3 TXT x\n", "z:5: a.example.: class CLASS3, want IN"},
		{"class ANY", "a ANY A 192.0.2.1\n", "z:5: a.example.: class ANY, want IN"},
		{"meta types", "a IN ANY \\# 0\na OPT \\# 0\na TYPE250 \\# 0\na AXFR x\na TYPE0 \\# 0\na TYPE128 \\# 0\n", "z:5: a.example. ANY: a type of queries or transactions, not of data, want a data type (RFC 6895 §3.1)\nz:6: *\nz:7: *TSIG*\nz:8: *\nz:9: *\nz:10: *"},
		{"out of zone", "a.example.net. A 192.0.2.1\nxexample. A 192.0.2.1\n", "z:5: a.example.net.: the owner is out of the zone, want a name at or below example.\nz:6: xexample.: *"},
		{"SOA below the apex", "a SOA ns h 1 2 3 4 5\n", "z:5: a.example. SOA: SOA that is not at the apex, want it at example. (RFC 1035 §5.2)"},

		// RRsets and names.
		{"two SOAs", "@ SOA ns h 2 2 3 4 5\n", "z:5: example. SOA: another one is at z:2, want one SOA (RFC 1035 §5.2)"},
		{"the same SOA twice", "@ SOA NS h 1 2 3 4 5\n", "accepted"},
		{"two CNAMEs", "a CNAME b\nc A 192.0.2.1\na CNAME c\n", "z:7: a.example. CNAME: another one is at z:5, want one CNAME (RFC 2181 §10.1)"},
		{"two DNAMEs", "a DNAME b\na DNAME c\n", "z:6: a.example. DNAME: another one is at z:5, want one DNAME (RFC 6672 §2.4)"},
		{"CNAME and other data", "a A 192.0.2.1\na CNAME b\na TXT x\n", "z:5: a.example. A: beside the CNAME at z:6, want a CNAME alone at its name (RFC 1034 §3.6.2)\nz:7: a.example. TXT: beside the CNAME at z:6, want a CNAME alone at its name (RFC 1034 §3.6.2)"},
		{"CNAME at the apex", "@ CNAME b\n", "z:3: example. NS: *\nz:2: example. SOA: *"},
		{"CNAME and DNAME", "a CNAME b\na DNAME b\n", "z:6: a.example. DNAME: beside the CNAME at z:5, want a CNAME alone at its name (RFC 1034 §3.6.2)"},
		{"below a DNAME", "a DNAME b\nax A 192.0.2.1\nb.a A 192.0.2.1\nc.d.a TXT x\n*.a DNAME c\n", "z:9: *.a.example. DNAME: below the DNAME of a.example. at z:5, want nothing below a DNAME (RFC 6672 §2.4)\nz:7: b.a.example. A: *\nz:8: c.d.a.example. TXT: *"},
		{"DNAME at a cut", "a DNAME b\na NS ns\n", "z:5: a.example. DNAME: at the zone cut that is made at z:6, want it at the child's apex (RFC 6672 §2.3)"},
		{"RDATA that is too long", "a TXT" + strings.Repeat(" "+strings.Repeat("x", 255), 300) + "\n", "z:5: a.example. TXT: the data is longer than 65535 octets (RFC 1035 §3.2.1)"},
		{"RRset no message can carry", "a TYPE65280 \\# 65000 " + strings.Repeat("00", 65000) + "\na TYPE65280 \\# 1000 " + strings.Repeat("00", 1000) + "\n", "z:5: a.example. TYPE65280: answer of 66295 octets, want no more than a message holds, 65535 (RFC 1035 §4.2.2)"},

		// Allowed, and hardly meant.
		{"TTLs that differ", "a 60 A 192.0.2.1\na 30 A 192.0.2.2\n", "warning z:6: a.example. A: TTL 30, but 60 at z:5; all get 30, want one TTL in an RRset (RFC 2181 §5.2)"},
		{"NS at a wildcard", "* NS ns\n", "warning z:5: *.example. NS: at a wildcard its answers are not defined well, want it at plain names (RFC 4592 §4.2, §4.4)"},
		{"targets that are CNAMEs", "a CNAME ns\nb MX 1 a\nc SRV 1 1 1 A\nd NS a\n", "warning z:6: b.example. MX: a.example. is a CNAME, want a name with addresses (RFC 2181 §10.3)\nz:7: c.example. SRV: *\nz:8: d.example. NS: *"},
		{"missing glue", "d NS x.d\nd NS d\nd NS e\nd NS y.d\ny.d AAAA ::1\n", "warning z:5: d.example. NS: there is no glue for d.example., want A or AAAA of it in this zone (RFC 1034 §4.2.1)\nz:5: d.example. NS: there is no glue for x.d.example., want *"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, "z", head+c.zone, "round", "\n$INCLUDE round\n", "sub/bad", "\n\nb A x\n")
			if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
				t.Fatal(err)
			}
			s, err := Config{RequireSOA: true}.Read(testApex, filepath.Join(dir, "z"))
			match(t, outcome(s, err, dir), c.want)
		})
	}
}

// outcome is the error, the warnings or "accepted".
func outcome(s *Set, err error, dir string) string {
	var got string
	switch {
	case err != nil:
		got = err.Error()
	case len(s.Warnings) > 0:
		var lines []string
		for _, w := range s.Warnings {
			lines = append(lines, w.Error())
		}
		got = "warning " + strings.Join(lines, "\n")
	default:
		got = "accepted"
	}
	got = strings.ReplaceAll(got, dir+string(filepath.Separator), "")
	return strings.ReplaceAll(got, dir, "DIR")
}

// match compares line by line; a line of want may have a * for whatever stands there.
func match(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	ok := len(g) == len(w)
	for i := 0; ok && i < len(g); i++ {
		rest, pos := g[i], 0
		parts := strings.Split(w[i], "*")
		for j, part := range parts {
			at := strings.Index(rest[pos:], part)
			if at < 0 || j == 0 && at > 0 || j == len(parts)-1 && !strings.HasSuffix(rest[pos:], part) {
				ok = false
				break
			}
			pos += at + len(part)
		}
	}
	if !ok {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRefuseAcrossFiles(t *testing.T) {
	dir := write(t,
		"z", "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns.x.\na DNAME b\nc CNAME d\n",
		"y", "\nb.a 60 A 192.0.2.1\nc 60 CNAME e\n")
	s, err := Read(testApex, filepath.Join(dir, "z"), filepath.Join(dir, "y"))
	match(t, outcome(s, err, dir), "y:3: c.example. CNAME: another one is at z:5, want one CNAME (RFC 2181 §10.1)\n"+
		"y:2: b.a.example. A: below the DNAME of a.example. at z:4, want nothing below a DNAME (RFC 6672 §2.4)")
	var first *Error
	if !errors.As(err, &first) || first.Line != 3 || first.Owner != "c.example." || first.Type != "CNAME" {
		t.Errorf("the first error is %+v", first)
	}
}

func TestRequireSOA(t *testing.T) {
	dir := write(t, "z", "a 1 A 192.0.2.1\n")
	file := filepath.Join(dir, "z")
	if _, err := Read(testApex, file); err != nil {
		t.Errorf("not required: %v", err)
	}
	s, err := Config{RequireSOA: true}.Read(testApex, file)
	match(t, outcome(s, err, dir), "z:1: example. SOA: missing, want one at the apex (RFC 1034 §4.2.1)\n"+
		"z:1: example. NS: missing, want one at the apex (RFC 1034 §4.2.1)")
}

// Where the SOA is made up, nothing but this shows that there can be no CNAME.
func TestRefuseCNAMEAtTheApexOfAFilledZone(t *testing.T) {
	dir := write(t, "z", "a 1 A 192.0.2.1\n@ 1 CNAME b\n")
	s, err := Read(testApex, filepath.Join(dir, "z"))
	match(t, outcome(s, err, dir), "z:2: example. CNAME: at the zone's apex, beside its SOA and NS, want *")
}

// The first record has neither owner nor TTL, and a zone of mistakes is not told whole.
func TestRefuseFromTheStart(t *testing.T) {
	var many strings.Builder
	for i := range 50 {
		fmt.Fprintf(&many, "a 1 A %d\n", i)
	}
	for _, c := range []struct{ zone, want string }{
		{" 1 A 192.0.2.1\n", "z:1: the file's first record has no owner, want a name, or @ for the origin, at the line's start"},
		{"a A 192.0.2.1\n", "z:1: a.example. A: nothing states a TTL, want $TTL before it or a number in the record (RFC 2308 §4)"},
		{many.String(), strings.Repeat("z:*: a.example. A: *\n", 20) + "there may be more"},
		{"a 1 TXT " + strings.Repeat("x ", maxEntry/2) + "\n", "z:1: line is longer than 1048576 octets"},
		{"\xef\xbb\xbf@ 1 A 192.0.2.1\n", "z:1: the file begins with a byte order mark, want none"},
		{"\na 1 TXT (\n" + strings.Repeat("x\n", maxEntry/2), "z:2: parenthesis is never closed, want )"},
	} {
		dir := write(t, "z", c.zone)
		s, err := Read(testApex, filepath.Join(dir, "z"))
		match(t, outcome(s, err, dir), c.want)
	}
}
