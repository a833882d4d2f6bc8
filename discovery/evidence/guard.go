package evidence

import (
	"fmt"
	"math"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
)

// Limits are what a Guard lets pass. The zero Limits have the defaults.
type Limits struct {
	Window time.Duration // over which losses add up. Defaults to 1 min
	Count  int           // so many always pass, if each was seen to be deleted. Defaults to 20
	Share  float64       // of what was answered when the window began; more do not pass. Defaults to 0.5; 1 stops none
}

// WithDefaults are the Limits with nothing left out.
func (l Limits) WithDefaults() Limits {
	setDefault(&l.Window, time.Minute)
	setDefault(&l.Count, 20)
	setDefault(&l.Share, 0.5)
	return l
}

// Guard limits how much may be withdrawn at a time of one cluster, or of one
// zone. What it counts are losses: things that were answered and now are not,
// because objects went away, not because they say themselves that they are not
// ready. Whoever loses more than the limits by an accident (an empty list, a
// wrong label selector, a namespace deleted by mistake) has time to say so.
//
//	deleted    held if more than Count and more than Share are lost within Window
//	missing    held if more than Share, and at least two
//	doubtful   held
//
// The zero Guard works. It is not safe for concurrent use.
type Guard struct {
	passed []passed // within the last window, the oldest first
	base   int      // how many were answered then
	baseAt time.Time
}

// all is more than anybody counts, with room for sums.
const all = math.MaxInt32 / 2

type passed struct {
	at time.Time
	n  int
}

// Admit says whether n more losses may be made now, and counts them if so. left
// counts what is answered before that, and only that: what was not ready anyway
// is no share of anything. It may stop at enough. It may take time, and is asked
// when it matters: as the losses of a window double, or before something is held.
// evidence is the weakest by which the losses are known. The error says why not.
func (g *Guard) Admit(l Limits, now time.Time, n int, left func(enough int) int, evidence cluster.Loss) error {
	l = l.WithDefaults()
	for len(g.passed) > 0 && now.Sub(g.passed[0].at) >= l.Window {
		g.passed = g.passed[1:]
	}
	before := 0
	for _, p := range g.passed {
		before += p.n
	}
	lost := before + n
	much := func() bool {
		if now.Sub(g.baseAt) < l.Window && float64(lost) <= l.Share*float64(g.base) {
			return false
		}
		// Of twice as many the losses may double before it has to be counted again.
		enough := 2 * (int(float64(lost)/l.Share) + 1)
		g.base, g.baseAt = before+left(max(enough-before, 1)), now
		return float64(lost) > l.Share*float64(g.base)
	}
	switch {
	case n == 0:
		return nil
	case evidence == cluster.Doubtful && guarantee.Holds(guarantee.DoubtfulAreHeld):
		return fmt.Errorf("%d of %d are gone from a store that has gone back in time, or with their definition", n, left(all))
	case evidence == cluster.Missing && lost > 1 && guarantee.Holds(guarantee.MissingAreLimited) && much():
		return fmt.Errorf("%d of %d are missing from its lists, nobody saw them deleted", lost, g.base)
	case lost > l.Count && guarantee.Holds(guarantee.DeletedAreLimited) && much():
		return fmt.Errorf("%d of %d were deleted within %v", lost, g.base, l.Window)
	}
	g.passed = append(g.passed, passed{now, n})
	return nil
}
