package bound

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBounds: what a server says for ever is not kept for ever.
func TestBounds(t *testing.T) {
	event := func(n int) string { return `{"a":["}\"{` + strings.Repeat("x", n-14) + `"]}` }
	for _, tt := range []struct {
		name, method, query, kind, text string
		status                          int
		want                            string // of the error
	}{
		{name: "a page", text: strings.Repeat("x", 100)},
		{name: "a long page", text: strings.Repeat("x", 101), want: "/x: the answer is longer than 100 octets"},
		{name: "all at once", query: "?limit=500&resourceVersion=0", text: strings.Repeat("x", 200)},
		{name: "more than all", query: "?limit=500&resourceVersion=0", text: strings.Repeat("x", 201), want: "longer than 200 octets"},
		{name: "what was written", method: http.MethodPatch, text: strings.Repeat("x", 50)},
		{name: "more than was written", method: http.MethodPatch, text: strings.Repeat("x", 51), want: "longer than 50 octets"},
		{name: "an error", status: 403, text: strings.Repeat("x", 51), want: "longer than 50 octets"},
		{name: "an error of a watch", query: "?watch=true", status: 500, text: strings.Repeat("x", 51), want: "longer than 50 octets"},
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
			q, err := http.NewRequestWithContext(t.Context(), cmp.Or(tt.method, http.MethodGet), s.URL+"/x"+tt.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := bound{http.DefaultTransport, limits{page: 100, whole: 200, object: 50}}.RoundTrip(q)
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

// BenchmarkEvents: events in JSON are looked through octet by octet.
func BenchmarkEvents(b *testing.B) {
	event := []byte(`{"type":"MODIFIED","object":{"metadata":{"name":"web","annotations":{"text":"` + strings.Repeat(`x\"y `, 100) + `"}},"spec":{"replicas":3,"list":[` + strings.Repeat(`{"a":"b"},`, 100) + `{}]}}}`)
	e := &eventBound{most: 1 << 20}
	b.SetBytes(int64(len(event)))
	for b.Loop() {
		if own, ends := e.value(event); own != len(event) || !ends {
			b.Fatal(own, ends)
		}
	}
}
