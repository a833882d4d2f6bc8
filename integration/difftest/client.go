package difftest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	// attempts to get an answer: loopback loses packets when buffers are full.
	attempts = 6
	patience = 700 * time.Millisecond // for the first attempt; later ones wait longer
)

// client asks one name server, one query at a time. A run has several of them
// for each server, which bounds what is under way.
type client struct {
	addr string // host:port
	udp  net.Conn
	tcp  net.Conn
	id   uint16
	buf  []byte
}

func newClient(addr string) *client { return &client{addr: addr, buf: make([]byte, 65536)} }

func (c *client) close() {
	for _, conn := range []net.Conn{c.udp, c.tcp} {
		if conn != nil {
			conn.Close()
		}
	}
	c.udp, c.tcp = nil, nil
}

// ask sends q until it is answered, and returns the answer's octets. They are the caller's.
func (c *client) ask(q *query) ([]byte, error) {
	c.id++
	msg, err := q.msg(c.id).Pack()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q, err)
	}
	var last error
	for i := range attempts {
		wait := patience << min(i, 3)
		var answer []byte
		if q.how.tcp {
			answer, last = c.stream(msg, wait)
		} else {
			answer, last = c.datagram(msg, wait)
		}
		if last == nil {
			return answer, nil
		}
		c.close()
	}
	return nil, fmt.Errorf("%s asked %s: no answer in %d attempts: %w", c.addr, q, attempts, last)
}

func (c *client) datagram(msg []byte, wait time.Duration) ([]byte, error) {
	if c.udp == nil {
		conn, err := net.Dial("udp", c.addr)
		if err != nil {
			return nil, err
		}
		c.udp = conn
	}
	deadline := time.Now().Add(wait)
	if err := c.udp.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := c.udp.Write(msg); err != nil {
		return nil, err
	}
	for {
		n, err := c.udp.Read(c.buf)
		if err != nil {
			return nil, err
		}
		if n >= 2 && binary.BigEndian.Uint16(c.buf) == c.id { // else it answers an attempt before
			return append([]byte(nil), c.buf[:n]...), nil
		}
	}
}

func (c *client) stream(msg []byte, wait time.Duration) ([]byte, error) {
	if c.tcp == nil {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			return nil, err
		}
		c.tcp = conn
	}
	if err := c.tcp.SetDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(msg)), uint16(len(msg)))
	if _, err := c.tcp.Write(append(framed, msg...)); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(c.tcp, c.buf[:2]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(c.buf))
	if _, err := io.ReadFull(c.tcp, c.buf[:n]); err != nil {
		return nil, err
	}
	if n < 2 || binary.BigEndian.Uint16(c.buf) != c.id {
		return nil, errors.New("the answer has another ID")
	}
	return append([]byte(nil), c.buf[:n]...), nil
}
