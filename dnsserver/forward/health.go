package forward

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// smooth is the weight of a new round trip in the mean, as in TCP (RFC 6298 §2).
	smooth = 8
	// fade lets a slower server's mean sink a little whenever another one is
	// asked first, so that it gets its chance again. BIND's factor.
	fade = 0.98
	// A server that failed comes last for firstBackoff, twice as long each time after.
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// failing is after how many failures in a row it is told.
	failing = 3
)

// health is how upstreams have answered lately. Safe for concurrent use.
type health struct {
	log   *slog.Logger
	mu    sync.Mutex
	known []standing // as upstreams are numbered
}

type standing struct {
	addr     string
	mean     float64 // round trip, nanoseconds; 0: never asked
	failures int     // in a row
	until    time.Time
}

func newHealth(upstreams []Upstream, log *slog.Logger) *health {
	h := &health{log: log}
	for _, u := range upstreams {
		h.known = append(h.known, standing{addr: u.Addr.String()})
	}
	return h
}

// order is in which order upstreams are asked now: the quickest first, those
// that fail last, the configured order where that says nothing.
func (h *health) order(now time.Time) []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]int, len(h.known))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int {
		x, y := &h.known[a], &h.known[b]
		down := func(s *standing) int64 {
			if now.Before(s.until) {
				return s.until.UnixNano()
			}
			return 0
		}
		return cmp.Or(cmp.Compare(down(x), down(y)), cmp.Compare(x.mean, y.mean))
	})
	for _, i := range out[1:] {
		h.known[i].mean *= fade
	}
	return out
}

// answered notes a round trip.
func (h *health) answered(i int, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.known[i]
	if s.failures >= failing {
		h.log.Info("upstream answers again", "upstream", s.addr)
	}
	s.failures, s.until = 0, time.Time{}
	if s.mean == 0 {
		s.mean = float64(took)
		return
	}
	s.mean += (float64(took) - s.mean) / smooth
}

// overtaken notes that another upstream was quicker: the round trip would have
// taken longer than this.
func (h *health) overtaken(i int, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := &h.known[i]; float64(took) > s.mean {
		s.mean += (float64(took) - s.mean) / smooth
	}
}

// failed notes a try that got no answer.
func (h *health) failed(i int, now time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.known[i]
	s.failures++
	if s.failures == failing {
		h.log.Warn("upstream does not answer", "upstream", s.addr, "err", err)
	}
	s.until = now.Add(min(firstBackoff<<min(s.failures-1, 10), maxBackoff))
}
