package federate

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedns/fedns/federation"
	"github.com/fedns/fedns/federation/propagation"
)

// The histogram of calls to members, and what it says.
const (
	CallsName = "fedns_federation_call_seconds"
	CallsHelp = "How long calls to member clusters took that propagation made, by verb and by why they failed (ok: they did not)."
)

// CallLabels are the histogram's.
var CallLabels = []string{"verb", "result"}

// meter measures calls. It has no label for clusters: they would multiply its
// buckets, and which of them fails is told by fedns_federation_failed.
type meter struct{ calls *prometheus.HistogramVec }

func newMeter() *meter {
	return &meter{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: CallsName, Help: CallsHelp, Buckets: []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10},
	}, CallLabels)}
}

func (m *meter) called(c propagation.Call) {
	m.calls.WithLabelValues(c.Verb, cmp.Or(c.Reason, "ok")).Observe(c.Took.Seconds())
}

var _ prometheus.Collector = (*Federation)(nil)

// Describe implements prometheus.Collector: how long calls took.
func (f *Federation) Describe(ch chan<- *prometheus.Desc) { f.meter.calls.Describe(ch) }

// Collect implements prometheus.Collector.
func (f *Federation) Collect(ch chan<- prometheus.Metric) { f.meter.calls.Collect(ch) }

// Counts are an Engine's numbers, and the term it serves.
type Counts struct {
	federation.Stats
	Term int64
}

// Counts are the Engine's numbers; false: this replica does not lead.
func (f *Federation) Counts() (counts Counts, leads bool) {
	t := f.now()
	if t == nil {
		return Counts{}, false
	}
	number, _ := t.lease.Now()
	return Counts{t.engine.Stats(), number}, true
}
