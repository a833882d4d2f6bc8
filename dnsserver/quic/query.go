package quic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/quic-go/quic-go"
)

// maxMessage is a DNS message's length in octets at most: what two octets can say.
const maxMessage = 65535

// buffers is what answering a query needs.
type buffers struct {
	responder Responder
	answer    [2 + maxMessage]byte
}

// breach is what breaks the protocol, and with it the connection.
type breach string

func (b breach) Error() string { return string(b) }

// serveStream answers the query on a stream.
func (c *connection) serveStream(s *quic.Stream) {
	_ = s.SetReadDeadline(time.Now().Add(c.cfg.Transfer))
	query, err := read(s)
	if err != nil {
		c.giveUp(s, err)
		return
	}
	from := source(c.conn.RemoteAddr())
	n, err := c.respond(s, query, from)
	switch {
	case err != nil:
		c.giveUp(s, err)
	case n > 0:
		_ = s.Close()
	case n < 0 && c.cfg.Finish != nil:
		c.finish(s, query, from)
	default:
		s.CancelWrite(codeUnspecifiedError) // a FIN would say that there was an answer
	}
}

// giveUp ends a stream, or its connection, as the error deserves.
func (c *connection) giveUp(s *quic.Stream, err error) {
	var b breach
	var reset *quic.StreamError
	code := quic.StreamErrorCode(codeUnspecifiedError) // too slow, for one
	switch {
	case errors.As(err, &b):
		c.misbehaved(string(b))
		return
	case errors.As(err, &reset):
		code = codeRequestCancelled // by the client (RFC 9250 §4.3.1)
	}
	s.CancelRead(code)
	s.CancelWrite(code)
}

// read takes the one query of a stream, which is the caller's to keep. An error
// that is a breach is the client's fault, any other may be the network's.
func read(s io.Reader) ([]byte, error) {
	var size [2]byte
	if err := fill(s, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	if n < 2 {
		return nil, breach("the message is too short")
	}
	// No more is kept than has come in, whatever the length says.
	query := make([]byte, 0, min(n, 512))
	for len(query) < n {
		part := min(n-len(query), max(512, len(query)))
		query = append(query, make([]byte, part)...)
		if err := fill(s, query[len(query)-part:]); err != nil {
			return nil, err
		}
	}
	if query[0] != 0 || query[1] != 0 {
		return nil, breach("the message ID is not 0") // RFC 9250 §4.2.1
	}
	switch n, err := s.Read(make([]byte, 1)); {
	case n > 0:
		return nil, breach("there is more than one message")
	case err == io.EOF:
		return query, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, breach("the stream has no end") // RFC 9250 §4.2: the client MUST send FIN
	default:
		return nil, err
	}
}

// fill reads p whole; the end of the stream before is a breach (RFC 9250 §4.3.3).
func fill(s io.Reader, p []byte) error {
	_, err := io.ReadFull(s, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return breach("the message is cut short")
	}
	return err
}

// respond gives the answer that is there at once; its length is as Respond says.
func (c *connection) respond(s *quic.Stream, query []byte, from netip.AddrPort) (int, error) {
	b := c.buffers.Get().(*buffers)
	defer c.buffers.Put(b)
	c.cfg.Turns.Take()
	n := b.responder.Respond(b.answer[2:], query, from)
	c.cfg.Turns.Give()
	if n <= 0 {
		return n, nil
	}
	binary.BigEndian.PutUint16(b.answer[:], uint16(n))
	return n, c.write(s, b.answer[:2+n])
}

// finish gives an answer that takes time, or has several messages.
func (c *connection) finish(s *quic.Stream, query []byte, from netip.AddrPort) {
	select {
	case c.later <- struct{}{}:
		defer func() { <-c.later }()
	case <-s.Context().Done():
		return
	}
	code, sent := quic.StreamErrorCode(codeInternalError), false
	c.cfg.Finish(s.Context(), query, from, func(message []byte) error {
		if len(message) > maxMessage {
			return fmt.Errorf("message of %d octets, want %d at most", len(message), maxMessage)
		}
		framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(message)), uint16(len(message)))
		err := c.write(s, append(framed, message...))
		if sent = err == nil; !sent {
			code = codeUnspecifiedError // too slow: a FIN now would cut a message short
			s.CancelWrite(code)
		}
		return err
	})
	if !sent {
		s.CancelWrite(code)
		return
	}
	_ = s.Close()
}

// write writes p whole.
func (c *connection) write(s *quic.Stream, p []byte) error {
	_ = s.SetWriteDeadline(time.Now().Add(c.cfg.Transfer))
	_, err := s.Write(p)
	return err
}
