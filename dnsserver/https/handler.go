package https

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// errOneMessage tells Finish that an answer by HTTP is one message.
var errOneMessage = errors.New("an answer by HTTPS has one message")

// ServeHTTP answers one request. It is net/http's to call.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.begin() {
		panic(http.ErrAbortHandler)
	}
	defer l.running.Done()
	// An HTTP/1.1 connection has the one of its last answer still: see limit.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		l.refuse(w, &fault{http.StatusInternalServerError, "the client has no address"})
		return
	}
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if !l.requests.Take(from.Addr()) {
		l.busy.Add(1)
		l.refuse(w, &fault{http.StatusServiceUnavailable, "too many requests at once"})
		return
	}
	defer l.requests.Give(from.Addr())
	if r.URL.Path != l.cfg.Path {
		l.refuse(w, &fault{http.StatusNotFound, "queries are taken at " + l.cfg.Path})
		return
	}
	query, f := decode(r)
	if f == nil {
		f = l.answer(w, r, query, from)
	}
	if f != nil {
		l.refuse(w, f)
	}
}

// answer gives the answer, or says why there is none.
func (l *Listener) answer(w http.ResponseWriter, r *http.Request, query []byte, from netip.AddrPort) *fault {
	n := l.respond(w, query, from)
	switch {
	case n > 0:
		return nil
	case n < 0 && l.cfg.Finish != nil:
		message, f := l.finish(r.Context(), query, from)
		if f == nil {
			l.write(w, message)
		}
		return f
	}
	// A response of status 200 has a DNS message (RFC 8484 §4.2.1), and a client
	// that is owed none sent something that is no query.
	return &fault{http.StatusBadRequest, "the message is no query"}
}

// respond gives the answer that is there at once; its length is as Respond says.
func (l *Listener) respond(w http.ResponseWriter, query []byte, from netip.AddrPort) int {
	b := l.buffers.Get().(*buffers)
	defer l.buffers.Put(b)
	n := func() int {
		l.cfg.Turns.Take()
		defer l.cfg.Turns.Give() // net/http goes on after a panic
		return b.responder.Respond(b.answer[:], query, from)
	}()
	if n > 0 {
		l.write(w, b.answer[:n])
	}
	return n
}

// finish waits for an answer that takes time.
func (l *Listener) finish(ctx context.Context, query []byte, from netip.AddrPort) ([]byte, *fault) {
	select {
	case l.later <- struct{}{}:
		defer func() { <-l.later }()
	case <-ctx.Done():
		panic(http.ErrAbortHandler) // nobody waits any more
	}
	var answers [][]byte
	l.cfg.Finish(ctx, query, from, func(message []byte) error {
		if len(answers) > 0 || len(message) > maxMessage {
			answers = append(answers, nil)
			return errOneMessage
		}
		answers = append(answers, bytes.Clone(message))
		return nil
	})
	switch {
	case len(answers) == 0 && ctx.Err() != nil:
		panic(http.ErrAbortHandler)
	case len(answers) == 0:
		return nil, &fault{http.StatusInternalServerError, "there is no answer"}
	case len(answers) > 1 || answers[0] == nil:
		return nil, &fault{http.StatusNotImplemented, "the answer has several messages: ask by TLS or QUIC"}
	}
	return answers[0], nil
}

// write sends an answer. Whether the client takes it is the client's.
func (l *Listener) write(w http.ResponseWriter, message []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(message)))
	// Answers may depend on who asks, so that no cache may share them (RFC 9111 §5.2.2.7).
	h.Set("Cache-Control", "no-store")
	if seconds, ok := freshness(message); ok {
		h.Set("Cache-Control", "private, max-age="+strconv.FormatUint(uint64(seconds), 10))
	}
	l.limit(w)
	_, _ = w.Write(message)
}

// refuse sends a status without a DNS message.
func (l *Listener) refuse(w http.ResponseWriter, f *fault) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	switch f.status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", methods) // RFC 9110 §15.5.6
	case http.StatusUnsupportedMediaType:
		h.Set("Accept", mediaType) // RFC 9110 §12.5.1
	}
	l.limit(w)
	http.Error(w, f.reason, f.status)
}

// limit bounds how long the client may take to take what is written now. The
// clock does not begin earlier: an answer may take longer than a slow client may.
func (l *Listener) limit(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(l.cfg.Transfer))
}
