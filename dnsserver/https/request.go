package https

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
)

const (
	// mediaType is a DNS message's in wire format (RFC 8484 §6).
	mediaType = "application/dns-message"
	// maxMessage is a DNS message's length in octets at most (RFC 8484 §6).
	maxMessage = 65535
	// methods are those that a query may have (RFC 8484 §4.1); a HEAD asks what a
	// GET would be told.
	methods = "GET, HEAD, POST"
)

// fault says why a request has no DNS answer: an HTTP status (RFC 9110 §15.5)
// and a line for people.
type fault struct {
	status int
	reason string
}

func (f *fault) Error() string { return f.reason }

// decode takes the query out of a request. It is the caller's to keep.
func decode(r *http.Request) ([]byte, *fault) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return decodeGet(r.URL.RawQuery)
	case http.MethodPost:
		return decodePost(r)
	}
	return nil, &fault{http.StatusMethodNotAllowed, "method must be GET or POST"}
}

// decodeGet takes the query out of the variable dns, which is base64url without
// padding (RFC 8484 §4.1, §6). Other variables are nobody's.
func decodeGet(raw string) ([]byte, *fault) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &fault{http.StatusBadRequest, "the URL's query is malformed"}
	}
	dns := values["dns"]
	if len(dns) != 1 || dns[0] == "" {
		return nil, &fault{http.StatusBadRequest, "the URL's query must have dns= once"}
	}
	if base64.RawURLEncoding.DecodedLen(len(dns[0])) > maxMessage {
		return nil, &fault{http.StatusRequestURITooLong, "the message is too long"}
	}
	// The decoder passes over line ends, which are no base64url.
	query, err := base64.RawURLEncoding.Strict().DecodeString(dns[0])
	if err != nil || strings.ContainsAny(dns[0], "\r\n") {
		return nil, &fault{http.StatusBadRequest, "dns= must be base64url without padding"}
	}
	return query, nil
}

// decodePost takes the query out of the body (RFC 8484 §4.1).
func decodePost(r *http.Request) ([]byte, *fault) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || media != mediaType {
		return nil, &fault{http.StatusUnsupportedMediaType, "content type must be " + mediaType}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, &fault{http.StatusUnsupportedMediaType, "the content must not be encoded"}
	}
	if r.ContentLength > maxMessage {
		return nil, &fault{http.StatusRequestEntityTooLarge, "the message is too long"}
	}
	query, err := io.ReadAll(io.LimitReader(r.Body, maxMessage+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &fault{http.StatusRequestTimeout, "the content did not come in time"}
	case err != nil:
		return nil, &fault{http.StatusBadRequest, "the content was cut short"}
	case len(query) > maxMessage:
		return nil, &fault{http.StatusRequestEntityTooLarge, "the message is too long"}
	case len(query) == 0:
		return nil, &fault{http.StatusBadRequest, "the message is empty"}
	}
	return query, nil
}
