package route53

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// bodyReader makes requests with bodies that can be read and not write themselves.
//
// The SDK closes a request's body as soon as the answer's headers are there, and a
// closed body's WriteTo says io.EOF, which means "all written" to a reader and an
// error to net/http: it looks with WriteTo for more after the announced length,
// and closes the connection. An answer that overtakes that look, as those of near
// servers to requests of over 4 KiB do, is lost with it although the change was
// made. Read of a closed body says io.EOF, too, and means what is heard.
type bodyReader struct{ next aws.HTTPClient }

func (c bodyReader) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.next.Do(r)
	}
	plain := *r
	plain.Body = struct{ io.ReadCloser }{r.Body}
	return c.next.Do(&plain)
}
