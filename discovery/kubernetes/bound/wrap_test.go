package bound

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

var services = schema.GroupVersionResource{Version: "v1", Resource: "services"}

// connect makes client-go's own client of a wrapped configuration.
func connect(t *testing.T, url string, most limits) dynamic.ResourceInterface {
	t.Helper()
	rc := &rest.Config{Host: url, BearerToken: "secret"}
	wrap(rc, most)
	c, err := dynamic.NewForConfig(rest.CopyConfig(rc))
	if err != nil {
		t.Fatal(err)
	}
	return c.Resource(services).Namespace("shop")
}

// TestRedirects: credentials go to nobody but the server that they are for.
func TestRedirects(t *testing.T) {
	var others atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	defer other.Close()
	var to atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if target := to.Load().(string); target != "" && q.URL.Path != "/moved" {
			http.Redirect(w, q, target, http.StatusTemporaryRedirect)
			return
		}
		if q.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "no credentials", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"shop"}}`)
	}))
	defer s.Close()
	c := connect(t, s.URL, most)
	web := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "web"}}}
	for _, tt := range []struct{ target, want string }{
		{"", ""},
		{s.URL + "/moved", ""},
		{other.URL + "/x", "which is not to have the credentials"},
		{"https://" + strings.TrimPrefix(s.URL, "http://") + "/x", "which is not to have the credentials"},
		{"http://localhost" + s.URL[strings.LastIndexByte(s.URL, ':'):], "which is not to have the credentials"},
		{s.URL + "/again", "too many redirects"},
	} {
		to.Store(tt.target)
		for verb, call := range map[string]func(context.Context) error{
			"get":    func(ctx context.Context) error { _, err := c.Get(ctx, "web", metav1.GetOptions{}); return err },
			"create": func(ctx context.Context) error { _, err := c.Create(ctx, web, metav1.CreateOptions{}); return err },
		} {
			if err := call(t.Context()); tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%s, to %q: %v, want %q", verb, tt.target, err, tt.want)
			}
		}
	}
	if n := others.Load(); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}

// TestEndless: an answer that does not end is given up, and a watch goes on for longer
// than any answer may be.
func TestEndless(t *testing.T) {
	const event = `{"type":"MODIFIED","object":{"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"shop","resourceVersion":"%d","annotations":{"long":"%s"}}}}` + "\n"
	const events = 100
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if q.URL.Query().Get("watch") != "" {
			for i := range events {
				fmt.Fprintf(w, event, i, strings.Repeat("x", 2<<10))
			}
		}
		// And then one that does not end.
		for _, err := io.WriteString(w, `{"kind":"`); err == nil; _, err = io.WriteString(w, strings.Repeat("x", 4<<10)) {
		}
	}))
	defer s.Close()
	c := connect(t, s.URL, limits{page: 64 << 10, whole: 128 << 10, object: 16 << 10})
	for verb, call := range map[string]func() error{
		"get":    func() error { _, err := c.Get(t.Context(), "web", metav1.GetOptions{}); return err },
		"list":   func() error { _, err := c.List(t.Context(), metav1.ListOptions{Limit: 500}); return err },
		"delete": func() error { return c.Delete(t.Context(), "web", metav1.DeleteOptions{}) },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "the answer is longer than") {
			t.Errorf("%s: %v, want it too long", verb, err)
		}
	}
	w, err := c.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	seen, broken := 0, 0
	for e := range w.ResultChan() {
		if e.Type == watch.Error {
			broken++
			continue
		}
		seen++
	}
	if seen != events || broken != 1 {
		t.Errorf("got %d events and %d errors, want %d and the end's", seen, broken, events)
	}
}
