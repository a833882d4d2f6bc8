package difftest

import "testing"

// What miekg/dns prints must come out as zones are written, or rules would not
// know a name again.
func TestRespell(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`www.Example.`, `www.example.`},
		{`a\\.b. 1 \ x.`, `a\092.b. 1 \032x.`},
		{`A\.b\000\255.'$.`, `a\.b\000\255.\039\$.`},
		{`\065\1.`, `a1.`},
	} {
		if got := respell(c.in); got != c.want {
			t.Errorf("%s is respelled %s, want %s", c.in, got, c.want)
		}
	}
	n := name{`a\`, "'", "B.$", "\x00 "}
	if got := respell(`a\\.\'.B\.$.\000\ .`); got != n.key() {
		t.Errorf("%s is respelled %s", n.key(), got)
	}
}
