package ownership

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// parseHosted reads lines of "name type set data": set - is the simple set; data
// "alias" is one.
func parseHosted(t *testing.T, lines string) []hosted.Entry {
	t.Helper()
	sets := make(map[hosted.Key][]hosted.Set)
	for line := range strings.Lines(lines) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(f) < 4 {
			continue
		}
		typ := map[string]uint16{"A": zone.TypeA, "AAAA": zone.TypeAAAA, "CNAME": zone.TypeCNAME, "MX": zone.TypeMX, "TXT": zone.TypeTXT, "SRV": zone.TypeSRV}[f[1]]
		k := key(f[0]+".example.com.", typ)
		s := hosted.Set{ID: strings.Trim(f[2], "-")}
		if s.ID != "" {
			s.Routing = hosted.Routing{Policy: hosted.PolicyWeighted, Weight: 1}
		}
		if f[3] == "alias" {
			s.Alias = hosted.Alias{Target: apex, ZoneID: "Z"}
		} else {
			var rdatas []string
			for d := range strings.SplitSeq(f[3], "|") {
				d = strings.Replace(d, "OLD", "heritage=external-dns,external-dns/owner=old,external-dns/resource=", 1)
				d = strings.Replace(d, "NEW", "heritage=external-dns,external-dns/owner=new,external-dns/resource=", 1)
				rdatas = append(rdatas, rdata(typ, d))
			}
			s.Records = zone.NewRRset(k.Owner, typ, 60, rdatas...)
		}
		sets[k] = append(sets[k], s)
	}
	var out []hosted.Entry
	for _, k := range sortedKeys(sets) {
		out = append(out, hosted.NewEntry(k, sets[k]...))
	}
	return out
}

func rdata(typ uint16, text string) string {
	switch typ {
	case zone.TypeA, zone.TypeAAAA:
		return zone.Addr(netip.MustParseAddr(text))
	case zone.TypeCNAME:
		return zone.Target(dnsname.MustParse(text))
	}
	return zone.TXT(text) // or some octets
}

// told is an Adoption in one line: Key, sets and resources, then for each TXT what
// is left of it.
func told(a Adoption) string {
	var b strings.Builder
	fmt.Fprint(&b, strings.ReplaceAll(hosted.KeyString(a.Entry.Key), ".example.com.", ""))
	for _, h := range a.Held {
		fmt.Fprintf(&b, " %s=%s", h.Set, h.Resource)
	}
	for _, c := range a.Registry {
		fmt.Fprintf(&b, "; %s", strings.ReplaceAll(c.Key().Owner.String(), ".example.com.", ""))
		for _, s := range c.New.Sets {
			fmt.Fprintf(&b, " keeps %s", s.ID)
			for r := range s.Records.RDATA() {
				text, _ := joinStrings(r)
				b.WriteString(text[:min(6, len(text))])
			}
		}
	}
	return b.String()
}

