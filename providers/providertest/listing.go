package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

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
		all = append(all, z.a(owner, 300, number(i)), z.aaaa(owner, 300, "2001:db8::1"), z.txt(owner, 300, owner))
		if i%2 == 0 { // 7 of two names: no page size that people choose is a multiple
			all = append(all, z.set(owner, zone.TypeMX, 300, z.mx(10, owner)))
		}
	}
	all = slices.DeleteFunc(all, func(e hosted.Entry) bool { return z.Limits.Check(e) != "" })
	all = all[:min(len(all), z.Many)]
	var fewer []hosted.Entry
	for i, e := range all {
		if i%2 == 0 {
			fewer = append(fewer, e)
		}
	}
	return []step{
		wants(fmt.Sprintf("%d record sets", len(all)), all...),
		wants("every second of them", fewer...),
	}
}

// longRoutedListing has record sets with identifiers, whose Entries pages may part.
func longRoutedListing(z site) []step {
	p := z.Limits.Policies[0]
	var all []hosted.Entry
	for i := 0; i*len(z.Sets[p]) < z.Many/2; i++ {
		all = append(all, z.routed(fmt.Sprintf("w%04d", i), p, len(z.Sets[p]), i))
	}
	return []step{wants(fmt.Sprintf("%d names with %d sets each", len(all), len(z.Sets[p])), all...)}
}

// listedWhileChanged lists beside Apply. What is not being changed has to be in
// every listing, once; what is replaced, before or after; what comes and goes may be.
func listedWhileChanged(z site) []step {
	const steady, times = 150, 20
	var stay []hosted.Entry
	for i := range steady {
		stay = append(stay, z.a(fmt.Sprintf("s%03d", i), 300, number(i)))
	}
	replaced := []hosted.Entry{z.a("s075-replaced", 300, number(1)), z.a("s075-replaced", 300, number(2))}
	comes := []hosted.Entry{{}, z.a("s075-comes", 300, number(1)), z.a("s075-comes", 300, number(2))}
	return []step{
		wants("names that stay, and one to be replaced", append(stay, replaced[0])...),
		{"one comes and goes, one is replaced, while the zone is listed", func(ctx context.Context, s *stage) error {
			done, listed := make(chan struct{}), make(chan error, 1)
			go func() { listed <- s.keepListing(ctx, stay, replaced, done) }()
			var err error
			for i := range times {
				if err = errors.Join(s.rotate(ctx, comes, i), s.rotate(ctx, replaced, i)); err != nil {
					break
				}
			}
			close(done)
			return errors.Join(err, <-listed)
		}},
		{"all is there at the end", func(ctx context.Context, s *stage) error {
			s.note(hosted.Change{New: comes[times%len(comes)]}, hosted.Change{New: replaced[times%len(replaced)]})
			return s.expect(ctx)
		}},
	}
}

// rotate replaces one version of an Entry by the next.
func (s *stage) rotate(ctx context.Context, versions []hosted.Entry, i int) error {
	return s.try(ctx, hosted.Change{Old: versions[i%len(versions)], New: versions[(i+1)%len(versions)]})
}

// keepListing lists until done, at least once.
func (s *stage) keepListing(ctx context.Context, stay, replaced []hosted.Entry, done <-chan struct{}) error {
	for {
		there, err := s.list(ctx)
		if err != nil {
			return err
		}
		for _, e := range stay {
			if got := there[e.Key]; !got.Equal(e) {
				return fmt.Errorf("a listing beside Apply has %s, want %s", got, e)
			}
		}
		got := there[replaced[0].Key]
		if s.Limits.Atomic && !slices.ContainsFunc(replaced, got.Equal) {
			return fmt.Errorf("a listing beside Apply has %s, want one of %v", got, replaced)
		}
		select {
		case <-done:
			return nil
		default:
		}
	}
}
