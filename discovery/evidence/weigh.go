package evidence

import (
	"fmt"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
)

// Case is one cluster to be judged.
type Case struct {
	ID      cluster.ID
	Signals Signals
	Word    Word
}

// Weigh judges all clusters together. The verdicts stand at the places of their
// cases. Left alone they hold until next; zero: for ever. It keeps nothing: the
// same cases give the same verdicts, in whichever order and however often they
// are weighed.
func (p Policy) Weigh(cases []Case, now time.Time) (verdicts []Verdict, next time.Time) {
	p = p.withDefaults()
	all := make([]judged, len(cases))
	candidates := 0 // whom no word was said of
	for i, c := range cases {
		all[i] = p.judge(c.Signals, c.Word, now)
		if c.Word == NoWord {
			candidates++
		}
		if n := all[i].next; !n.IsZero() && (next.IsZero() || n.Before(next)) {
			next = n
		}
	}
	storm, most := p.storm(all, candidates)
	verdicts = make([]Verdict, len(cases))
	for i := range all {
		v := all[i].Verdict
		if v.Standing == Behind && !storm.IsZero() && !all[i].lost.Before(storm) && guarantee.Holds(guarantee.ManyLostAreHeld) {
			v.Standing, v.Held = First, true
			v.Reason = fmt.Sprintf("held, for %d of %d clusters were lost within %v of each other, which looks like being cut off oneself: %s",
				most, candidates, p.HoldWindow, v.Reason)
		}
		verdicts[i] = v
	}
	return verdicts, next
}

// storm is when the first was lost of those that are too many at once, and how
// many they are; zero: there are not. What is lost after that is lost in the dark.
func (p Policy) storm(all []judged, candidates int) (since time.Time, most int) {
	for i := range all {
		if all[i].Standing != Behind {
			continue
		}
		if n := together(all, i, p.HoldWindow); n > 1 && float64(n) > p.HoldShare*float64(candidates) {
			most = max(most, n)
			if since.IsZero() || all[i].lost.Before(since) {
				since = all[i].lost
			}
		}
	}
	return since, most
}

// together counts the clusters that were lost, or are about to be, within window
// of cluster i, itself included.
func together(all []judged, i int, window time.Duration) (n int) {
	for _, o := range all {
		if !o.lost.IsZero() && o.lost.Sub(all[i].lost).Abs() <= window {
			n++
		}
	}
	return n
}
