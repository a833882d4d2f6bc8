package answer

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/policy"
)

// Observed is one message that came in, and what became of it. Its slices are
// good until Observe returns.
type Observed struct {
	Transport policy.Transport
	Client    netip.AddrPort
	Local     netip.AddrPort // where it came in; zero where that is not known
	Asked     time.Time
	Answered  time.Time
	Query     []byte
	Response  []byte // empty: there was none
}

// Observer is told of messages by those who answer them. It must not block, nor
// keep the slices, and is called by many goroutines at once.
type Observer interface {
	Observe(o Observed)
}

// Tap is an Observer and how much it wants to be told of.
type Tap struct {
	Observer
	Every uint64 // one in so many of each Worker's messages; at least 1
}

// SetTaps has taps told of what is answered from now on; without any, nobody is
// told and it costs nothing.
func (e *Engine) SetTaps(taps ...Tap) {
	if len(taps) == 0 {
		e.taps.Store(nil)
		return
	}
	e.taps.Store(&taps)
}

// At says where the Worker's queries come in. It returns the Worker.
func (w *Worker) At(local netip.AddrPort) *Worker {
	w.local = local
	return w
}

// observe tells those taps of a message whose turn it is. It is out of Respond's
// way: Workers count for themselves.
func (w *Worker) observe(taps []Tap, query, response []byte, from netip.AddrPort) {
	w.seen++
	var o Observed
	for _, t := range taps {
		if w.seen%t.Every != 0 {
			continue
		}
		if o.Query == nil {
			now := time.Now()
			o = Observed{w.transport, from, w.local, now, now, query, response}
			if !w.asked.IsZero() {
				o.Asked = w.asked
			}
		}
		t.Observe(o)
	}
}

// Observing is send, and tells the taps of what is sent: for answers that no
// Worker gives.
func (e *Engine) Observing(t policy.Transport, query []byte, from netip.AddrPort, send func(message []byte) error) func([]byte) error {
	taps := e.taps.Load()
	if taps == nil {
		return send
	}
	asked := time.Now()
	return func(message []byte) error {
		for _, tap := range *taps {
			if rand.Uint64N(tap.Every) == 0 {
				tap.Observe(Observed{t, from, netip.AddrPort{}, asked, time.Now(), query, message})
			}
		}
		return send(message)
	}
}
