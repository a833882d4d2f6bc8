package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fedns/fedns/dnsserver/wire"
)

const (
	// maxStreams is how many connections one upstream gets at once; servers
	// allow a client about that many.
	maxStreams = 64
	// maxIdle and idleFor are how many connections wait for the next query, and
	// how long: servers close them after 10 s to 30 s (RFC 7766 §6.2.3).
	maxIdle = 8
	idleFor = 8 * time.Second
)

var errAlien = errors.New("answer to another question")

// streams are the TCP or TLS connections to one upstream. Each carries one
// query at a time and is used again (RFC 7766 §6.2.1). Safe for concurrent use.
type streams struct {
	dial  func(context.Context) (net.Conn, error)
	slots chan struct{} // one taken for each connection in use

	mu     sync.Mutex
	idle   []idle // the one used last is at the end
	closed bool
}

type idle struct {
	conn  net.Conn
	since time.Time
}

func newStreams(u Upstream, roots *x509.CertPool) *streams {
	s := &streams{slots: make(chan struct{}, maxStreams)}
	addr := u.Addr.String()
	if !u.TLS {
		var d net.Dialer
		s.dial = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
		return s
	}
	name := u.ServerName
	if name == "" {
		name = u.Addr.Addr().WithZone("").String()
	}
	d := tls.Dialer{Config: &tls.Config{
		ServerName:         name,
		RootCAs:            roots,
		MinVersion:         tls.VersionTLS12, // RFC 9325 §3.1.1
		ClientSessionCache: tls.NewLRUClientSessionCache(maxIdle),
	}}
	s.dial = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	return s
}

// exchange sends q and waits for its answer until ctx ends. A connection that
// was idle may have been closed at the other end, so that q goes again over a new one.
func (s *streams) exchange(ctx context.Context, q *query) ([]byte, match, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, alien, ctx.Err()
	}
	if conn := s.take(); conn != nil {
		msg, m, err := s.over(ctx, conn, q)
		if err == nil || ctx.Err() != nil {
			return msg, m, err
		}
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, alien, err
	}
	return s.over(ctx, conn, q)
}

// over asks over conn, which it owns: it is kept for the next query or closed.
func (s *streams) over(ctx context.Context, conn net.Conn, q *query) ([]byte, match, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	msg, err := roundTrip(conn, q.msg)
	m := alien
	if err == nil {
		if m = q.match(msg); m == alien {
			err = errAlien
		}
	}
	if alive := stop(); !alive || err != nil || !s.put(conn) {
		_ = conn.Close()
	}
	return msg, m, err
}

// roundTrip sends a message and reads one, each behind its length (RFC 1035 §4.2.2).
func roundTrip(conn net.Conn, msg []byte) ([]byte, error) {
	out := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(msg)), uint16(len(msg)))
	if _, err := conn.Write(append(out, msg...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	if n < wire.HeaderLen {
		return nil, errAlien
	}
	in := make([]byte, n)
	_, err := io.ReadFull(conn, in)
	return in, err
}

// take is an idle connection, or nil.
func (s *streams) take() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle) - 1
	if n < 0 {
		return nil
	}
	conn := s.idle[n].conn
	s.idle[n] = idle{}
	s.idle = s.idle[:n]
	return conn
}

// put keeps conn, if there is room.
func (s *streams) put(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.idle) == maxIdle {
		return false
	}
	s.idle = append(s.idle, idle{conn, time.Now()})
	return true
}

// expire closes connections that were idle since before then.
func (s *streams) expire(then time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := 0
	for old < len(s.idle) && s.idle[old].since.Before(then) {
		_ = s.idle[old].conn.Close()
		old++
	}
	s.idle = append(s.idle[:0], s.idle[old:]...)
}

// close closes idle connections, and keeps none from now on.
func (s *streams) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.expire(time.Now().Add(time.Hour))
}
