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

// losses are what was taken away.
type losses struct {
	all []loss // within the last window, oldest first
}

// loss is an Entry that is gone.
type loss struct {
	at    time.Time
	owned int // how many there were before
}

// add counts a loss as it happens: a call may come long after it was admitted.
func (l *losses) add(now time.Time, owned int) { l.all = append(l.all, loss{now, owned}) }

// balance is what admit weighs; all are numbers of Entries.
type balance struct {
	losing  int // that would be taken away, and nothing was said of it yet
	open    int // that have been admitted, and are there still, but for those of which somebody gave the word
	waiting int // that wait for a word
	owned   int // that are there, but for those of which somebody gave the word
	created int
}

// admit says whether what is losing may be taken away now, beside what is open or
// waits. The error says why not. To take away all there is needs a word at any rate:
// nothing wanted at all is a mistake more often than a wish.
func (l *losses) admit(g Guard, now time.Time, b balance) error {
	g = g.withDefaults()
	for len(l.all) > 0 && now.Sub(l.all[0].at) >= g.Window {
		l.all = l.all[1:]
	}
	base := b.owned // how many there were when the window began
	if len(l.all) > 0 {
		base = max(base, l.all[0].owned)
	}
	switch lost := len(l.all) + b.open + b.losing + b.waiting; {
	case b.losing == 0:
		return nil
	case b.losing+b.waiting+b.open >= b.owned && b.created == 0 && guarantee.Holds(guarantee.EmptyIsAnError):
		return fmt.Errorf("nothing is wanted any longer: all %d record sets would be deleted", b.owned)
	case guarantee.Holds(guarantee.LossesAreLimited) && lost > g.Count && float64(lost) > g.Share*float64(base):
		return fmt.Errorf("%d of %d record sets would be deleted within %v", lost, base, g.Window)
	}
	return nil
}
