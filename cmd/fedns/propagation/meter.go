package propagation

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
)

// The metrics' names and what they say.
const (
	Name        = "fedns_propagation_seconds"
	Help        = "From the receipt of an EndpointSlice's change over a watch until it is held in memory and until it can be answered. What cannot be published is not in answerable."
	ArrivalName = "fedns_propagation_arrival_seconds"
	ArrivalHelp = "From an EndpointSlice's change, as endpoints.kubernetes.io/last-change-trigger-time says, until its receipt over a watch. It compares the clocks of two machines, and many triggers are told in whole seconds; a change from the future counts as 0."
)

// The values of the label stage.
const (
	memory     = "memory"
	answerable = "answerable"
)

// buckets reach from what one change takes in a small zone to what nobody should
// have to wait for; targets (0.3, 2 and 5 ms) are borders.
var buckets = []float64{50e-6, 100e-6, 200e-6, 300e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 0.1, 0.2, 0.5, 1, 2, 5, 10}

// arrivalBuckets are coarser, as the clocks are.
var arrivalBuckets = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

// Meter keeps the histograms. Its methods may be called from any goroutine and
// return at once. What is said of a cluster that Keep did not name is dropped.
type Meter struct {
	propagation, arrival *prometheus.HistogramVec

	mu       sync.RWMutex
	clusters map[cluster.ID]*series
}

var (
	_ discovery.Journey    = (*Meter)(nil)
	_ prometheus.Collector = (*Meter)(nil)
)

// series are a cluster's.
type series struct{ memory, answerable, arrival *line }

// New makes a Meter of no cluster.
func New() *Meter {
	return &Meter{
		propagation: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: Name, Help: Help, Buckets: buckets}, []string{"cluster", "stage"}),
		arrival:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: ArrivalName, Help: ArrivalHelp, Buckets: arrivalBuckets}, []string{"cluster"}),
		clusters:    map[cluster.ID]*series{},
	}
}

// Keep says which clusters there are. The series of others end.
func (m *Meter) Keep(ids []cluster.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	want := make(map[cluster.ID]bool, len(ids))
	for _, id := range ids {
		want[id] = true
		if m.clusters[id] == nil {
			m.clusters[id] = &series{
				memory:     newLine(m.propagation.WithLabelValues(string(id), memory), buckets),
				answerable: newLine(m.propagation.WithLabelValues(string(id), answerable), buckets),
				arrival:    newLine(m.arrival.WithLabelValues(string(id)), arrivalBuckets),
			}
		}
	}
	for id := range m.clusters {
		if !want[id] {
			delete(m.clusters, id)
			m.propagation.DeletePartialMatch(prometheus.Labels{"cluster": string(id)})
			m.arrival.DeleteLabelValues(string(id))
		}
	}
}

func (m *Meter) of(id cluster.ID) *series {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.clusters[id]
}

// Held implements discovery.Journey.
func (m *Meter) Held(id cluster.ID, key cluster.ServiceKey, received time.Time) {
	if s := m.of(id); s != nil {
		s.memory.observe(time.Since(received), key)
	}
}

// Answerable implements discovery.Journey.
func (m *Meter) Answerable(id cluster.ID, key cluster.ServiceKey, received time.Time) {
	if s := m.of(id); s != nil {
		s.answerable.observe(time.Since(received), key)
	}
}

// Arrived notes how long a change of id's was under way until it was received.
func (m *Meter) Arrived(id cluster.ID, key cluster.ServiceKey, lag time.Duration) {
	if s := m.of(id); s != nil {
		s.arrival.observe(max(lag, 0), key)
	}
}

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) {
	m.propagation.Describe(ch)
	m.arrival.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Meter) Collect(ch chan<- prometheus.Metric) {
	m.propagation.Collect(ch)
	m.arrival.Collect(ch)
}
