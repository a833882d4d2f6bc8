package bound

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// limits are how long responses may be, in octets, unpacked.
type limits struct {
	page   int64 // of a list, or a discovery document
	whole  int64 // a list that API servers give in one piece
	object int64 // one object, or an event of a watch
}

var most = limits{
	// A page has 500 objects, of which an API server takes none of more than 1.5 MiB,
	// and EndpointSlices of a thousand endpoints have less than half of one.
	page: 256 << 20,
	// At resource version 0 API servers give all objects, whatever the page's size
	// (KEP-365). Only informers of the host cluster ask so, where lists are not streamed.
	whole: 2 << 30,
	// It is what client-go has for an event in protobuf; of JSON it would read any
	// length.
	object: 16 << 20,
}

// maxRedirects in a row are followed.
const maxRedirects = 3

// Wrap bounds what all clients that are made of rc, or of copies of it, can be made to
// do: a response that is too long fails while it is read, as does a watch at an event
// that is too long, and a redirect to another scheme, host or port is not followed.
func Wrap(rc *rest.Config) {
	wrap(rc, most)
}

// Anonymous is rest.AnonymousClientConfig, which leaves bounds out, with bounds.
func Anonymous(rc *rest.Config) *rest.Config {
	anonymous := rest.AnonymousClientConfig(rc)
	Wrap(anonymous)
	return anonymous
}

func wrap(rc *rest.Config, most limits) {
	rc.Wrap(func(next http.RoundTripper) http.RoundTripper { return bound{next, most} })
}

// bound is below whatever puts credentials into a request, and so sees where they go.
type bound struct {
	next http.RoundTripper
	most limits
}

// RoundTrip sends nothing to where another server redirects.
func (b bound) RoundTrip(q *http.Request) (*http.Response, error) {
	if err := redirected(q); err != nil {
		if q.Body != nil {
			_ = q.Body.Close() // a RoundTripper has to, even on errors
		}
		return nil, err
	}
	resp, err := b.next.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	query := q.URL.Query()
	watch, _ := strconv.ParseBool(query.Get("watch"))
	most := b.most.page
	switch {
	case watch && resp.StatusCode == http.StatusOK:
		// What is not protobuf is read as JSON, or not at all.
		if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != runtime.ContentTypeProtobuf {
			resp.Body = &eventBound{ReadCloser: resp.Body, path: q.URL.Path, most: b.most.object, left: b.most.object}
		}
		return resp, nil
	case q.Method != http.MethodGet, resp.StatusCode >= http.StatusBadRequest:
		most = b.most.object // an object, or a Status
	case query.Get("resourceVersion") == "0":
		most = b.most.whole
	}
	resp.Body = &bodyBound{ReadCloser: resp.Body, path: q.URL.Path, most: most}
	return resp, nil
}

// CloseIdleConnections is what http.Client asks its transport for.
func (b bound) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// WrappedRoundTripper is how client-go finds what is below.
func (b bound) WrappedRoundTripper() http.RoundTripper { return b.next }

// redirected is why a request that a redirect caused is not sent. http.Client leaves
// in each such request the response that caused it.
func redirected(q *http.Request) error {
	for n, to := 1, q; to.Response != nil; n++ {
		from := to.Response.Request
		switch {
		case from == nil || from.URL == nil:
			return errors.New("a redirect, and it is not known from where")
		case from.URL.Scheme != to.URL.Scheme || from.URL.Host != to.URL.Host:
			return fmt.Errorf("%s redirects to %s://%s, which is not to have the credentials for it", from.URL.Host, to.URL.Scheme, to.URL.Host)
		case n > maxRedirects:
			return errors.New("too many redirects")
		}
		to = from
	}
	return nil
}
