package simulator

import (
	"net/http"
	"time"
)

// slowly is a ResponseWriter that sends no more than so many octets a second.
type slowly struct {
	http.ResponseWriter
	q    *http.Request
	rate int // octets a second
}

// portion is the share of a second between two writes.
const portion = 20

// Write implements io.Writer. It gives up when the client has gone.
func (s slowly) Write(p []byte) (n int, err error) {
	step := max(s.rate/portion, 1)
	pause := time.NewTicker(time.Second / portion)
	defer pause.Stop()
	for len(p) > 0 {
		k, err := s.ResponseWriter.Write(p[:min(step, len(p))])
		n += k
		if err != nil {
			return n, err
		}
		p = p[k:]
		if err := http.NewResponseController(s.ResponseWriter).Flush(); err != nil {
			return n, err
		}
		select {
		case <-pause.C:
		case <-s.q.Context().Done():
			return n, s.q.Context().Err()
		}
	}
	return n, nil
}

// Unwrap is for http.ResponseController.
func (s slowly) Unwrap() http.ResponseWriter { return s.ResponseWriter }
