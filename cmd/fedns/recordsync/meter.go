package recordsync

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The histogram's name and what it says.
const (
	PropagationName = "fedns_provider_propagation_seconds"
	PropagationHelp = "From a change of the zone until it is on all of the provider's name servers, as the provider says."
)

// buckets reach from a name server next door to a provider that is slow.
var buckets = []float64{0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800}

// Meter keeps how long changes take. Its methods may be called from any goroutine.
type Meter struct{ propagation *prometheus.HistogramVec }

var _ prometheus.Collector = (*Meter)(nil)

// NewMeter makes one without observations.
func NewMeter() *Meter {
	return &Meter{prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: PropagationName, Help: PropagationHelp, Buckets: buckets}, []string{"provider", "zone"})}
}

func (m *Meter) observe(provider, zone string, d time.Duration) {
	m.propagation.WithLabelValues(provider, zone).Observe(d.Seconds())
}

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) { m.propagation.Describe(ch) }

// Collect implements prometheus.Collector.
func (m *Meter) Collect(ch chan<- prometheus.Metric) { m.propagation.Collect(ch) }
