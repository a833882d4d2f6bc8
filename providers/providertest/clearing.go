package providertest

import (
	"context"
	"fmt"
	"maps"

	"github.com/fedns/fedns/providers/hosted"
)

// clear takes away what the lesson before left. Where the provider does not take
// its own word for what is there, it is taken away as the lesson made it, so that
// a failure does not spread to the lessons behind.
func (s *stage) clear(ctx context.Context) error {
	believed := s.has
	s.has = map[hosted.Key]hosted.Entry{}
	there, err := s.list(ctx)
	if err != nil {
		return err
	}
	changes := s.leftover(there)
	for _, batch := range pack(s.Limits, changes) {
		if s.try(ctx, batch...) == nil {
			continue
		}
		for _, c := range batch {
			if s.try(ctx, c) != nil {
				_ = s.try(ctx, hosted.Change{Old: believed[c.Key()], New: c.New}) // the listing tells
			}
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if there, err = s.list(ctx); err != nil {
		return err
	}
	if left := s.leftover(there); len(left) > 0 {
		return fmt.Errorf("the lesson before left what cannot be taken away: %s", brief(left))
	}
	return nil
}

// leftover is what makes the zone what it was when it was empty.
func (s *stage) leftover(there map[hosted.Key]hosted.Entry) []hosted.Change {
	now := &stage{site: s.site, has: maps.Clone(there)}
	var back []hosted.Entry
	for k, e := range s.base {
		if !moves(k) {
			back = append(back, e)
		}
	}
	maps.DeleteFunc(now.has, func(k hosted.Key, _ hosted.Entry) bool { return moves(k) })
	return now.diff(back)
}
