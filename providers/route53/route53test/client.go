package route53test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"syscall"
)

// Client speaks to the simulator in memory, whatever host it is asked for.
func (s *Simulator) Client() *http.Client { return &http.Client{Transport: transport{s}} }

type transport struct{ sim *Simulator }

// RoundTrip makes the call in the caller's goroutine. A connection that breaks is
// reset.
func (t transport) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			if err = r.Context().Err(); err == nil {
				err = &url.Error{Op: r.Method, URL: r.URL.String(), Err: syscall.ECONNRESET}
			}
		default:
			panic(v)
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	w := httptest.NewRecorder()
	t.sim.ServeHTTP(w, r)
	return w.Result(), nil
}
