package simulation

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
)

// weather is how likely calls go wrong, in percent.
type weather struct {
	fail, throttle, slow int
	keyless              bool // refusals do not say what they are about
}

var (
	errTimeout = errors.New("timeout")
)

// badAddress is what no Server of this world takes.
const badAddress = "192.0.2.66"

func poisoned(e hosted.Entry) string {
	if e.Key.Type == zone.TypeA && strings.Contains(e.String(), badAddress) {
		return "bad luck"
	}
	return ""
}

// fault is what goes wrong with a call. It is chosen by the life's own numbers, so
// that it does not depend on who comes first.
func (w *world) fault(c inmemory.Call) (f inmemory.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lives[c.Client]
	l.calls++
	if l.paused != nil {
		f.Until = l.paused
	}
	if l.losing && c.Action == inmemory.Apply {
		f.Lost = errTimeout
		return f
	}
	if w.calm {
		return f
	}
	r := rand.New(rand.NewPCG(w.seed, uint64(l.number)<<32|uint64(l.calls)))
	chance := func(percent int) bool { return r.IntN(100) < percent }
	if w.weather.keyless && c.Action == inmemory.Apply {
		for _, ch := range c.Batch.Changes {
			if poisoned(ch.New) != "" {
				f.Before = &hosted.RefusedError{Reason: "bad luck"}
				return f
			}
		}
	}
	if chance(w.weather.slow) {
		f.Delay = time.Duration(r.IntN(40_000)) * time.Millisecond
	}
	switch {
	case chance(w.weather.throttle):
		f.Before = &hosted.ThrottledError{After: time.Duration(r.IntN(20)) * time.Second, Err: errors.New("rate exceeded")}
	case chance(w.weather.fail):
		switch r.IntN(3) {
		case 0:
			f.Before = errTimeout
		case 1:
			f.After = errTimeout
		case 2:
			f.Lost = errTimeout
		}
	}
	return f
}
