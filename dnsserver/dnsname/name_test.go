package dnsname_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		text, want string
		err        error
	}{
		{"www.Example.COM.", "www.example.com.", nil},
		{"www.example.com", "www.example.com.", nil},
		{".", ".", nil},
		{`a\.b.c`, `a\.b.c.`, nil},
		{`\065\000\255.x`, `a\000\255.x.`, nil},
		{`*.x`, `*.x.`, nil},
		{long + "." + long + "." + long + "." + long[:61], long + "." + long + "." + long + "." + long[:61] + ".", nil},
		{long + "." + long + "." + long + "." + long[:62], "", dnsname.ErrNameLength},
		{long + "a.x", "", dnsname.ErrLabelLength},
		{"a..b", "", dnsname.ErrLabelLength},
		{".a", "", dnsname.ErrLabelLength},
		{"", "", dnsname.ErrEmpty},
		{`a\`, "", dnsname.ErrEscape},
		{`a\256.`, "", dnsname.ErrEscape},
		{`a\2x.`, "", dnsname.ErrEscape},
	} {
		n, err := dnsname.Parse(c.text)
		if !errors.Is(err, c.err) || n.String() != c.want {
			t.Errorf("Parse(%q) = %q, %v; want %q, %v", c.text, n, err, c.want, c.err)
		}
	}
}

// TestCanonicalOrder is the example of RFC 4034 §6.1.
func TestCanonicalOrder(t *testing.T) {
	want := []string{"example.", "a.example.", "yljkjljk.a.example.", "z.a.example.", "zabc.a.example.", "z.example.", `\001.z.example.`, "*.z.example.", `\200.z.example.`}
	names := make([]dnsname.Name, len(want))
	for i, s := range want {
		names[len(want)-1-i] = dnsname.MustParse(strings.ToUpper(s))
	}
	slices.SortFunc(names, dnsname.Compare)
	for i, n := range names {
		if n.String() != want[i] {
			t.Errorf("place %d: %s, want %s", i, n, want[i])
		}
	}
}

func TestTree(t *testing.T) {
	n := dnsname.MustParse("a.b.example.")
	if n.Labels() != 3 || n.Label() != "a" || n.Parent() != dnsname.MustParse("b.example.") || !dnsname.Root.Parent().IsZero() {
		t.Errorf("%d labels, first %q, parent %s", n.Labels(), n.Label(), n.Parent())
	}
	for zone, want := range map[string]bool{"a.b.example.": true, "example.": true, ".": true, "c.a.b.example.": false, "xample.": false, "b.exampl.": false} {
		if n.Under(dnsname.MustParse(zone)) != want {
			t.Errorf("%s under %s: want %v", n, zone, want)
		}
	}
	// \001b looks like the label b's length octet and text, but is not one.
	if dnsname.MustParse(`x\001b.example.`).Under(dnsname.MustParse("b.example.")) {
		t.Error("a match in the middle of a label counts")
	}
	if got, err := n.Replace(dnsname.MustParse("example."), dnsname.MustParse("test.")); err != nil || got.String() != "a.b.test." {
		t.Errorf("replaced: %s, %v", got, err)
	}
	if c, err := n.Child("X.y"); err != nil || c.String() != `x\.y.a.b.example.` {
		t.Errorf("child: %s, %v", c, err)
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"\x03WWW\x00", "\x01\x00\x02\x01\x01\x00", "\xc0\x0c", "\x3f", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		n, size, err := dnsname.FromWire(wire)
		if err != nil {
			return
		}
		if len(n.Wire()) != size || !bytes.EqualFold([]byte(n.Wire()), wire[:size]) {
			t.Fatalf("%q read as %q", wire[:size], n.Wire())
		}
		if back, err := dnsname.Parse(n.String()); err != nil || back != n {
			t.Fatalf("%q printed as %s, read back as %q, %v", n.Wire(), n, back.Wire(), err)
		}
		key := n.SortKey()
		if back := dnsname.FromSortKey(key); back != n {
			t.Fatalf("%q has key %q, which is %q", n.Wire(), key, back.Wire())
		}
		if p := n.Parent(); !p.IsZero() && (!strings.HasPrefix(key, p.SortKey()) || !n.Under(p) || dnsname.Compare(p, n) != -1) {
			t.Fatalf("%s does not follow its parent", n)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(`a\.b.\065.`)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := dnsname.Parse(text)
		if err != nil {
			return
		}
		if back, _, err := dnsname.FromWire([]byte(n.Wire())); err != nil || back != n {
			t.Fatalf("%q is %q, which reads back as %q, %v", text, n.Wire(), back.Wire(), err)
		}
	})
}

func TestFoldEveryOctetAtEveryPlace(t *testing.T) {
	for c := range 256 {
		for at := range 19 {
			src := bytes.Repeat([]byte{'Z'}, 19)
			src[at] = byte(c)
			want := bytes.Repeat([]byte{'z'}, 19)
			want[at] = byte(c)
			if 'A' <= c && c <= 'Z' {
				want[at] += 'a' - 'A'
			}
			got := make([]byte, 19)
			dnsname.Fold(got, src)
			if !bytes.Equal(got, want) {
				t.Fatalf("octet %d at %d: %q", c, at, got)
			}
		}
	}
}
