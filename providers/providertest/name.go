package providertest

import (
	"context"
	"errors"
	"strings"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

func names(z site) []step {
	long := strings.Repeat("l", dnsname.MaxLabel)
	steps := []step{
		wants("a wildcard", z.a("*", 300, "192.0.2.1")),
		wants("a wildcard below a name, and the name", z.a("*.apps", 300, "192.0.2.1"), z.a("apps", 300, "192.0.2.2"), z.txt("*.apps", 300, "text")),
		wants("a wildcard and a name that it would match", z.a("*.apps", 300, "192.0.2.1"), z.a("one.apps", 300, "192.0.2.2")),
		wants("an asterisk that is no wildcard", z.a("a.*.apps", 300, "192.0.2.1"), z.a("a*b", 300, "192.0.2.2")),
		wants("underscores", z.a("_acme-challenge", 300, "192.0.2.1"), z.a("_http._tcp.www", 300, "192.0.2.2"), z.a("a_b", 300, "192.0.2.3")),
		wants("digits alone, hyphens at the ends", z.a("1", 300, "192.0.2.1"), z.a("-a-", 300, "192.0.2.2"), z.a("xn--bcher-kva", 300, "192.0.2.3")),
		wants("a name below a name that is not there", z.a("c.b.a", 300, "192.0.2.1")),
		wants("the name between", z.a("c.b.a", 300, "192.0.2.1"), z.a("b.a", 300, "192.0.2.2")),
		wants("the name between alone", z.a("b.a", 300, "192.0.2.2")),
		wants("a name that begins with the other", z.a("b.a", 300, "192.0.2.2"), z.a("b.aa", 300, "192.0.2.3"), z.a("bb.a", 300, "192.0.2.4")),
		wants("a label of 63 octets", z.a(long, 300, "192.0.2.1")),
		wants("a name as long as there is", z.a(longest(z.Apex), 300, "192.0.2.1")),
		wants("ten labels", z.a("1.2.3.4.5.6.7.8.9.10", 300, "192.0.2.1")),
	}
	for _, n := range []string{`a\032b`, `a\.b`, `a\\b`, `a\"b`, `a\;b`, `a\(b\)`, `a\@b`, `\@`, `a\$b`, `a/b`, `a:b`, `a\000b`, `\255`, `\195\188`, `a\127`} {
		steps = append(steps, wants("odd octets: "+n, z.a(n, 300, "192.0.2.1"), z.a("even", 300, "192.0.2.2")))
	}
	return append(steps, wants("nothing"))
}

// longest is a name of 255 octets, relative to the apex.
func longest(apex dnsname.Name) string {
	var labels []string
	for left := dnsname.MaxWire - len(apex.Wire()); left > 1; {
		n := min(left-1, dnsname.MaxLabel)
		if left-1-n == 1 {
			n-- // or there would be no room for a last label
		}
		labels = append(labels, strings.Repeat("n", n))
		left -= 1 + n
	}
	return strings.Join(labels, ".")
}

// apex leaves SOA and NS alone, which are not ours.
func apex(z site) []step {
	return []step{
		wants("an address", z.a("@", 300, "192.0.2.1")),
		wants("more types", z.a("@", 300, "192.0.2.1"), z.aaaa("@", 300, "2001:db8::1"), z.txt("@", 300, "v=spf1 -all"),
			z.set("@", zone.TypeMX, 300, z.mx(10, "mail")), z.set("@", typeCAA, 300, caa(0, "issue", "ca.example.net"))),
		wants("another address, one type less", z.a("@", 60, "192.0.2.2"), z.txt("@", 300, "v=spf1 -all")),
		{"no CNAME beside SOA and NS (RFC 1034 §3.6.2)", func(ctx context.Context, s *stage) error {
			return s.neither(ctx, s.cname("@", "www"))
		}},
		wants("nothing"),
	}
}

// neither has Apply make an Entry that cannot stand beside another: the provider
// may say so, or that it expected something else to be there.
func (s *stage) neither(ctx context.Context, e hosted.Entry) error {
	batch := []hosted.Change{{New: e}}
	if s.Limits.Atomic {
		batch = append(batch, hosted.Change{New: s.a("good-behind", 300, "192.0.2.92")})
	}
	err := s.try(ctx, batch...)
	if !errors.Is(err, hosted.ErrConflict) {
		if err := refusal(err, e.Key); err != nil {
			return err
		}
	}
	return s.expect(ctx)
}

func becomes(z site) []step {
	address, alias := z.a("www", 300, "192.0.2.1"), z.cname("www", "other.example.net.")
	both := []hosted.Entry{address, z.aaaa("www", 300, "2001:db8::1")}
	inOrder := func(says string, changes ...hosted.Change) step {
		return step{says, func(ctx context.Context, s *stage) error {
			if err := s.make(ctx, changes...); err != nil {
				return err
			}
			return s.expect(ctx)
		}}
	}
	return []step{
		wants("an address", address),
		inOrder("A becomes CNAME in one batch, the old first", hosted.Change{Old: address}, hosted.Change{New: alias}),
		inOrder("CNAME becomes A in one batch, the new first", hosted.Change{New: address}, hosted.Change{Old: alias}),
		wants("two types", both...),
		wants("both become CNAME", alias),
		wants("and back", both...),
		wants("A becomes a delegation", z.set("www", zone.TypeNS, 300, z.to("ns.example.net."))),
		wants("and back", address),
		wants("the name becomes a branch", z.a("a.www", 300, "192.0.2.1")),
		wants("nothing"),
	}
}
