//go:build !linux

package udp

import (
	"net"
	"sync/atomic"
	"syscall"
)

// maxReaders is one: without SO_REUSEPORT balancing a second socket gets nothing.
const maxReaders = 1

func kernelDrops(*net.UDPConn) uint64 { return 0 }

func control(string, string, syscall.RawConn) error { return nil }

// reader is the portable one: a datagram at a time.
type reader struct {
	conn      *net.UDPConn
	responder Responder
	size      int
	closed    *atomic.Bool
	later     *later
}

func newReader(conn *net.UDPConn, cfg Config, closed *atomic.Bool, later *later) *reader {
	return &reader{conn, cfg.New(), cfg.ResponseSize, closed, later}
}

func (r *reader) run() error {
	query, response := make([]byte, maxQuery), make([]byte, r.size)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(query)
		switch {
		case err != nil && r.closed.Load():
			return nil
		case err != nil && n == 0:
			continue // Windows reports a client's closed port here (WSAECONNRESET); Close ends the loop
		}
		send := func(message []byte) error {
			_, err := r.conn.WriteToUDPAddrPort(message, from)
			return err
		}
		if size := r.responder.Respond(response, query[:n], from); size > 0 {
			_ = send(response[:size]) // a client that cannot be reached asks again
		} else if size < 0 {
			r.later.do(query[:n], from, send)
		}
		if r.closed.Load() {
			return nil // what was read is answered
		}
	}
}
