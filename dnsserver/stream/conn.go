package stream

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"
)

const (
	maxMessage = 65535 // octets: what two length octets can say
	readAhead  = 4096  // octets of pipelined queries taken at once
	// writeBehind is past how many octets answers are sent, though more queries
	// are there already.
	writeBehind = 16 << 10
)

// buffers is what a busy connection needs. Idle connections have none, so that
// many of them cost little.
type buffers struct {
	responder Responder
	query     [maxMessage]byte // one that is longer than what is read ahead
	answers   [writeBehind + 2 + maxMessage]byte
}

// serve answers a connection's messages until it ends, idles or misbehaves.
func (l *Listener) serve(conn *net.TCPConn, from netip.AddrPort) {
	in := bufio.NewReaderSize(conn, readAhead)
	for {
		if !whole(in) {
			// The first octet of a message may take as long as idling is allowed, the rest must follow.
			_ = conn.SetReadDeadline(time.Now().Add(l.idle()))
			if _, err := in.Peek(1); err != nil {
				return
			}
			if !whole(in) {
				_ = conn.SetReadDeadline(time.Now().Add(l.cfg.Transfer))
			}
		}
		b := l.buffers.Get().(*buffers)
		ok := l.exchange(b, conn, in, from)
		l.buffers.Put(b)
		if !ok {
			return
		}
	}
}

// exchange answers the next message, and those that have come in whole behind
// it; false when the connection is of no more use.
func (l *Listener) exchange(b *buffers, conn *net.TCPConn, in *bufio.Reader, from netip.AddrPort) bool {
	query, err := b.next(in)
	if err != nil {
		return false
	}
	l.turns.take()
	size, ok := 0, true
	for {
		n := b.responder.Respond(b.answers[size+2:size+2+maxMessage], query, from)
		if n <= 0 {
			ok = false // over a stream a client that is owed no answer is none worth keeping
			break
		}
		binary.BigEndian.PutUint16(b.answers[size:], uint16(n))
		if size += 2 + n; size >= writeBehind || !whole(in) {
			break
		}
		if query, err = b.next(in); err != nil {
			break
		}
	}
	l.turns.give()
	if size > 0 {
		_ = conn.SetWriteDeadline(time.Now().Add(l.cfg.Transfer))
		if _, err := conn.Write(b.answers[:size]); err != nil {
			return false
		}
	}
	return ok && err == nil
}

// whole says that a message is there to be read without waiting.
func whole(in *bufio.Reader) bool {
	if in.Buffered() < 2 {
		return false
	}
	frame, _ := in.Peek(2)
	return in.Buffered() >= 2+int(binary.BigEndian.Uint16(frame))
}

// next takes a message, good until in is read again.
func (b *buffers) next(in *bufio.Reader) ([]byte, error) {
	frame, err := in.Peek(2)
	if err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(frame))
	if 2+size > readAhead {
		if _, err := in.Discard(2); err != nil {
			return nil, err
		}
		_, err := io.ReadFull(in, b.query[:size])
		return b.query[:size], err
	}
	msg, err := in.Peek(2 + size)
	if err != nil {
		return nil, err
	}
	_, err = in.Discard(2 + size) // what was peeked stays until the next read
	return msg[2:], err
}

// idle is how long a connection may wait for a message: less when most places are taken.
func (l *Listener) idle() time.Duration {
	if 2*l.Open() > l.cfg.MaxConns {
		return l.cfg.Idle / 10
	}
	return l.cfg.Idle
}
