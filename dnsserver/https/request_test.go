package https

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// torn ends with an error.
type torn struct{ err error }

func (r torn) Read([]byte) (int, error) { return 0, r.err }

func TestDecode(t *testing.T) {
	long := strings.Repeat("q", maxMessage)
	post := func(media, content string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/dns-query", strings.NewReader(content))
		r.Header.Set("Content-Type", media)
		return r
	}
	with := func(r *http.Request, name, value string) *http.Request {
		r.Header.Set(name, value)
		return r
	}
	body := func(b io.Reader) *http.Request {
		r := post(mediaType, "")
		r.Body, r.ContentLength = io.NopCloser(b), -1
		return r
	}
	get := func(query string) *http.Request { return httptest.NewRequest(http.MethodGet, "/dns-query"+query, nil) }
	for _, tt := range []struct {
		name   string
		r      *http.Request
		want   string
		status int
	}{
		{"POST", post(mediaType, "query"), "query", 0},
		{"POST, with a parameter", post("Application/DNS-Message; charset=utf-8", "query"), "query", 0},
		{"POST, with a broken parameter", post("application/dns-message; x", "query"), "query", 0},
		{"POST, the longest", post(mediaType, long), long, 0},
		{"POST, too long", post(mediaType, long+"q"), "", 413},
		{"POST, too long and does not say so", body(strings.NewReader(long + "q")), "", 413},
		{"POST, empty", post(mediaType, ""), "", 400},
		{"POST, of no type", post("", "query"), "", 415},
		{"POST, a form", post("application/x-www-form-urlencoded", "dns=AAAA"), "", 415},
		{"POST, JSON", post("application/dns-json", "{}"), "", 415},
		{"POST, as is", with(post(mediaType, "query"), "Content-Encoding", "identity"), "query", 0},
		{"POST, packed", with(post(mediaType, "query"), "Content-Encoding", "gzip"), "", 415},
		{"POST, cut short", body(torn{io.ErrUnexpectedEOF}), "", 400},
		{"POST, slow", body(torn{os.ErrDeadlineExceeded}), "", 408},
		{"GET", get("?dns=cXVlcnk"), "query", 0},
		{"GET, with more", get("?ct&dns=cXVlcnk&x=y"), "query", 0},
		{"GET, with the signs of its own", get("?dns=-_-_"), "\xfb\xff\xbf", 0},
		{"GET, percent-encoded", get("?dns=cXVlcn%6B"), "query", 0},
		{"GET, the signs of another base64", get("?dns=%2B/%2B/"), "", 400},
		{"GET, padded", get("?dns=cXVlcnkx%3D%3D"), "", 400},
		{"GET, with bits left over", get("?dns=cXVlcnl"), "", 400},
		{"GET, on two lines", get("?dns=cXVl%0Acnk"), "", 400},
		{"GET, without", get(""), "", 400},
		{"GET, empty", get("?dns="), "", 400},
		{"GET, twice", get("?dns=AAAA&dns=AAAA"), "", 400},
		{"GET, malformed", get("?dns=%zz"), "", 400},
		{"GET, too long", get("?dns=" + base64.RawURLEncoding.EncodeToString([]byte(long+"q"))), "", 414},
		{"HEAD", httptest.NewRequest(http.MethodHead, "/dns-query?dns=cXVlcnk", nil), "query", 0},
		{"PUT", httptest.NewRequest(http.MethodPut, "/dns-query?dns=cXVlcnk", nil), "", 405},
		{"OPTIONS", httptest.NewRequest(http.MethodOptions, "/dns-query", nil), "", 405},
	} {
		query, f := decode(tt.r)
		if string(query) != tt.want || (f == nil) != (tt.status == 0) || f != nil && f.status != tt.status {
			t.Errorf("%s: %.20q, %v; want %.20q, %d", tt.name, query, f, tt.want, tt.status)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("GET", "dns=cXVlcnk", "", []byte(nil))
	f.Add("GET", "x&dns=-_-_&dns=%", "", []byte(nil))
	f.Add("POST", "", mediaType, []byte("query"))
	f.Add("POST", "dns=AAAA", mediaType+"; a=\"", bytes.Repeat([]byte("q"), maxMessage+1))
	f.Fuzz(func(t *testing.T, method, rawQuery, media string, content []byte) {
		r := httptest.NewRequest(http.MethodPost, "/dns-query", bytes.NewReader(content))
		r.Method, r.URL.RawQuery = method, rawQuery
		r.Header.Set("Content-Type", media)
		query, err := decode(r)
		if err != nil {
			if err.status < 400 || err.status > 499 || query != nil {
				t.Fatalf("%d with %q", err.status, query)
			}
			return
		}
		if len(query) == 0 || len(query) > maxMessage {
			t.Fatalf("a query of %d octets", len(query))
		}
		if method == http.MethodPost {
			if !bytes.Equal(query, content) {
				t.Fatalf("got %q", query)
			}
			return
		}
		// What a client would send for it is taken for the same.
		again, err := decodeGet("dns=" + base64.RawURLEncoding.EncodeToString(query))
		if err != nil || !bytes.Equal(again, query) {
			t.Fatalf("%q and again %q, %v", query, again, err)
		}
	})
}

// A fault is an error as others are.
var _ error = (*fault)(nil)

func TestFaultSaysWhy(t *testing.T) {
	var f *fault
	if err := error(&fault{400, "why"}); !errors.As(err, &f) || err.Error() != "why" {
		t.Error(err)
	}
}
