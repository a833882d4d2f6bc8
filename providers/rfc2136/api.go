package rfc2136

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/zone"
)

// The actions that Config.Gate is asked for.
const (
	ActionUpdate = "UPDATE"
	ActionQuery  = "QUERY"
	ActionAXFR   = "AXFR"
)

// keyError is an answer that cannot be believed, for its signature.
type keyError struct{ err error }

func (e *keyError) Error() string { return e.err.Error() }
func (e *keyError) Unwrap() error { return e.err }

func isKeyError(err error) bool {
	var k *keyError
	return errors.As(err, &k)
}

// send sends an UPDATE.
func (z *Zone) send(ctx context.Context, msg []byte, urgent bool) (*dns.Msg, error) {
	if err := z.cfg.Gate.Wait(ctx, ActionUpdate, urgent); err != nil {
		return nil, err
	}
	s, err := z.dial(ctx, z.primary)
	if err != nil {
		return nil, err
	}
	defer s.close()
	a, err := s.ask(msg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.server, err)
	}
	return a, nil
}

// serial asks a server for the zone's serial.
func (z *Zone) serial(ctx context.Context, to target) (uint32, error) {
	if err := z.cfg.Gate.Wait(ctx, ActionQuery, false); err != nil {
		return 0, err
	}
	s, err := z.dial(ctx, to)
	if err != nil {
		return 0, err
	}
	defer s.close()
	a, err := s.query(zone.Key{Owner: z.cfg.Apex, Type: zone.TypeSOA})
	if err != nil {
		return 0, err
	}
	for _, rr := range a.Answer {
		if soa, ok := rr.(*dns.SOA); ok && a.Authoritative {
			return soa.Serial, nil
		}
	}
	return 0, fmt.Errorf("%s has no such zone", s.server)
}

// transfer reads the whole zone (RFC 5936).
func (z *Zone) transfer(ctx context.Context) (rrsets, error) {
	if err := z.cfg.Gate.Wait(ctx, ActionAXFR, false); err != nil {
		return nil, err
	}
	s, err := z.dial(ctx, z.primary)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var q dns.Msg
	q.SetAxfr(z.cfg.Apex.String())
	msg, err := q.Pack()
	if err != nil {
		return nil, fmt.Errorf("AXFR: %w", err)
	}
	if err := s.write(msg); err != nil {
		return nil, fmt.Errorf("AXFR at %s: %w", s.server, err)
	}
	c := collector{apex: z.cfg.Apex, sets: map[zone.Key]*building{}}
	for !c.done {
		a, err := s.read(q.Id)
		if err != nil {
			return nil, fmt.Errorf("AXFR at %s, after %d records: %w", s.server, c.records, err)
		}
		if a.Rcode != dns.RcodeSuccess {
			return nil, fmt.Errorf("AXFR: %s says %s: it has to let %s transfer the zone (BIND: allow-transfer; Knot: an acl with action transfer)", s.server, rcode(a.Rcode), z.keyName())
		}
		for _, rr := range a.Answer {
			if err := c.add(rr); err != nil {
				return nil, fmt.Errorf("AXFR at %s: %w", s.server, err)
			}
		}
	}
	if s.answers != nil && !s.answers.Complete() {
		return nil, &keyError{fmt.Errorf("AXFR at %s: the last message is not signed", s.server)}
	}
	return c.rrsets(), nil
}

// stream is a connection for one exchange after another. It is not safe for
// concurrent use.
type stream struct {
	conn    net.Conn
	server  string
	timeout time.Duration
	ctx     context.Context
	stop    func() bool
	key     *keyFile
	keyErr  error         // the key used is not the one in the file
	answers *tsig.Answers // of the request sent last; nil: nothing is signed
}

// target is a server and how to talk to it.
type target struct {
	addresses []string
	key       *keyFile // nil: nothing is signed
	tls       *TLS     // nil: TCP
}

// dial connects to the first of the target's addresses that takes a connection.
// The stream ends with ctx.
func (z *Zone) dial(ctx context.Context, to target) (*stream, error) {
	var errs []error
	for _, server := range to.addresses {
		conn, err := z.connect(ctx, server, to.tls)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			return &stream{conn: conn, server: server, timeout: z.cfg.Timeout, ctx: ctx, stop: stop, key: to.key}, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		errs = append(errs, fmt.Errorf("connect to %s: %w", server, err))
	}
	return nil, errors.Join(errs...)
}

func (z *Zone) connect(ctx context.Context, server string, t *TLS) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, z.cfg.Timeout)
	defer cancel()
	if t == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", server)
	}
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return nil, err
	}
	c, err := t.config(host)
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{Config: c}).DialContext(ctx, "tcp", server)
}

func (s *stream) close() {
	s.stop()
	_ = s.conn.Close()
}

// query asks one question.
func (s *stream) query(k zone.Key) (*dns.Msg, error) {
	var q dns.Msg
	q.SetQuestion(k.Owner.String(), k.Type)
	q.RecursionDesired = false
	msg, err := q.Pack()
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", k.Owner, err)
	}
	a, err := s.ask(msg)
	if err != nil {
		return nil, fmt.Errorf("query %s at %s: %w", k.Owner, s.server, err)
	}
	if a.Rcode != dns.RcodeSuccess && a.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("query %s %s: %s says %s", k.Owner, zone.TypeString(k.Type), s.server, rcode(a.Rcode))
	}
	return a, nil
}

// ask sends a message and waits for its answer.
func (s *stream) ask(msg []byte) (*dns.Msg, error) {
	if err := s.write(msg); err != nil {
		return nil, err
	}
	return s.read(binary.BigEndian.Uint16(msg))
}

// write signs and sends a message.
func (s *stream) write(msg []byte) error {
	if s.key != nil {
		r, err := s.key.request()
		if r == nil {
			return err
		}
		s.keyErr = err
		msg = r.Sign(nil, msg, time.Now())
		s.answers = r.Answers()
	}
	if len(msg) > maxMessage {
		return fmt.Errorf("the message has %d octets, more than %d", len(msg), maxMessage)
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return s.cause(err)
	}
	_, err := s.conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...))
	return s.cause(err)
}

// read is the next message that answers the request with an ID.
func (s *stream) read(id uint16) (*dns.Msg, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(s.timeout)); err != nil {
		return nil, s.cause(err)
	}
	var size [2]byte
	if _, err := io.ReadFull(s.conn, size[:]); err != nil {
		return nil, s.cause(err)
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(s.conn, msg); err != nil {
		return nil, s.cause(err)
	}
	if s.answers != nil {
		var err error
		if msg, err = s.answers.Verify(msg, time.Now()); err != nil {
			return nil, &keyError{s.cause(err)}
		}
	}
	var a dns.Msg
	if err := a.Unpack(msg); err != nil {
		return nil, fmt.Errorf("answer cannot be read: %w", err)
	}
	if !a.Response || a.Id != id {
		return nil, errors.New("answer is to another message")
	}
	return &a, nil
}

// cause is what an error comes from: an end of the context shows as a closed
// connection, and an end of the connection as EOF.
func (s *stream) cause(err error) error {
	switch {
	case err == nil:
		return nil
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("the server ended the connection: %w", err)
	}
	if s.keyErr != nil {
		return fmt.Errorf("%w (with the key as it was before: %w)", err, s.keyErr)
	}
	return err
}

// rcode is an RCODE's mnemonic.
func rcode(code int) string {
	if name, ok := dns.RcodeToString[code]; ok {
		return name
	}
	return fmt.Sprintf("RCODE %d", code)
}
