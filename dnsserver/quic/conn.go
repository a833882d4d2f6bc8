package quic

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// Error codes of DNS over QUIC (RFC 9250 §4.3).
const (
	codeNoError          = 0x0
	codeInternalError    = 0x1
	codeProtocolError    = 0x2
	codeRequestCancelled = 0x3
	codeUnspecifiedError = 0x5
)

// connection is one that has shaken hands.
type connection struct {
	*Listener
	conn    *quic.Conn
	streams atomic.Int64 // that are served
}

// serveConn serves a connection's streams until it ends or idles, and waits for them.
func (l *Listener) serveConn(conn *quic.Conn) {
	shaken(conn)
	c := &connection{Listener: l, conn: conn}
	stop := context.AfterFunc(l.ctx, func() { _ = conn.CloseWithError(codeNoError, "") })
	defer stop()
	for {
		s, err := c.next()
		if err != nil {
			_ = conn.CloseWithError(codeNoError, "") // it means nothing where it is closed already
			return
		}
		c.streams.Add(1)
		l.serving.Go(func() {
			defer c.streams.Add(-1)
			c.serveStream(s)
		})
	}
}

// next waits for a stream. It ends a connection that has had none for too long
// (RFC 9250 §5.5.1), though packets that carry nothing keep coming.
func (c *connection) next() (*quic.Stream, error) {
	for {
		ctx, cancel := context.WithTimeout(c.conn.Context(), c.idle())
		s, err := c.conn.AcceptStream(ctx)
		cancel()
		if err == nil || !errors.Is(err, context.DeadlineExceeded) || c.streams.Load() == 0 {
			return s, err
		}
	}
}

// idle is how long a connection may be without a query: less when most places are taken.
func (l *Listener) idle() time.Duration {
	if l.places.Crowded() {
		return l.cfg.Idle / 10
	}
	return l.cfg.Idle
}

// misbehaved ends the connection of a client that broke the protocol (RFC 9250 §4.3.3).
func (c *connection) misbehaved(reason string) {
	_ = c.conn.CloseWithError(codeProtocolError, reason)
}
