package answer

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"github.com/fedns/fedns/dnsserver/policy"
)

// seen keeps what it is told of.
type seen []Observed

func (s *seen) Observe(o Observed) {
	o.Query, o.Response = bytes.Clone(o.Query), bytes.Clone(o.Response)
	*s = append(*s, o)
}

// none looks and keeps nothing.
type none struct{ n int }

func (n *none) Observe(o Observed) { n.n += len(o.Query) }

func TestTapsSeeWhatIsAnswered(t *testing.T) {
	e, msgs := benchEngine(t, 10)
	local := netip.MustParseAddrPort("127.0.0.1:53")
	w, dst := e.NewWorker(policy.UDP, &Counts{}).At(local), make([]byte, MaxUDP)
	var all, tenth seen
	e.SetTaps(Tap{&all, 1}, Tap{&tenth, 10})
	for what, msg := range msgs {
		all, tenth = nil, nil
		var want []byte
		for range 20 {
			want = bytes.Clone(dst[:w.Respond(dst, msg, from)])
		}
		if len(all) != 20 || len(tenth) != 2 {
			t.Fatalf("%s: the taps saw %d and %d of 20 queries, want 20 and 2", what, len(all), len(tenth))
		}
		o := all[19]
		if !bytes.Equal(o.Query, msg) || !bytes.Equal(o.Response, want) || o.Client != from || o.Local != local || o.Transport != policy.UDP || o.Asked.IsZero() {
			t.Errorf("%s: seen as %+v", what, o)
		}
	}
	e.SetTaps()
	all = nil
	for _, msg := range msgs {
		w.Respond(dst, msg, from)
	}
	if len(all) != 0 {
		t.Errorf("%d were seen though nobody is to", len(all))
	}
}

// TestTapsSeeDroppedQueries: what the rate limit drops was asked all the same.
func TestTapsSeeDroppedQueries(t *testing.T) {
	e, msgs := benchEngine(t, 10)
	e.SetPolicy(policy.New(policy.Config{Limiter: policy.NewLimiter(policy.RateLimit{Responses: 1, Slip: -1})}))
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	var all seen
	e.SetTaps(Tap{&all, 1})
	for _, msg := range msgs {
		for range 50 {
			w.Respond(dst, msg, from)
		}
	}
	w.Respond(dst, []byte("runt"), from)
	if len(all) != 50*len(msgs)+1 || !slices.ContainsFunc(all, func(o Observed) bool { return len(o.Response) == 0 && len(o.Query) > 4 }) {
		t.Errorf("%d of %d seen, or none without response", len(all), 50*len(msgs)+1)
	}
}

// TestTappedHotPathAllocatesNothing: telling costs time, not garbage.
func TestTappedHotPathAllocatesNothing(t *testing.T) {
	e, msgs := benchEngine(t, 1000)
	w, dst := e.NewWorker(policy.UDP, &Counts{}), make([]byte, MaxUDP)
	e.SetTaps(Tap{&none{}, 1})
	for what, msg := range msgs {
		if n := testing.AllocsPerRun(100, func() { w.Respond(dst, msg, from) }); n != 0 {
			t.Errorf("%s: %v allocations a query", what, n)
		}
	}
}
