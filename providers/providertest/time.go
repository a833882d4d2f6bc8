package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/fedns/fedns/providers/hosted"
)

// soon is how long after its context a call may return: much for what should be
// at once, so that only what does not look at its context is found.
const soon = 5 * time.Second

// timeIsOver calls everything with a context that is done.
func timeIsOver(z site) []step {
	is := z.a("www", 300, "192.0.2.1")
	over := func(says string, call func(context.Context, hosted.Zone) error) step {
		return step{says, func(ctx context.Context, s *stage) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			returned := make(chan error, 1)
			go func() { returned <- call(ctx, s.Zone) }()
			select {
			case err := <-returned:
				if err == nil {
					return errors.New("it returned no error, though its context was done before the call")
				}
				return untyped(err)
			case <-time.After(soon):
				return fmt.Errorf("it did not return within %s", soon)
			}
		}}
	}
	return []step{
		wants("an address", is),
		over("Records", func(ctx context.Context, z hosted.Zone) error { _, err := z.Records(ctx); return err }),
		over("Read", func(ctx context.Context, z hosted.Zone) error { _, err := z.Read(ctx, is.Key); return err }),
		over("Apply", func(ctx context.Context, z hosted.Zone) error {
			_, err := z.Apply(ctx, hosted.Batch{Changes: []hosted.Change{{Old: is}}})
			return err
		}),
		wants("nothing was made, and all goes well again", is, z.a("api", 300, "192.0.2.2")),
	}
}

// untyped is an error when err says something of a Batch of which nobody can know.
func untyped(err error) error {
	refused, throttled := (*hosted.RefusedError)(nil), (*hosted.ThrottledError)(nil)
	if errors.Is(err, hosted.ErrConflict) || errors.As(err, &refused) || errors.As(err, &throttled) {
		return fmt.Errorf("time is over, and the error says more than can be known: %w", err)
	}
	return nil
}

// interrupted ends the time of Apply sooner or later within the call. Whatever is
// returned, both record sets of the Batch are as before or both are changed.
func interrupted(z site) []step {
	at := func(generation int) []hosted.Entry {
		g := strconv.Itoa(generation)
		return []hosted.Entry{z.txt("_fedns", 300, "generation="+g), z.txt("www", 300, g)}
	}
	steps := []step{wants("two record sets", at(0)...)}
	for i := range 16 {
		after := 4 * time.Microsecond << i
		steps = append(steps, step{"after " + after.String(), func(ctx context.Context, s *stage) error {
			return s.interrupt(ctx, after, at(i+1))
		}})
	}
	return steps
}

// interrupt makes next within too short a time, and then without a limit from
// whatever is there.
func (s *stage) interrupt(ctx context.Context, after time.Duration, next []hosted.Entry) error {
	changes := s.diff(next)
	short, cancel := context.WithTimeout(ctx, after)
	_, err := s.Zone.Apply(short, hosted.Batch{Changes: changes})
	cancel()
	refused := (*hosted.RefusedError)(nil)
	switch {
	case err == nil:
		s.note(changes...)
		return s.expect(ctx)
	case errors.Is(err, hosted.ErrConflict), errors.As(err, &refused):
		return fmt.Errorf("nothing was wrong but the time, and Apply returned: %w", err)
	}
	before := maps.Clone(s.has)
	// It may be on its way still: so the swap tells, not the reading.
	const enough = 10
	for range enough {
		there, err := s.read(ctx, next[0].Key, next[1].Key)
		if err != nil {
			return err
		}
		made := 0
		for _, e := range next {
			if there[e.Key].Equal(e) {
				made++
			}
		}
		s.has = maps.Clone(before)
		maps.Copy(s.has, there)
		if err = nil; made < len(next) {
			err = s.try(ctx, s.diff(next)...)
		}
		switch {
		case errors.Is(err, hosted.ErrConflict):
			continue // it arrived in between
		case err != nil:
			return err
		case made == 1:
			return errors.New("a batch was made by half")
		}
		for _, e := range next {
			s.has[e.Key] = e
		}
		return s.expect(ctx)
	}
	return fmt.Errorf("what was read was in conflict %d times, though nobody else writes", enough)
}
