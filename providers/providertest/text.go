package providertest

import (
	"strconv"
	"strings"

	"github.com/fedns/fedns/dnsserver/zone"
)

// text is what zone files, JSON, XML and shells would each read otherwise.
func text(z site) []step {
	odd := []struct{ says, text string }{
		{"words", "v=spf1 include:_spf.example.net ~all"},
		{"quotes", `say "yes"`},
		{"a quote alone", `"`},
		{"backslashes", `C:\dir\`},
		{"a backslash before a quote", `\"`},
		{"what looks like an escape", `\065\x41\n`},
		{"semicolons", "v=DKIM1; k=rsa; p=MIGf"},
		{"parentheses, at and dollar", "(a @ $ORIGIN)"},
		{"spaces at both ends", "  two  "},
		{"a tab", "a\tb"},
		{"a new line", "a\nb"},
		{"angle brackets and ampersand", "<a href='x'>&amp;</a>"},
		{"commas and an equals sign", "heritage=fedns,owner=prod,cluster=eu-1"},
		{"quoted as external-dns does", `"heritage=external-dns,external-dns/owner=x"`},
		{"UTF-8", "Grüße, 世界"},
		{"octets that are no UTF-8", "\xff\xfe\x80"},
		{"octet zero and delete", "a\x00b\x7f"},
		{"nothing", ""},
		{"255 octets", strings.Repeat("x", 255)},
	}
	var steps []step
	for _, o := range odd {
		steps = append(steps, wants(o.says, z.txt("txt", 300, o.text)))
	}
	return append(steps,
		wants("two strings", z.txt("txt", 300, "one", "two")),
		wants("the same as one string", z.txt("txt", 300, "onetwo")),
		wants("an empty string among others", z.txt("txt", 300, "one", "", "two")),
		wants("strings that end in spaces and quotes", z.txt("txt", 300, "one ", ` "two`, `three"`)),
		wants("256 octets", z.set("txt", zone.TypeTXT, 300, zone.TXT(strings.Repeat("y", 256)))),
		wants("4,000 octets", z.set("txt", zone.TypeTXT, 300, zone.TXT(longText(4000)))),
		wants("4,000 octets, one of them another", z.set("txt", zone.TypeTXT, 300, zone.TXT("!"+longText(4000)[1:]))),
		wants("4,000 octets of quotes", z.set("txt", zone.TypeTXT, 300, zone.TXT(strings.Repeat(`"\`, 2000)))),
		wants("several records", z.set("txt", zone.TypeTXT, 300, words("b"), words("a", "c"), words(`"`))),
		wants("nothing"),
	)
}

func longText(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strconv.Itoa(i) + " ")
	}
	return b.String()[:n]
}
