package stream

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
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

// connection is one on its way.
type connection struct {
	*Listener
	net.Conn
	from      netip.AddrPort
	in        *bufio.Reader
	finishing sync.WaitGroup // of Finish
	places    chan struct{}  // for each of them
}

// maxLater bounds how many answers of one connection may be put off at once.
const maxLater = 32

func (l *Listener) serveConn(conn net.Conn, from netip.AddrPort) {
	defer conn.Close()
	c := &connection{Listener: l, Conn: conn, from: from, in: bufio.NewReaderSize(conn, readAhead)}
	c.serve()
	c.finishing.Wait() // what was asked is answered, though nothing more is
}

// serve answers a connection's messages until it ends, idles or misbehaves.
func (c *connection) serve() {
	for {
		if !whole(c.in) {
			// The first octet of a message may take as long as idling is allowed, the rest must follow.
			_ = c.SetReadDeadline(time.Now().Add(c.idle()))
			if _, err := c.in.Peek(1); err != nil {
				return
			}
			if !whole(c.in) {
				_ = c.SetReadDeadline(time.Now().Add(c.transfer()))
			}
		}
		b := c.buffers.Get().(*buffers)
		ok := c.exchange(b)
		c.buffers.Put(b)
		if !ok {
			return
		}
	}
}

// exchange answers the next message, and those that have come in whole behind
// it; false when the connection is of no more use.
func (c *connection) exchange(b *buffers) bool {
	query, err := b.next(c.in)
	if err != nil {
		return false
	}
	c.turns.Take()
	size, ok := 0, true
	var later []byte
	for {
		n := b.responder.Respond(b.answers[size+2:size+2+maxMessage], query, c.from)
		if n < 0 && c.cfg.Finish != nil {
			later = bytes.Clone(query)
			break
		}
		if n <= 0 {
			ok = false // over a stream a client that is owed no answer is none worth keeping
			break
		}
		binary.BigEndian.PutUint16(b.answers[size:], uint16(n))
		if size += 2 + n; size >= writeBehind || !whole(c.in) {
			break
		}
		if query, err = b.next(c.in); err != nil {
			break
		}
	}
	c.turns.Give()
	if size > 0 && c.write(b.answers[:size]) != nil {
		return false
	}
	return ok && err == nil && (later == nil || c.finish(later))
}

// finish gives an answer that takes time; false when the Listener is closed.
func (c *connection) finish(query []byte) bool {
	if c.places == nil {
		c.places = make(chan struct{}, maxLater)
	}
	for _, places := range []chan struct{}{c.places, c.later} {
		select {
		case places <- struct{}{}:
		case <-c.ctx.Done():
			return false
		}
	}
	if c.ctx.Err() != nil {
		return false // the place became free because all end
	}
	c.finishing.Go(func() {
		defer func() { <-c.later; <-c.places }()
		c.cfg.Finish(c.ctx, query, c.from, func(message []byte) error {
			if len(message) > maxMessage {
				return fmt.Errorf("message of %d octets, want %d at most", len(message), maxMessage)
			}
			return c.write(append(binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(message)), uint16(len(message))), message...))
		})
	})
	return true
}

// write writes p whole, between what others write.
func (c *connection) write(p []byte) error {
	_ = c.SetWriteDeadline(time.Now().Add(c.cfg.Transfer))
	_, err := c.Write(p)
	return err
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
	if l.Draining() {
		return min(linger, l.cfg.Idle)
	}
	if l.Crowded() {
		return l.cfg.Idle / 10
	}
	return l.cfg.Idle
}

// transfer is how long a message may take to come in: less when most places are taken.
func (l *Listener) transfer() time.Duration {
	if l.Crowded() {
		return l.cfg.Transfer / 5
	}
	return l.cfg.Transfer
}
