package recordsync

import "github.com/prometheus/client_golang/prometheus"

// The histogram's name and what it says.
const (
	PropagationName = "fedns_provider_propagation_seconds"
	PropagationHelp = "From a change of the zone until it is on all of the provider's name servers, as the provider says."
)

// buckets reach from a name server next door to a provider that is slow.
var buckets = []float64{0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800}

func newMeter() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: PropagationName, Help: PropagationHelp, Buckets: buckets}, []string{"provider", "zone"})
}
