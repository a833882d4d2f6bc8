package propagation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/federation/work"
)

// store is an API server that only takes Deployments in: as little work as can be, so
// that what is measured is ours.
type store struct {
	http *httptest.Server
	kept *atomic.Int64 // octets that all stores keep

	mu      sync.Mutex
	changed chan struct{}
	objects map[string][]byte
	log     [][]byte // events
}

func newStore(b *testing.B, kept *atomic.Int64) *store {
	s := &store{kept: kept, changed: make(chan struct{}), objects: map[string][]byte{}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	b.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

func (s *store) serve(w http.ResponseWriter, q *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case q.Method == http.MethodPost:
		text, _ := io.ReadAll(q.Body)
		s.mu.Lock()
		n := len(s.log) + 2
		text = bytes.Replace(text, []byte(`"metadata":{`), fmt.Appendf(nil, `"metadata":{"resourceVersion":"%d","uid":"uid-%d",`, n, n), 1)
		s.kept.Add(int64(len(text)))
		s.objects[strconv.Itoa(n)] = text
		s.log = append(s.log, text)
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		_, _ = w.Write(text)
	case strings.HasSuffix(q.URL.Path, "/apis/apps/v1"):
		_, _ = io.WriteString(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"apps/v1","resources":[{"name":"deployments","kind":"Deployment","namespaced":true}]}`)
	case q.URL.Query().Get("sendInitialEvents") == "true":
		w.WriteHeader(422)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":422,"reason":"Invalid"}`)
	case q.URL.Query().Get("watch") == "true":
		since, _ := strconv.Atoi(q.URL.Query().Get("resourceVersion"))
		for q.Context().Err() == nil {
			s.mu.Lock()
			events, changed := s.log[since-1:], s.changed
			s.mu.Unlock()
			for _, e := range events {
				_, _ = fmt.Fprintf(w, `{"type":"ADDED","object":%s}`+"\n", e)
			}
			since += len(events)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-changed:
			case <-q.Context().Done():
			}
		}
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		items := []json.RawMessage{}
		for _, text := range s.objects {
			items = append(items, text)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": map[string]any{"resourceVersion": strconv.Itoa(len(s.log) + 1)}, "items": items})
	}
}

// BenchmarkFleet propagates 100 templates to 100 members from nothing, the members'
// own work included, and then starts anew.
func BenchmarkFleet(b *testing.B) {
	const members, templates = 100, 100
	for b.Loop() {
		var kept, applied, calls atomic.Int64
		stores := map[string]*store{}
		for i := range members {
			stores[fmt.Sprintf("m-%d", i)] = newStore(b, &kept)
		}
		all := make([]*unstructured.Unstructured, templates)
		for i := range all {
			all[i] = deployment(fmt.Sprintf("web-%d", i), 3)
		}
		begin := func() (p *Propagator, took time.Duration, end func()) {
			applied.Store(0)
			done := make(chan struct{})
			p, err := New(Config{
				Members: func(name string) (*rest.Config, error) { return access(stores[name].http.URL), nil },
				Term:    func() (int64, time.Time) { return 1, time.Now().Add(time.Minute) },
				Tell: func(o work.Outcome) {
					if o.Phase == work.Applied && applied.Add(1) == members*templates {
						close(done)
					}
				},
				Called: func(c Call) {
					if c.Verb == "create" && c.Reason == "" {
						calls.Add(1)
					}
				},
				Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = p.Run(ctx)
			}()
			at := time.Now()
			for _, o := range all {
				for name := range stores {
					p.Do(work.Task{Cluster: name, Key: keyOf(o), Object: o, Origin: "bench"})
				}
			}
			select {
			case <-done:
			case <-time.After(time.Minute):
				b.Fatalf("%d of %d are applied", applied.Load(), members*templates)
			}
			return p, time.Since(at), func() { cancel(); <-ended }
		}
		heap := heapNow()
		p, took, end := begin()
		b.ReportMetric(float64(members*templates)/took.Seconds(), "objects/s")
		b.ReportMetric(float64(heapNow()-heap-kept.Load())/(members*templates), "B/object")
		end()
		runtime.KeepAlive(p)
		_, took, end = begin()
		end()
		b.ReportMetric(took.Seconds(), "s-restart")
		if n := calls.Load(); n != members*templates {
			b.Errorf("%d creations of %d objects", n, members*templates)
		}
	}
}

func heapNow() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
