package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"
)

const (
	// maxResponse is how long a response may be, in octets, unpacked. The longest is a
	// page of a list: 500 objects, of which an API server takes none of more than
	// 1.5 MiB, and EndpointSlices of a thousand endpoints have less than half of one.
	maxResponse = 256 << 20
	// maxEvent is how long one event of a watch may be, in octets. It is what client-go
	// has for protobuf; of JSON it would read any length.
	maxEvent = 16 << 20
	// maxRedirects in a row are followed.
	maxRedirects = 3
)

// bound lets no server make us keep more of a response than there can be of it:
// client-go reads a response until it ends.
type bound struct {
	http.RoundTripper
	response, event int64 // octets, at most
}

// RoundTrip bounds what can be read of the response.
func (b bound) RoundTrip(q *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	if watch, _ := strconv.ParseBool(q.URL.Query().Get("watch")); watch && resp.StatusCode == http.StatusOK {
		// What is not protobuf is read as JSON, or not at all.
		if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != runtime.ContentTypeProtobuf {
			resp.Body = &eventBound{ReadCloser: resp.Body, path: q.URL.Path, most: b.event, left: b.event}
		}
		return resp, nil
	}
	resp.Body = &bodyBound{ReadCloser: resp.Body, path: q.URL.Path, most: b.response}
	return resp, nil
}

// bodyBound is a body that fails where it is too long.
type bodyBound struct {
	io.ReadCloser
	path       string
	most, have int64
}

// Read fails past the bound.
func (b *bodyBound) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.have += int64(n); b.have > b.most {
		return 0, fmt.Errorf("%s: the answer is longer than %d octets", b.path, b.most)
	}
	return n, err
}

// eventBound is a stream of JSON values that fails where one is too long. Whatever
// stands between two belongs to the next.
type eventBound struct {
	io.ReadCloser
	path    string
	most    int64
	left    int64 // of this value
	depth   int   // of braces and brackets
	quoted  bool  // within a string
	escaped bool  // behind a backslash
}

// Read fails past the bound.
func (b *eventBound) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	for _, c := range p[:n] {
		if b.left--; b.left < 0 {
			return 0, fmt.Errorf("%s: an event is longer than %d octets", b.path, b.most)
		}
		b.step(c)
	}
	return n, err
}

func (b *eventBound) step(c byte) {
	switch {
	case b.escaped:
		b.escaped = false
	case b.quoted:
		b.escaped, b.quoted = c == '\\', c != '"'
	case c == '"':
		b.quoted = true
	case c == '{' || c == '[':
		b.depth++
	case c == '}' || c == ']':
		if b.depth--; b.depth <= 0 {
			b.depth, b.left = 0, b.most
		}
	}
}

// sameHost keeps credentials from whoever a server points to: client-go's transport
// puts them into every request, whomever it goes to.
func sameHost(q *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case q.URL.Scheme != first.Scheme || q.URL.Host != first.Host:
		return fmt.Errorf("%s redirects to %s://%s, which is not to have the credentials for it", first.Host, q.URL.Scheme, q.URL.Host)
	case len(via) > maxRedirects:
		return errors.New("too many redirects")
	}
	return nil
}