func TestAdopt(t *testing.T) {
	for _, tt := range []struct {
		name string
		a    Affix
		zone string
		want []string
	}{
		{"the new form", Affix{}, `
			web A - 192.0.2.1
			web AAAA - 2001:db8::1
			a-web TXT - OLDx
			aaaa-web TXT - OLDy`, []string{"web A =x; a-web", "web AAAA =y; aaaa-web"}},
		{"the old form", Affix{}, `
			web A - 192.0.2.1
			web TXT - OLDx`, []string{"web A =x; web"}},
		{"both forms", Affix{}, `
			web A - 192.0.2.1
			web TXT - OLDx
			a-web TXT - OLDx`, []string{"web A =x; a-web; web"}},
		{"the old form names no type: what others put beside stays theirs", Affix{}, `
			web A - 192.0.2.1
			web AAAA - 2001:db8::1
			web MX - mail
			web TXT - OLDx|v=spf1 -all`, []string{"web A =x; web keeps v=spf1"}},
		{"one TXT of the old form for two types is taken away once", Affix{Prefix: "x."}, `
			web A - 192.0.2.1
			web SRV - some
			x.web TXT - OLDx
			x.srv-web TXT - OLDy`, []string{"web A =x; x.web", "web SRV =y; x.srv-web"}},
		{"another owner", Affix{}, `
			web A - 192.0.2.1
			a-web TXT - NEWx`, nil},
		{"the new form has the word", Affix{}, `
			web A - 192.0.2.1
			web TXT - OLDx
			a-web TXT - NEWx`, nil},
		{"nobody's", Affix{}, `
			web A - 192.0.2.1
			web TXT - v=spf1 -all`, nil},
		{"records that are gone", Affix{}, `
			a-web TXT - OLDx
			shop TXT - OLDx`, nil},
		{"an old form that looks like the new one", Affix{}, `
			a-web A - 192.0.2.1
			a-web TXT - OLDx`, nil},
		{"another prefix", Affix{Prefix: "x-"}, `
			web A - 192.0.2.1
			a-web TXT - OLDx`, nil},
		{"an alias under cname", Affix{}, `
			web A - alias
			cname-web TXT - OLDx`, []string{"web A =x; cname-web"}},
		{"no alias under cname", Affix{}, `
			web A - 192.0.2.1
			cname-web TXT - OLDx`, nil},
		{"a CNAME", Affix{Prefix: "x."}, `
			web CNAME - lb.example.net.
			x.cname-web TXT - OLDx`, []string{"web CNAME =x; x.cname-web"}},
		{"a TXT", Affix{Prefix: "x."}, `
			web TXT - v=spf1 -all
			x.txt-web TXT - OLDx`, []string{"web TXT =x; x.txt-web"}},
		{"no TXT that is a registry's", Affix{}, `
			web A - 192.0.2.1
			web TXT - NEWx
			txt-web TXT - OLDx`, nil},
		{"sets of two owners", Affix{}, `
			web A eu 192.0.2.1
			web A us 192.0.2.2
			web A by-hand 192.0.2.3
			a-web TXT eu OLDx
			a-web TXT us NEWx`, []string{"web A eu=x; a-web keeps usherita"}},
		{"sets of one owner", Affix{}, `
			web A eu 192.0.2.1
			web A us 192.0.2.2
			a-web TXT eu OLDx
			a-web TXT us OLDy`, []string{"web A eu=x us=y; a-web"}},
		{"a wildcard", Affix{Wildcard: "any"}, `
			*.web A - 192.0.2.1
			a-any.web TXT - OLDx`, []string{"*.web A =x; a-any.web"}},
		{"two of the new form that disagree", Affix{}, `
			web A - alias
			a-web TXT - OLDx
			cname-web TXT - NEWx`, nil},
		{"two of the old form that disagree", Affix{Wildcard: "any"}, `
			*.web A - 192.0.2.1
			*.web TXT - OLDx
			any.web TXT - NEWx`, nil},
		{"a wildcard or a name", Affix{Wildcard: "any"}, `
			*.web A - 192.0.2.1
			any.web A - 192.0.2.1
			a-any.web TXT - OLDx`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entries := parseHosted(t, tt.zone)
			got := Adopt("old", tt.a, entries)
			var lines []string
			seen := make(map[hosted.Key]bool)
			for _, a := range got {
				lines = append(lines, told(a))
				if a.Owner != "old" || !slices.ContainsFunc(entries, a.Entry.Equal) {
					t.Errorf("%+v is not what is there", a)
				}
				for _, c := range a.Registry {
					if seen[c.Key()] || !slices.ContainsFunc(entries, c.Old.Equal) {
						t.Errorf("%s: twice, or not what is there", c)
					}
					seen[c.Key()] = true
				}
			}
			if !slices.Equal(lines, tt.want) {
				t.Errorf("got  %q\nwant %q", lines, tt.want)
			}
		})
	}
}
