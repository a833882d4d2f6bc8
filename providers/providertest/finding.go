package providertest

import (
	"context"
	"fmt"
	"strings"
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
		{"what is returned is the caller's: written over, it is as it was in the next answer", func(ctx context.Context, s *stage) error {
			listed, err := s.Zone.Records(ctx)
			if err != nil {
				return err
			}
			found, err := s.Zone.Read(ctx, www[0].Key)
			if err != nil {
				return err
			}
			clear(listed)
			clear(found)
			return s.expect(ctx)
		}},
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

// aComment is the longest there is, with what other formats would read otherwise.
func aComment(z site) []step {
	const longest = 256
	comment := `"fedns" 'prod' <eu-1> & more; `
	comment += strings.Repeat("x", longest-len(comment))
	return []step{
		{"a batch that says why it is made, and hurries", func(ctx context.Context, s *stage) error {
			c := hosted.Change{New: s.a("www", 300, "192.0.2.1")}
			err := s.patiently(ctx, func(ctx context.Context) error {
				_, err := s.Zone.Apply(ctx, hosted.Batch{Changes: []hosted.Change{c}, Urgent: true, Comment: comment})
				return err
			})
			if err != nil {
				return err
			}
			s.note(c)
			return s.expect(ctx)
		}},
	}
}
