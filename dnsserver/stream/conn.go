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
	// writeBehind is how many octets of answers wait for one another while more
	// queries are there already.
	writeBehind = 16 << 10
)

// buffers is what a busy connection needs. Idle connections have none, so that
// many of them cost little.
type buffers struct {
	responder Responder
	query     [maxMessage]byte
	response  [2 + maxMessage]byte
}

// serve answers a connection's messages until it ends, idles or misbehaves.
func (l *Listener) serve(conn *net.TCPConn, from netip.AddrPort) {
	in := bufio.NewReaderSize(conn, readAhead)
	out := bufio.NewWriterSize(writer{conn, l.cfg.Transfer}, writeBehind)
	for {
		// The first octet of a message may take as long as idling is allowed, the rest must follow.
		_ = conn.SetReadDeadline(time.Now().Add(l.idle()))
		if _, err := in.Peek(1); err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(l.cfg.Transfer))
		b := l.buffers.Get().(*buffers)
		ok := b.messages(in, out, from)
		l.buffers.Put(b)
		if out.Flush() != nil || !ok { // what was answered is sent, whatever became of the rest
			return
		}
	}
}

// messages answers what has come in, at least one message; false when the connection is of no more use.
func (b *buffers) messages(in *bufio.Reader, out *bufio.Writer, from netip.AddrPort) bool {
	for {
		var frame [2]byte
		if _, err := io.ReadFull(in, frame[:]); err != nil {
			return false
		}
		query := b.query[:binary.BigEndian.Uint16(frame[:])]
		if _, err := io.ReadFull(in, query); err != nil {
			return false
		}
		n := b.responder.Respond(b.response[2:], query, from)
		if n <= 0 {
			return false // over a stream a client that is owed no answer is none worth keeping
		}
		binary.BigEndian.PutUint16(b.response[:], uint16(n))
		if _, err := out.Write(b.response[:2+n]); err != nil {
			return false
		}
		if in.Buffered() == 0 {
			return true
		}
	}
}

// idle is how long a connection may idle now.
func (l *Listener) idle() time.Duration {
	if 2*l.Open() > l.cfg.MaxConns {
		return l.cfg.Idle / 10
	}
	return l.cfg.Idle
}

// writer gives every write its own deadline.
type writer struct {
	conn    *net.TCPConn
	timeout time.Duration
}

func (w writer) Write(p []byte) (int, error) {
	_ = w.conn.SetWriteDeadline(time.Now().Add(w.timeout))
	return w.conn.Write(p)
}
