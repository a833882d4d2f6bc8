package providers

import (
	"fmt"
	"time"

	"github.com/fedns/fedns/providers/guarantee"
)

// Guard limits how many Entries may be taken away at a time. The zero Guard has the
// defaults.
type Guard struct {
	Window time.Duration // over which losses add up. Defaults to 1 min
	Count  int           // so many always pass. Defaults to 20
	Share  float64       // of what was held when the window began; more do not pass. Defaults to 0.5; 1 stops none but the last
}

func (g Guard) withDefaults() Guard {
	setDefault(&g.Window, time.Minute)
	setDefault(&g.Count, 20)
	setDefault(&g.Share, 0.5)
	return g
}

// losses are what has passed a Guard.
type losses struct {
	all []loss // within the last window, oldest first
}

// loss is an Entry that was let go.
type loss struct {
	at    time.Time
	owned int // how many there were then
}

// takeBack has n of those that have passed not counted.
func (l *losses) takeBack(n int) { l.all = l.all[:max(0, len(l.all)-n)] }

// admit says whether n of owned Entries may be taken away now, beside those that wait
// for a word, and counts them if so. The error says why not. To take away all there
// is needs a word at any rate: nothing wanted at all is a mistake more often than a
// wish.
func (l *losses) admit(g Guard, now time.Time, n, waiting, owned, created int) error {
	g = g.withDefaults()
	for len(l.all) > 0 && now.Sub(l.all[0].at) >= g.Window {
		l.all = l.all[1:]
	}
	base := owned // how many there were when the window began
	if len(l.all) > 0 {
		base = max(base, l.all[0].owned)
	}
	switch lost := len(l.all) + n + waiting; {
	case n == 0:
		return nil
	case n+waiting >= owned && created == 0 && guarantee.Holds(guarantee.EmptyIsAnError):
		return fmt.Errorf("nothing is wanted any longer: all %d record sets would be deleted", owned)
	case guarantee.Holds(guarantee.LossesAreLimited) && lost > g.Count && float64(lost) > g.Share*float64(base):
		return fmt.Errorf("%d of %d record sets would be deleted within %v", lost, base, g.Window)
	}
	for range n {
		l.all = append(l.all, loss{now, owned})
	}
	return nil
}
