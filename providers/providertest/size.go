package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// largestBatches fills Batches up to each Dimension's maximum, not one less where
// there is a way, and tells how far each was filled.
func largestBatches(z site) []step {
	most := make([]int, len(z.Limits.Batch))
	fill := func(says string, next func(s *stage, i int) (hosted.Change, bool)) step {
		return step{says, func(ctx context.Context, s *stage) error {
			batch := s.fill(next, most)
			if err := s.make(ctx, batch...); err != nil {
				return err
			}
			return s.expect(ctx)
		}}
	}
	const enough = 20_000 // where there is no limit, or a high one
	text := func(i, n int) hosted.Entry {
		return z.set(fmt.Sprintf("t%05d", i), zone.TypeTXT, 300, zone.TXT(strings.Repeat("x", n)))
	}
	return []step{
		fill("addresses created", func(_ *stage, i int) (hosted.Change, bool) {
			return hosted.Change{New: z.a(fmt.Sprintf("n%05d", i), 300, number(i))}, i < min(enough, z.Many)
		}),
		fill("replaced", func(s *stage, i int) (hosted.Change, bool) {
			old, ok := s.has[z.key(fmt.Sprintf("n%05d", i), zone.TypeA)]
			return hosted.Change{Old: old, New: z.a(fmt.Sprintf("n%05d", i), 300, number(i+1))}, ok
		}),
		fill("deleted", func(s *stage, i int) (hosted.Change, bool) {
			old, ok := s.has[z.key(fmt.Sprintf("n%05d", i), zone.TypeA)]
			return hosted.Change{Old: old}, ok
		}),
		wants("nothing"),
		fill("long texts created", func(_ *stage, i int) (hosted.Change, bool) {
			return hosted.Change{New: text(i, 3000)}, i < min(enough, z.Many)/10
		}),
		wants("nothing"),
		{"each dimension was filled", func(_ context.Context, s *stage) error {
			var short []error
			for i, d := range z.Limits.Batch {
				s.logf("%s: %d of %d", d.Name, most[i], d.Max)
				if most[i] < d.Max-d.Max/20 && most[i] < z.Many {
					short = append(short, fmt.Errorf("%s: no batch of the suite had more than %d of %d", d.Name, most[i], d.Max))
				}
			}
			return errors.Join(short...)
		}},
	}
}

// fill takes changes until the next would exceed a Dimension, then a text that is
// as long as there is room. most gets the largest measure of each Dimension.
func (s *stage) fill(next func(*stage, int) (hosted.Change, bool), most []int) []hosted.Change {
	used := make([]int, len(s.Limits.Batch))
	fits := func(c hosted.Change) bool {
		for i, d := range s.Limits.Batch {
			if used[i]+d.Cost(c) > d.Max {
				return false
			}
		}
		return true
	}
	var batch []hosted.Change
	take := func(c hosted.Change) {
		batch = append(batch, c)
		for i, d := range s.Limits.Batch {
			used[i] += d.Cost(c)
			most[i] = max(most[i], used[i])
		}
	}
	for i := 0; ; i++ {
		c, ok := next(s, i)
		if !ok {
			return batch
		}
		if !fits(c) {
			break
		}
		take(c)
	}
	for n := 3000; n > 0; n-- {
		last := hosted.Change{New: s.set("last", zone.TypeTXT, 300, zone.TXT(strings.Repeat("x", n)))}
		if s.has[last.Key()].IsEmpty() && fits(last) {
			take(last)
			break
		}
	}
	return batch
}
