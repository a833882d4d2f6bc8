package kubernetes

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// TestBounds: what a server says for ever is not kept for ever.
func TestBounds(t *testing.T) {
	event := func(n int) string { return `{"a":["}\"{` + strings.Repeat("x", n-14) + `"]}` }
	for _, tt := range []struct {
		name, query, kind, text string
		status                  int
		want                    string // of the error
	}{
		{name: "a page", text: strings.Repeat("x", 100)},
		{name: "a long page", text: strings.Repeat("x", 101), want: "/x: the answer is longer than 100 octets"},
		{name: "an error of a watch", query: "?watch=true", status: 500, text: strings.Repeat("x", 101), want: "longer than 100 octets"},
		{name: "events", query: "?watch=true", kind: "application/json;stream=watch", text: strings.Repeat(event(40)+"\n", 100)},
		{name: "a long event", query: "?watch=1", kind: "application/json", text: event(40) + "\n" + event(51), want: "/x: an event is longer than 50 octets"},
		{name: "an event that does not end", query: "?watch=true", text: event(40) + strings.Repeat("{", 51), want: "longer than 50 octets"},
		{name: "a string that does not end", query: "?watch=true", text: `{"` + strings.Repeat(`}\"`, 20), want: "longer than 50 octets"},
		{name: "lines without an event", query: "?watch=true", text: strings.Repeat("\n", 51), want: "longer than 50 octets"},
		{name: "protobuf, which client-go bounds", query: "?watch=true", kind: "application/vnd.kubernetes.protobuf;stream=watch", text: strings.Repeat("{", 1000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				w.WriteHeader(max(tt.status, http.StatusOK))
				_, _ = io.WriteString(w, tt.text)
			}))
			defer s.Close()
			q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/x"+tt.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := bound{http.DefaultTransport, 100, 50}.RoundTrip(q)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			switch text, err := io.ReadAll(resp.Body); {
			case tt.want == "" && (err != nil || string(text) != tt.text):
				t.Errorf("%d octets: %v", len(text), err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestRedirects: credentials go to nobody but the server that they are for.
func TestRedirects(t *testing.T) {
	var others atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
	defer other.Close()
	var to string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if to != "" && q.URL.Path != "/moved" {
			http.Redirect(w, q, to, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"7"}}`)
	}))
	defer s.Close()
	c, err := newClient(&rest.Config{Host: s.URL, BearerToken: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for target, want := range map[string]string{
		"":               "",
		s.URL + "/moved": "",
		other.URL + "/x": "which is not to have the credentials",
		"https://" + s.URL[len("http://"):] + "/x": "which is not to have the credentials",
		s.URL + "/again": "too many redirects",
	} {
		to = target
		_, err := c.list(t.Context(), "services", metav1.ListOptions{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("to %q: %v, want %q", target, err, want)
		}
	}
	if n := others.Load(); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}
