package providertest

import (
	"context"
	"fmt"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// conflicts has one Change of a Batch expect what is not there, and nothing of the
// Batch must be made: neither what stands before it nor what stands behind.
func conflicts(says string, c hosted.Change) step {
	return step{says, func(ctx context.Context, s *stage) error {
		kept, ok := s.has[s.key("kept", zone.TypeA)]
		if !ok {
			return fmt.Errorf("the lesson did not make %s", hosted.KeyString(s.key("kept", zone.TypeA)))
		}
		for at, batch := range [][]hosted.Change{
			{c},
			{c, {New: s.a("new", 300, "192.0.2.91")}},
			{{New: s.a("new", 300, "192.0.2.91")}, {Old: kept, New: s.a("kept", 300, "192.0.2.92")}, c},
			{{Old: kept}, c, {New: s.txt("new", 300, "text")}},
		} {
			if err := conflict(s.try(ctx, batch...)); err != nil {
				return fmt.Errorf("batch %d: %s: %w", at+1, c, err)
			}
			if err := s.expect(ctx); err != nil {
				return fmt.Errorf("batch %d was in conflict, but: %w", at+1, err)
			}
		}
		return nil
	}}
}

func wrongRecords(z site) []step {
	kept, is := z.a("kept", 300, "192.0.2.90"), z.a("www", 300, "192.0.2.1", "192.0.2.2")
	text := z.txt("txt", 300, "Text")
	next := z.a("www", 300, "192.0.2.9")
	return []step{
		wants("two addresses and a text", kept, is, text),
		conflicts("another address", hosted.Change{Old: z.a("www", 300, "192.0.2.1", "192.0.2.3"), New: next}),
		conflicts("one of the two", hosted.Change{Old: z.a("www", 300, "192.0.2.1"), New: next}),
		conflicts("one too many", hosted.Change{Old: z.a("www", 300, "192.0.2.1", "192.0.2.2", "192.0.2.3"), New: next}),
		conflicts("wrong already, and the new is what is there", hosted.Change{Old: z.a("www", 300, "192.0.2.3"), New: is}),
		conflicts("to be deleted with another address", hosted.Change{Old: z.a("www", 300, "192.0.2.1", "192.0.2.3")}),
		conflicts("to be deleted with one of the two", hosted.Change{Old: z.a("www", 300, "192.0.2.2")}),
		conflicts("to be deleted with one too many", hosted.Change{Old: z.a("www", 300, "192.0.2.1", "192.0.2.2", "192.0.2.3")}),
		conflicts("a text in another case", hosted.Change{Old: z.txt("txt", 300, "text"), New: z.txt("txt", 300, "new")}),
		conflicts("a text in two strings", hosted.Change{Old: z.txt("txt", 300, "Te", "xt"), New: z.txt("txt", 300, "new")}),
		wants("with the right old records all goes well", kept, next, z.txt("txt", 300, "new")),
	}
}

func wrongTTL(z site) []step {
	kept, is := z.a("kept", 300, "192.0.2.90"), z.a("www", 300, "192.0.2.1")
	return []step{
		wants("an address", kept, is),
		conflicts("to be replaced", hosted.Change{Old: z.a("www", 60, "192.0.2.1"), New: z.a("www", 300, "192.0.2.2")}),
		conflicts("to be deleted", hosted.Change{Old: z.a("www", 60, "192.0.2.1")}),
		wants("with the right old TTL all goes well", kept),
	}
}

func createdTwice(z site) []step {
	kept, is := z.a("kept", 300, "192.0.2.90"), z.a("www", 300, "192.0.2.1")
	return []step{
		wants("an address", kept, is),
		conflicts("created with another", hosted.Change{New: z.a("www", 300, "192.0.2.2")}),
		conflicts("created with the same and another", hosted.Change{New: z.a("www", 300, "192.0.2.1", "192.0.2.2")}),
		conflicts("created as it is", hosted.Change{New: is}),
		wants("another type is no conflict", kept, is, z.aaaa("www", 300, "2001:db8::1")),
	}
}

func notThere(z site) []step {
	kept, is := z.a("kept", 300, "192.0.2.90"), z.a("www", 300, "192.0.2.1")
	return []step{
		wants("an address", kept, is),
		conflicts("deleted at another name", hosted.Change{Old: z.a("api", 300, "192.0.2.1")}),
		conflicts("deleted of another type", hosted.Change{Old: z.txt("www", 300, "text")}),
		conflicts("replaced at another name", hosted.Change{Old: z.a("api", 300, "192.0.2.1"), New: z.a("api", 300, "192.0.2.2")}),
		conflicts("replaced of another type", hosted.Change{Old: z.aaaa("www", 300, "2001:db8::1"), New: z.aaaa("www", 300, "2001:db8::2")}),
		wants("gone", kept),
		conflicts("deleted again", hosted.Change{Old: is}),
		conflicts("replaced though gone", hosted.Change{Old: is, New: z.a("www", 300, "192.0.2.2")}),
	}
}

// theFence is how a leader that was replaced without knowing is held off: every
// Batch swaps one TXT record, and its own has an old one.
func theFence(z site) []step {
	fence := func(generation string) hosted.Entry { return z.txt("_fedns", 300, "generation="+generation) }
	batch := func(from, to string, c hosted.Change) []hosted.Change {
		return []hosted.Change{{Old: fence(from), New: fence(to)}, c}
	}
	passes := func(says string, changes []hosted.Change) step {
		return step{says, func(ctx context.Context, s *stage) error {
			if err := s.make(ctx, changes...); err != nil {
				return err
			}
			return s.expect(ctx)
		}}
	}
	fails := func(says string, changes []hosted.Change) step {
		return step{says, func(ctx context.Context, s *stage) error {
			if err := conflict(s.try(ctx, changes...)); err != nil {
				return err
			}
			return s.expect(ctx)
		}}
	}
	return []step{
		wants("a fence and an address", fence("1"), z.a("www", 300, "192.0.2.1")),
		passes("the new leader", batch("1", "2", hosted.Change{New: z.a("new", 300, "192.0.2.2")})),
		fails("the old leader creates", batch("1", "2", hosted.Change{New: z.a("old", 300, "192.0.2.3")})),
		fails("the old leader deletes what is as it knows", batch("1", "2", hosted.Change{Old: z.a("www", 300, "192.0.2.1")})),
		fails("the old leader repeats the new leader's batch", batch("1", "2", hosted.Change{New: z.a("new", 300, "192.0.2.2")})),
		passes("the new leader again", batch("2", "3", hosted.Change{Old: z.a("www", 300, "192.0.2.1")})),
		fails("a batch of the past", batch("2", "3", hosted.Change{Old: z.a("new", 300, "192.0.2.2")})),
		fails("a batch of the future", batch("4", "5", hosted.Change{Old: z.a("new", 300, "192.0.2.2")})),
		passes("a fence swapped for its like in another TTL", []hosted.Change{{Old: fence("3"), New: z.txt("_fedns", 60, "generation=4")}}),
	}
}

// refused is what no zone may hold, whatever the provider: its reason comes typed.
func refused(z site) []step {
	foreign := hosted.Simple(zone.NewRRset(z.name("www.example.invalid."), zone.TypeA, 300, addresses([]string{"192.0.2.1"})...))
	return []step{
		wants("an address", z.a("www", 300, "192.0.2.1")),
		{"a CNAME beside it", func(ctx context.Context, s *stage) error {
			return s.neither(ctx, s.cname("www", "other.example.net."))
		}},
		{"a name of another zone", func(ctx context.Context, s *stage) error { return s.refuses(ctx, foreign) }},
		wants("a CNAME", z.cname("www", "other.example.net.")),
		{"an address beside it", func(ctx context.Context, s *stage) error {
			return s.neither(ctx, s.a("www", 300, "192.0.2.1"))
		}},
		wants("after that all goes well", z.a("www", 300, "192.0.2.2")),
	}
}
