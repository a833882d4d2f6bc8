package announce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// TestEventsAreWritten: as an API server takes them, a refused one again.
func TestEventsAreWritten(t *testing.T) {
	got := make(chan corev1.Event, 4)
	var mu sync.Mutex
	refuse := 1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if refuse > 0 {
			refuse--
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		var e corev1.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || r.Method != http.MethodPost || r.URL.Path != "/api/v1/namespaces/fedns/events" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		got <- e
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(e)
	}))
	defer server.Close()
	a := New(Config{Connect: func() (*rest.Config, error) { return &rest.Config{Host: server.URL}, nil }, Namespace: "fedns", Replica: "fedns-0"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Run(ctx) }()
	a.Tell(Notice{Warning: true, Reason: "WithdrawalsHeld", Message: strings.Repeat("x", 2000)})
	select {
	case e := <-got:
		if e.Type != "Warning" || e.Reason != "WithdrawalsHeld" || len(e.Message) != maxMessage || e.InvolvedObject.Name != "fedns-0" || e.LastTimestamp.IsZero() || e.GenerateName == "" {
			t.Errorf("%+v", e)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no event")
	}
	cancel()
	<-ended
	if a.Dropped() != 0 {
		t.Errorf("%d dropped", a.Dropped())
	}
}

// TestTellNeverBlocks: nobody waits for an API server.
func TestTellNeverBlocks(t *testing.T) {
	a := New(Config{})
	for range 2 * waiting {
		a.Tell(Notice{})
	}
	if a.Dropped() != waiting {
		t.Errorf("%d dropped, want %d", a.Dropped(), waiting)
	}
}
