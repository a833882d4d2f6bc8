package propagation

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fedns/fedns/discovery/cluster"
)

// scrape is what a client that reads OpenMetrics gets.
func scrape(t *testing.T, m *Meter) string {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(m)
	q := httptest.NewRequest("GET", "/metrics", nil)
	q.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(w, q)
	// Labels of exemplars come in any order.
	return strings.ReplaceAll(w.Body.String(), `{service="cart",namespace="shop"}`, `{namespace="shop",service="cart"}`)
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New()
		m.Keep([]cluster.ID{"eu", "us"})
		key := cluster.ServiceKey{Namespace: "shop", Name: "cart"}
		received := time.Now()
		time.Sleep(250 * time.Microsecond)
		m.Held("eu", key, received)
		time.Sleep(time.Millisecond)
		m.Answerable("eu", key, received)
		m.Arrived("eu", key, -time.Second)
		m.Answerable("nobody", key, received)
		text := scrape(t, m)
		for _, want := range []string{
			`fedns_propagation_seconds_bucket{cluster="eu",stage="memory",le="0.0002"} 0`,
			`fedns_propagation_seconds_bucket{cluster="eu",stage="memory",le="0.0003"} 1 # {namespace="shop",service="cart"} 0.00025 `,
			`fedns_propagation_seconds_bucket{cluster="eu",stage="answerable",le="0.001"} 0`,
			`fedns_propagation_seconds_bucket{cluster="eu",stage="answerable",le="0.002"} 1 # {namespace="shop",service="cart"} 0.00125 `,
			`fedns_propagation_arrival_seconds_bucket{cluster="eu",le="0.01"} 1 # `,
			`fedns_propagation_seconds_count{cluster="us",stage="answerable"} 0`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("want %s in\n%s", want, text)
			}
		}
		if strings.Contains(text, "nobody") {
			t.Errorf("a cluster that is not there:\n%s", text)
		}
		m.Keep([]cluster.ID{"us"})
		if text := scrape(t, m); strings.Contains(text, `"eu"`) || !strings.Contains(text, `"us"`) {
			t.Errorf("after eu is gone:\n%s", text)
		}
	})
}

// TestExemplarsFit: a name at its longest, and one that is no text, are no panic.
func TestExemplarsFit(t *testing.T) {
	m := New()
	m.Keep([]cluster.ID{"eu"})
	long := strings.Repeat("a", 63)
	for _, key := range []cluster.ServiceKey{{Namespace: long, Name: long}, {Namespace: "n", Name: "\xff"}, {Namespace: "n", Name: strings.Repeat("a", 200)}} {
		for _, took := range []time.Duration{0, time.Millisecond, time.Hour} {
			m.Answerable("eu", key, time.Now().Add(-took))
		}
	}
	if text := scrape(t, m); !strings.Contains(text, `service="`+long+`"`) || strings.Contains(text, `namespace="`+long) {
		t.Errorf("got\n%s", text)
	}
}

// TestObservationsAreCheap: a change costs nothing to measure but for an exemplar
// now and then.
func TestObservationsAreCheap(t *testing.T) {
	m := New()
	m.Keep([]cluster.ID{"eu"})
	key, received := cluster.ServiceKey{Namespace: "shop", Name: "cart"}, time.Now().Add(-time.Minute)
	m.Held("eu", key, received)
	m.Answerable("eu", key, received)
	if n := testing.AllocsPerRun(1000, func() {
		m.Held("eu", key, received)
		m.Answerable("eu", key, received)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAnswerable(b *testing.B) {
	m := New()
	m.Keep([]cluster.ID{"eu"})
	key, received := cluster.ServiceKey{Namespace: "shop", Name: "cart"}, time.Now()
	b.ReportAllocs()
	for b.Loop() {
		m.Answerable("eu", key, received)
	}
}
