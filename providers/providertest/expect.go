package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// expect compares the zone with what it must hold: all of it by Records, and what
// the lesson put there by Read.
func (s *stage) expect(ctx context.Context) error {
	there, err := s.list(ctx)
	if err != nil {
		return err
	}
	want := maps.Clone(s.base)
	maps.Copy(want, s.has)
	if err := compare(there, want); err != nil {
		return fmt.Errorf("listed: %w", err)
	}
	return s.expectRead(ctx, slices.Collect(maps.Keys(s.has))...)
}

// expectRead compares what Read tells of keys with what the zone must hold.
func (s *stage) expectRead(ctx context.Context, keys ...hosted.Key) error {
	const many = 100
	slices.SortFunc(keys, hosted.CompareKeys)
	keys = keys[:min(len(keys), many)]
	there, err := s.read(ctx, keys...)
	if err != nil {
		return err
	}
	want := map[hosted.Key]hosted.Entry{}
	for _, k := range keys {
		if e, ok := s.has[k]; ok {
			want[k] = e
		} else if e, ok := s.base[k]; ok {
			want[k] = e
		}
	}
	if err := compare(there, want); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

func (s *stage) list(ctx context.Context) (map[hosted.Key]hosted.Entry, error) {
	var entries []hosted.Entry
	err := s.patiently(ctx, func(ctx context.Context) (err error) {
		entries, err = s.Zone.Records(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	there, err := s.index(entries)
	if err != nil {
		return nil, fmt.Errorf("listed: %w", err)
	}
	return there, nil
}

func (s *stage) read(ctx context.Context, keys ...hosted.Key) (map[hosted.Key]hosted.Entry, error) {
	if len(keys) == 0 {
		return map[hosted.Key]hosted.Entry{}, nil
	}
	var entries []hosted.Entry
	err := s.patiently(ctx, func(ctx context.Context) (err error) {
		entries, err = s.Zone.Read(ctx, keys...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	there, err := s.index(entries)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return there, nil
}

// index checks the form of what a provider returned.
func (s *stage) index(entries []hosted.Entry) (map[hosted.Key]hosted.Entry, error) {
	there := make(map[hosted.Key]hosted.Entry, len(entries))
	for _, e := range entries {
		if _, twice := there[e.Key]; twice {
			return nil, fmt.Errorf("%s is there twice", hosted.KeyString(e.Key))
		}
		if e.IsEmpty() {
			return nil, fmt.Errorf("%s has no record sets: it does not exist", hosted.KeyString(e.Key))
		}
		if !e.Key.Owner.Under(s.Apex) {
			return nil, fmt.Errorf("%s is not in the zone", hosted.KeyString(e.Key))
		}
		for i, set := range e.Sets {
			if err := form(e, set); err != nil {
				return nil, fmt.Errorf("%s: %w", e, err)
			}
			if i > 0 && e.Sets[i-1].ID >= set.ID {
				return nil, fmt.Errorf("%s: set identifiers %q and %q are the same or out of order", e, e.Sets[i-1].ID, set.ID)
			}
		}
		there[e.Key] = e
	}
	return there, nil
}

// form checks one record set against the contract of hosted.Set.
func form(e hosted.Entry, set hosted.Set) error {
	r := set.Records
	switch {
	case set.Alias.IsSet():
		if !r.IsEmpty() {
			return errors.New("an alias has records")
		}
		return nil
	case r.Key() != e.Key:
		return fmt.Errorf("its records are %s", hosted.KeyString(r.Key()))
	case r.IsEmpty():
		return errors.New("a record set has no records")
	case r.Stale:
		return errors.New("its records are stale")
	case r != zone.NewRRset(r.Owner, r.Type, r.TTL, slices.Collect(r.RDATA())...):
		return errors.New("its records are not in canonical order, or one is there twice")
	}
	return nil
}

// compare returns what differs, a few things of it.
func compare(there, want map[hosted.Key]hosted.Entry) error {
	var wrong []string
	for _, k := range slices.SortedFunc(maps.Keys(want), hosted.CompareKeys) {
		got, ok := there[k]
		switch {
		case !ok:
			wrong = append(wrong, "missing: "+want[k].String())
		case !moves(k) && !got.Equal(want[k]):
			wrong = append(wrong, differ(got, want[k]))
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(there), hosted.CompareKeys) {
		if _, ok := want[k]; !ok && !moves(k) {
			wrong = append(wrong, "not wanted: "+there[k].String())
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	const few = 5
	more := ""
	if len(wrong) > few {
		more = fmt.Sprintf("\n\tand %d more", len(wrong)-few)
		wrong = wrong[:few]
	}
	return errors.New("differs from what it must hold:\n\t" + strings.Join(wrong, "\n\t") + more)
}

// differ shows both, with what String leaves out where that is the difference.
func differ(got, want hosted.Entry) string {
	a, b := got.String(), want.String()
	if a == b {
		a, b = fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want)
	}
	return "is:   " + a + "\n\twant: " + b
}
