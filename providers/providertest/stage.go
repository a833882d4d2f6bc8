package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// stage is where lessons are played: the provider, and what it must hold. It
// belongs to one goroutine.
type stage struct {
	site
	base map[hosted.Key]hosted.Entry // of the empty zone
	has  map[hosted.Key]hosted.Entry // beside that
	logf func(string, ...any)
}

// step is one thing done on the stage.
type step struct {
	says string
	play func(context.Context, *stage) error
}

// wants makes the zone hold exactly these Entries, beside what an empty one does,
// by as few Batches as its limits allow.
func wants(says string, entries ...hosted.Entry) step {
	return step{says, func(ctx context.Context, s *stage) error {
		able, err := s.holdable(ctx, entries)
		if err != nil {
			return err
		}
		for _, changes := range pack(s.Limits, s.diff(able)) {
			if err := s.make(ctx, changes...); err != nil {
				return err
			}
		}
		return s.expect(ctx)
	}}
}

// holdable are the Entries that Check lets pass. Apply has to refuse the others.
func (s *stage) holdable(ctx context.Context, entries []hosted.Entry) ([]hosted.Entry, error) {
	var able []hosted.Entry
	for _, e := range entries {
		why := s.Limits.Check(e)
		if why == "" {
			able = append(able, e)
			continue
		}
		s.logf("left out: %.200s: %s", e, why)
		if err := s.refuses(ctx, e); err != nil {
			return nil, fmt.Errorf("check refuses it (%s), and so must Apply: %w", why, err)
		}
	}
	return able, nil
}

// refuses has Apply refuse to create an Entry, in the middle of what it would make.
func (s *stage) refuses(ctx context.Context, bad hosted.Entry) error {
	batch := []hosted.Change{{New: bad}}
	if s.Limits.Atomic {
		batch = []hosted.Change{{New: s.a("good-before", 300, "192.0.2.91")}, {New: bad}, {New: s.a("good-behind", 300, "192.0.2.92")}}
	}
	if err := refusal(s.try(ctx, batch...), bad.Key); err != nil {
		return err
	}
	return s.expect(ctx)
}

// refusal is an error unless err is a *RefusedError that blames k, or nobody.
func refusal(err error, k hosted.Key) error {
	refused := (*hosted.RefusedError)(nil)
	switch {
	case !errors.As(err, &refused):
		return fmt.Errorf("%s: got %w, want a *RefusedError", hosted.KeyString(k), orNil(err))
	case refused.Key != nil && *refused.Key != k:
		return fmt.Errorf("blamed is %s, want %s", hosted.KeyString(*refused.Key), hosted.KeyString(k))
	case refused.Reason == "":
		return errors.New("the *RefusedError has no Reason")
	}
	return nil
}

// conflict is an error unless err is ErrConflict.
func conflict(err error) error {
	if !errors.Is(err, hosted.ErrConflict) {
		return fmt.Errorf("got %w, want ErrConflict", orNil(err))
	}
	return nil
}

var errNil = errors.New("no error")

func orNil(err error) error {
	if err == nil {
		return errNil
	}
	return err
}

// diff is what makes the zone hold exactly want.
func (s *stage) diff(want []hosted.Entry) []hosted.Change {
	var changes []hosted.Change
	wanted := map[hosted.Key]bool{}
	for _, e := range want {
		wanted[e.Key] = true
		if old := s.has[e.Key]; !old.Equal(e) {
			changes = append(changes, hosted.Change{Old: old, New: e})
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.has), hosted.CompareKeys) {
		if !wanted[k] {
			changes = append(changes, hosted.Change{Old: s.has[k]})
		}
	}
	return changes
}

// make makes one Batch, which must pass.
func (s *stage) make(ctx context.Context, changes ...hosted.Change) error {
	if err := s.try(ctx, changes...); err != nil {
		return fmt.Errorf("apply %s: %w", brief(changes), err)
	}
	s.note(changes...)
	return nil
}

// note takes it that changes were made.
func (s *stage) note(changes ...hosted.Change) {
	for _, c := range changes {
		delete(s.has, c.Key())
		if !c.New.IsEmpty() {
			s.has[c.Key()] = c.New
		}
	}
}

// try applies one Batch, again when it is throttled.
func (s *stage) try(ctx context.Context, changes ...hosted.Change) error {
	before := slices.Clone(changes)
	err := s.patiently(ctx, func(ctx context.Context) error {
		_, err := s.Zone.Apply(ctx, hosted.Batch{Changes: changes, Comment: "providertest"})
		return err
	})
	if !slices.EqualFunc(changes, before, sameChange) {
		return fmt.Errorf("apply wrote into the Batch, which is the caller's (it returned: %w)", orNil(err))
	}
	return err
}

func sameChange(a, b hosted.Change) bool { return a.Old.Equal(b.Old) && a.New.Equal(b.New) }

// patiently calls again when it is throttled, within the Timeout.
func (s *stage) patiently(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	for {
		err := call(ctx)
		throttled := (*hosted.ThrottledError)(nil)
		if !errors.As(err, &throttled) {
			return err
		}
		if waited := s.Await(ctx, max(throttled.After, 100*time.Millisecond)); waited != nil {
			return fmt.Errorf("%w, until the suite's patience was over: %w", err, waited)
		}
	}
}

// moves says that a name server changes the Entry by itself.
func moves(k hosted.Key) bool {
	switch k.Type {
	case zone.TypeSOA, zone.TypeRRSIG, zone.TypeNSEC, zone.TypeDNSKEY, 50, 51, 59, 60, 65534:
		return true // 50 and on: NSEC3, NSEC3PARAM, CDS, CDNSKEY, BIND's signing records
	}
	return false
}

// pack parts changes into Batches within the limits, in their order.
func pack(l hosted.Limits, changes []hosted.Change) [][]hosted.Change {
	var batches [][]hosted.Change
	used := make([]int, len(l.Batch))
	for _, c := range changes {
		fits := len(batches) > 0
		for i, d := range l.Batch {
			fits = fits && used[i]+d.Cost(c) <= d.Max
		}
		if !fits {
			batches = append(batches, nil)
			clear(used)
		}
		for i, d := range l.Batch {
			used[i] += d.Cost(c)
		}
		batches[len(batches)-1] = append(batches[len(batches)-1], c)
	}
	return batches
}

// brief shows changes, a few of them.
func brief(changes []hosted.Change) string {
	const few = 3
	var shown []string
	for _, c := range changes[:min(len(changes), few)] {
		shown = append(shown, fmt.Sprintf("%.300s", c))
	}
	if len(changes) > few {
		shown = append(shown, fmt.Sprintf("and %d more", len(changes)-few))
	}
	return fmt.Sprintf("%q", shown)
}
