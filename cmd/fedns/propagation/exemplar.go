package propagation

import (
	"sort"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fedns/fedns/discovery/cluster"
)

// exemplarEvery is how often a bucket gets another exemplar. One is a dozen
// allocations, and who scrapes does so four times a minute.
const exemplarEvery = 10 * time.Second

// line is one series. Its buckets' exemplars say which Service it was.
type line struct {
	histogram prometheus.Observer
	buckets   []float64
	given     []atomic.Int64 // by bucket: when its exemplar was given, in ns since 1970
}

func newLine(h prometheus.Observer, buckets []float64) *line {
	return &line{h, buckets, make([]atomic.Int64, len(buckets)+1)}
}

func (l *line) observe(took time.Duration, key cluster.ServiceKey) {
	v := took.Seconds()
	last := &l.given[sort.SearchFloat64s(l.buckets, v)]
	now, was := time.Now().UnixNano(), last.Load()
	if now-was < int64(exemplarEvery) || !last.CompareAndSwap(was, now) {
		l.histogram.Observe(v)
		return
	}
	l.histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(v, exemplar(key))
}

// exemplar names a Service as far as OpenMetrics has room for: 128 characters,
// labels' names included. What is too long, or no text, would be a panic.
func exemplar(key cluster.ServiceKey) prometheus.Labels {
	labels := prometheus.Labels{}
	room := prometheus.ExemplarMaxRunes
	for _, one := range []struct{ name, value string }{{"service", key.Name}, {"namespace", key.Namespace}} {
		if n := len(one.name) + utf8.RuneCountInString(one.value); n <= room && utf8.ValidString(one.value) {
			labels[one.name] = one.value
			room -= n
		}
	}
	return labels
}
