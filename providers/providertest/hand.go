package providertest

import (
	"context"
	"fmt"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// byHand has somebody else make Entries. From then on the zone must hold them.
func byHand(says string, entries ...hosted.Entry) step {
	return step{says, func(ctx context.Context, s *stage) error {
		for _, e := range entries {
			if err := s.edit(ctx, e); err != nil {
				return err
			}
			s.note(hosted.Change{Old: s.has[e.Key], New: e})
		}
		return s.expect(ctx)
	}}
}

func (s *stage) edit(ctx context.Context, e hosted.Entry) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	if err := s.EditByHand(ctx, e); err != nil {
		return fmt.Errorf("edit %s by hand: %w", e, err)
	}
	return nil
}

// foreignRecords are listed and read, and stay whatever is done around them.
func foreignRecords(z site) []step {
	theirs := append([]hosted.Entry{z.a("theirs", 3600, "192.0.2.77"), z.txt("www", 3600, "theirs")}, z.Foreign...)
	with := func(ours ...hosted.Entry) []hosted.Entry { return append(ours, theirs...) }
	return []step{
		byHand("somebody else's records, of types that fedns never writes", theirs...),
		wants("ours beside them, at the same names", with(z.a("www", 300, "192.0.2.1"), z.a("host", 300, "192.0.2.2"))...),
		wants("ours replaced", with(z.a("www", 300, "192.0.2.3"), z.a("host", 300, "192.0.2.2"), z.a("a.theirs", 300, "192.0.2.4"))...),
		wants("ours gone", theirs...),
		{"theirs taken away, so that the next lesson begins empty", func(ctx context.Context, s *stage) error {
			for _, e := range theirs {
				if err := s.edit(ctx, hosted.Entry{Key: e.Key}); err != nil {
					return err
				}
				s.note(hosted.Change{Old: e})
			}
			return s.expect(ctx)
		}},
	}
}

// editedByHand is what a daemon meets that believes to know what is there.
func editedByHand(z site) []step {
	kept, ours, theirs := z.a("kept", 300, "192.0.2.90"), z.a("www", 300, "192.0.2.1"), z.a("www", 300, "192.0.2.66")
	gone := hosted.Entry{Key: z.key("www", zone.TypeA)}
	return []step{
		wants("an address of ours", kept, ours),
		byHand("replaced by hand", theirs),
		conflicts("our batch that replaces", hosted.Change{Old: ours, New: z.a("www", 300, "192.0.2.2")}),
		conflicts("our batch that deletes", hosted.Change{Old: ours}),
		wants("but one that knows", kept, ours),
		byHand("one record more", z.a("www", 300, "192.0.2.1", "192.0.2.66")),
		conflicts("our batch does not take it away", hosted.Change{Old: ours}),
		byHand("deleted by hand", gone),
		conflicts("our batch does not bring it back", hosted.Change{Old: ours, New: z.a("www", 300, "192.0.2.2")}),
		conflicts("deleted already", hosted.Change{Old: ours}),
		byHand("created by hand", theirs),
		conflicts("our batch does not create it", hosted.Change{New: ours}),
		wants("but one that knows", kept),
	}
}
