package main

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// connections is how many are open at a time, each with a window of queries
// pipelined (RFC 7766 §6.2.1.1).
const connections = 4

// framing is how messages follow each other on a connection.
type framing interface {
	// hello is what a connection begins with.
	hello() []byte
	// frame appends a message.
	frame(out, msg []byte) []byte
	// next waits for the next message and how many octets of in it takes with all
	// that is around it; nil for what is no message. reply, if any, has to be sent.
	next(in *bufio.Reader) (msg, reply []byte, size int, err error)
}

// protocol is what lies between a connection and the messages on it.
type protocol struct {
	alpn string // in TLS; without it there is none
	new  func() framing
}

var protocols = map[string]protocol{
	overTCP:   {new: func() framing { return lengths{} }},
	overTLS:   {alpn: "dot", new: func() framing { return lengths{} }},
	overHTTPS: {alpn: "h2", new: func() framing { return newDoH() }},
}

// streams asks over connections for so long. One that the server closes is
// opened anew, its queries under way counted as lost.
func (g *generator) streams(addr string, p protocol, length time.Duration) error {
	g.epoch = time.Now()
	var wg sync.WaitGroup
	parts, errs := g.split(connections), make([]error, connections)
	for i, part := range parts {
		wg.Go(func() { errs[i] = part.stream(addr, p, length) })
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
func (g *generator) stream(addr string, p protocol, length time.Duration) (err error) {
	s := &stream{flow: g.newFlow(window), protocol: p}
	for failures := 0; g.clock() < length && failures < 3; {
		before := g.answered
		if err = s.connect(addr, length); err != nil && g.answered == before {
			failures++
		}
	}
	return err
}

// stream is a flow over a connection.
type stream struct {
	*flow
	protocol
	framing framing
	out     []byte
}

// connect opens a connection and asks over it to the end.
func (s *stream) connect(addr string, length time.Duration) error {
	conn, err := dial(addr, s.alpn)
	if err != nil {
		return err
	}
	defer conn.Close()
	s.framing = s.new()
	s.out = append(s.out[:0], s.framing.hello()...)
	err = s.exchange(conn, length)
	s.giveUp(s.clock())
	if err != nil {
		s.restarts++
	}
	return err
}

func dial(addr, alpn string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil || alpn == "" {
		return conn, err
	}
	// The certificate was made a moment ago, for nobody to trust.
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{alpn}})
	if err := secure.Handshake(); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// exchange keeps the window full until the time is over and all is answered.
func (s *stream) exchange(conn net.Conn, length time.Duration) error {
	in := bufio.NewReaderSize(conn, 1<<16)
	for {
		if now := s.clock(); now < length && len(s.free) >= window/2 {
			for len(s.free) > 0 {
				s.out = s.framing.frame(s.out, s.ask(now))
			}
		}
		if len(s.out) > 0 {
			if _, err := conn.Write(s.out); err != nil {
				return err
			}
			s.out = s.out[:0]
		}
		if s.underWay() == 0 {
			return nil
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if err := s.read(in); errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) {
			return errors.New("a connection was closed, or a query not answered")
		} else if err != nil {
			return err
		}
	}
}

// read waits for an answer and takes all that have begun to come.
func (s *stream) read(in *bufio.Reader) error {
	for {
		msg, reply, size, err := s.framing.next(in)
		if err != nil {
			return err
		}
		if msg != nil {
			s.take(msg, s.clock())
		}
		s.out = append(s.out, reply...)
		if _, err := in.Discard(size); err != nil {
			return err
		}
		if in.Buffered() == 0 {
			return nil
		}
	}
}

// lengths is a message behind its length in two octets (RFC 1035 §4.2.2).
type lengths struct{}

func (lengths) hello() []byte { return nil }

func (lengths) frame(out, msg []byte) []byte {
	return append(binary.BigEndian.AppendUint16(out, uint16(len(msg))), msg...)
}

func (lengths) next(in *bufio.Reader) (msg, reply []byte, size int, err error) {
	head, err := in.Peek(2)
	if err != nil {
		return nil, nil, 0, err
	}
	size = 2 + int(binary.BigEndian.Uint16(head))
	frame, err := in.Peek(size)
	if err != nil {
		return nil, nil, 0, err
	}
	return frame[2:], nil, size, nil
}
