package providertest

import (
	"context"
	"fmt"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

func reading(z site) []step {
	www := []hosted.Entry{z.a("www", 300, "192.0.2.1"), z.aaaa("www", 300, "2001:db8::1"), z.txt("www", 300, "text")}
	near := []hosted.Entry{z.a("ww", 300, "192.0.2.2"), z.a("www2", 300, "192.0.2.3"), z.a("a.www", 300, "192.0.2.4"), z.a("*.www", 300, "192.0.2.5"), z.a("*", 300, "192.0.2.6")}
	reads := func(says string, keys ...hosted.Key) step {
		return step{says, func(ctx context.Context, s *stage) error { return s.expectRead(ctx, keys...) }}
	}
	var many []hosted.Key
	for i := range 60 {
		many = append(many, z.key(fmt.Sprintf("n%d", i), zone.TypeA))
	}
	return []step{
		wants("names that are near each other", append(www, near...)...),
		reads("one key, not its neighbours", z.key("www", zone.TypeA)),
		reads("one type of a name", z.key("www", zone.TypeTXT)),
		reads("a wildcard is read as a name", z.key("*.www", zone.TypeA)),
		reads("what is not there, though a wildcard would match", z.key("x.www", zone.TypeA)),
		reads("a type that is not there", z.key("www2", zone.TypeAAAA)),
		reads("a name that is not there, behind the last", z.key("zzzz", zone.TypeA)),
		reads("the apex", z.key("@", zone.TypeNS)),
		reads("some there, some not", append([]hosted.Key{z.key("www", zone.TypeA), z.key("a.www", zone.TypeA), z.key("b.www", zone.TypeA)}, many...)...),
		{"no keys at all", func(ctx context.Context, s *stage) error {
			entries, err := s.Zone.Read(ctx)
			if err != nil || len(entries) > 0 {
				return fmt.Errorf("got %v and %w, want nothing at all", entries, orNil(err))
			}
			return nil
		}},
	}
}

// longListing has names with several types each, so that pages are likely to end
// within a name, and names that sort otherwise as text.
func longListing(z site) []step {
	var all []hosted.Entry
	for i := 0; len(all) < z.Many; i++ {
		owner := fmt.Sprintf("n%04d", i)
		switch i % 7 {
		case 3:
			owner = fmt.Sprintf("a.n%04d", i-1)
		case 5:
			owner = fmt.Sprintf("n%04d-b", i-1)
		case 6:
			owner = fmt.Sprintf("*.n%04d", i)
		}
		all = append(all, z.a(owner, 300, number(i)))
		if i%3 == 0 {
			all = append(all, z.aaaa(owner, 300, "2001:db8::1"), z.txt(owner, 300, owner))
		}
	}
	var fewer []hosted.Entry
	for i, e := range all[:z.Many] {
		if i%2 == 0 {
			fewer = append(fewer, e)
		}
	}
	return []step{
		wants(fmt.Sprintf("%d record sets", z.Many), all[:z.Many]...),
		wants("every second of them", fewer...),
	}
}

// confirmation asks until a Batch is everywhere, and once more.
func confirmation(z site) []step {
	var receipts []hosted.Receipt
	apply := func(says string, e hosted.Entry) step {
		return step{says, func(ctx context.Context, s *stage) error {
			return s.patiently(ctx, func(ctx context.Context) error {
				change := hosted.Change{Old: s.has[e.Key], New: e}
				receipt, err := s.Zone.Apply(ctx, hosted.Batch{Changes: []hosted.Change{change}})
				if err == nil {
					s.note(change)
					receipts = append(receipts, receipt)
				}
				return err
			})
		}}
	}
	confirm := func(says string, i int) step {
		return step{says, func(ctx context.Context, s *stage) error { return s.confirm(ctx, receipts[i]) }}
	}
	return []step{
		apply("a batch", z.a("www", 300, "192.0.2.1")),
		confirm("comes to be everywhere", 0),
		confirm("and stays there", 0),
		apply("a second", z.a("www", 300, "192.0.2.2")),
		apply("a third", z.a("api", 300, "192.0.2.3")),
		confirm("the third comes to be everywhere", 2),
		confirm("and so does the second", 1),
		{"no receipt stands for a batch that is everywhere", func(ctx context.Context, s *stage) error { return s.confirm(ctx, "") }},
	}
}

func (s *stage) confirm(ctx context.Context, r hosted.Receipt) error {
	return s.patiently(ctx, func(ctx context.Context) error {
		for {
			if done, err := s.Zone.Confirm(ctx, r); err != nil || done {
				return err
			}
			if err := s.Await(ctx, 100*time.Millisecond); err != nil {
				return fmt.Errorf("confirm %q: not everywhere yet: %w", r, err)
			}
		}
	})
}
