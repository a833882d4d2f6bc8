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
	at   []time.Time // of each Entry within the last window, oldest first
	base int         // how many there were when the window began
}

// admit says whether n of owned Entries may be taken away now, and counts them if
// so. The error says why not. To take away all there is needs a word at any rate:
// nothing wanted at all is a mistake more often than a wish.
func (l *losses) admit(g Guard, now time.Time, n, owned, created int) error {
	g = g.withDefaults()
	for len(l.at) > 0 && now.Sub(l.at[0]) >= g.Window {
		l.at = l.at[1:]
	}
	if len(l.at) == 0 {
		l.base = owned
	}
	switch lost := len(l.at) + n; {
	case n == 0:
		return nil
	case n >= owned && created == 0 && guarantee.Holds(guarantee.EmptyIsAnError):
		return fmt.Errorf("nothing is wanted any longer: all %d record sets would be deleted", owned)
	case guarantee.Holds(guarantee.LossesAreLimited) && lost > g.Count && float64(lost) > g.Share*float64(max(l.base, owned)):
		return fmt.Errorf("%d of %d record sets would be deleted within %v", lost, max(l.base, owned), g.Window)
	}
	for range n {
		l.at = append(l.at, now)
	}
	return nil
}
