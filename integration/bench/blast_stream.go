package main

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// connections is how many are open at a time, each with a window of queries
// pipelined (RFC 7766 §6.2.1.1).
const connections = 4

// streams asks over TCP, or TLS, for so long. A connection that the server
// closes is opened anew, its queries under way counted as lost.
func (g *generator) streams(addr netip.AddrPort, secure bool, length time.Duration) error {
	g.epoch = time.Now()
	var wg sync.WaitGroup
	parts, errs := g.split(connections), make([]error, connections)
	for i, part := range parts {
		wg.Go(func() { errs[i] = part.stream(addr, secure, length) })
	}
	wg.Wait()
	for _, part := range parts {
		g.add(part)
	}
	if g.answered > 0 {
		return nil
	}
	return errors.Join(errs...)
}

// stream asks over one connection after the other.
func (g *generator) stream(addr netip.AddrPort, secure bool, length time.Duration) (err error) {
	s := &stream{flow: g.newFlow(window)}
	for failures := 0; g.clock() < length && failures < 3; {
		before := g.answered
		if err = s.connect(addr, secure, length); err != nil && g.answered == before {
			failures++
		}
	}
	return err
}

// stream is a flow over a connection.
type stream struct {
	*flow
	out []byte
}

// connect opens a connection and asks over it to the end.
func (s *stream) connect(addr netip.AddrPort, secure bool, length time.Duration) error {
	conn, err := net.DialTimeout("tcp", addr.String(), 2*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if secure {
		// The certificate was made a moment ago, for nobody to trust.
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"dot"}})
	}
	err = s.exchange(conn, length)
	s.giveUp(s.clock())
	if err != nil {
		s.restarts++
	}
	return err
}

// exchange keeps the window full until the time is over and all is answered.
func (s *stream) exchange(conn net.Conn, length time.Duration) error {
	in := bufio.NewReaderSize(conn, 1<<16)
	for {
		if now := s.clock(); now < length && len(s.free) >= window/2 {
			if _, err := conn.Write(s.more(now)); err != nil {
				return err
			}
		}
		if s.underWay() == 0 {
			return nil
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if err := s.read(in); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) {
				return errors.New("connection was closed, or a query not answered")
			}
			return err
		}
	}
}

// more fills the window and is what to write for it.
func (s *stream) more(now time.Duration) []byte {
	s.out = s.out[:0]
	for len(s.free) > 0 {
		msg := s.ask(now)
		s.out = binary.BigEndian.AppendUint16(s.out, uint16(len(msg)))
		s.out = append(s.out, msg...)
	}
	return s.out
}

// read waits for an answer and takes all that have begun to come.
func (s *stream) read(in *bufio.Reader) error {
	for {
		head, err := in.Peek(2)
		if err != nil {
			return err
		}
		size := 2 + int(binary.BigEndian.Uint16(head))
		message, err := in.Peek(size)
		if err != nil {
			return err
		}
		s.take(message[2:], s.clock())
		if _, err := in.Discard(size); err != nil {
			return err
		}
		if in.Buffered() < 2 {
			return nil
		}
	}
}
