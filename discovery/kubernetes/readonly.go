package kubernetes

import (
	"fmt"
	"net/http"

	"github.com/fedns/fedns/discovery/guarantee"
)

// reader lets through what reads and nothing else, whoever asks: credentials
// that may do more are often lent to who only watches.
type reader struct{ http.RoundTripper }

// RoundTrip fails on a request that is not a GET. It sends nothing then.
func (t reader) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method != http.MethodGet && guarantee.Holds(guarantee.MembersAreOnlyRead) {
		if q.Body != nil {
			_ = q.Body.Close() // a RoundTripper has to, even on errors
		}
		return nil, fmt.Errorf("%s %s: clusters are only read", q.Method, q.URL.Path)
	}
	return t.RoundTripper.RoundTrip(q)
}
