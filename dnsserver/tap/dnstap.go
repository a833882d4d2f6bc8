package tap

import (
	"context"
	"errors"
	"time"

	dnstap "github.com/dnstap/golang-dnstap"
	"google.golang.org/protobuf/proto"
)

// Config says where dnstap goes.
type Config struct {
	// Exactly one: path of a Unix socket that somebody listens on, or of a file,
	// which is begun anew; one that is there is set aside first.
	Socket, File string
	Identity     string // of this server, in each frame; empty: none
	Version      string // of this server's software; empty: none
	// Queries adds the query to each response's frame. A query without response
	// has a frame of its own either way.
	Queries bool
	// Failed is told when nothing can be written, and with nil when it can again;
	// not for each try. Defaults to telling nobody.
	Failed func(err error)

	retry time.Duration // until the first new try; tests shorten it
}

// The wait between tries to reach the socket, at first and at most.
const (
	firstRetry = time.Second
	maxRetry   = 30 * time.Second
)

// Dnstap is an answer.Observer that writes dnstap while Run runs.
type Dnstap struct {
	*queue
	cfg      Config
	identity []byte
	version  []byte
	frame    []byte
}

// NewDnstap makes a Dnstap that opens nothing yet.
func NewDnstap(cfg Config) (*Dnstap, error) {
	if (cfg.Socket == "") == (cfg.File == "") {
		return nil, errors.New("dnstap: want a socket or a file")
	}
	if cfg.Failed == nil {
		cfg.Failed = func(error) {}
	}
	if cfg.retry <= 0 {
		cfg.retry = firstRetry
	}
	d := &Dnstap{queue: newQueue(), cfg: cfg}
	if cfg.Identity != "" {
		d.identity = []byte(cfg.Identity)
	}
	if cfg.Version != "" {
		d.version = []byte(cfg.Version)
	}
	return d, nil
}

// Run writes until ctx is done, and then what is queued still. Whatever it
// cannot reach it tries again and again, ever more slowly.
func (d *Dnstap) Run(ctx context.Context) {
	pause, failed := d.cfg.retry, false
	for {
		s, err := d.open(ctx)
		if err == nil {
			if failed {
				d.cfg.Failed(nil)
			}
			pause, failed = d.cfg.retry, false
			err = d.write(ctx, s)
		}
		if ctx.Err() != nil {
			return
		}
		if !failed {
			d.cfg.Failed(err)
			failed = true
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, maxRetry)
		case <-ctx.Done():
			return
		}
	}
}

// write writes what is queued into s, and closes it.
func (d *Dnstap) write(ctx context.Context, s *sink) (err error) {
	defer func() {
		if cerr := s.close(err == nil); err == nil {
			err = cerr
		}
	}()
	for {
		select {
		case r := <-d.records:
			if err := d.put(s, r); err != nil {
				return err
			}
			continue
		default:
		}
		// Nothing waits, so nobody is held up: what was written is to be seen.
		if err := s.flush(); err != nil {
			return err
		}
		select {
		case r := <-d.records:
			if err := d.put(s, r); err != nil {
				return err
			}
		case <-ctx.Done():
			return d.drain(s)
		}
	}
}

// drain writes what is queued now.
func (d *Dnstap) drain(s *sink) error {
	for {
		select {
		case r := <-d.records:
			if err := d.put(s, r); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// put writes one record.
func (d *Dnstap) put(s *sink, r *record) error {
	defer d.done(r)
	frame, err := proto.MarshalOptions{}.MarshalAppend(d.frame[:0], d.message(r))
	if err != nil {
		return err
	}
	d.frame = frame
	if err := s.write(frame); err != nil {
		d.dropped.Add(1)
		return err
	}
	d.written.Add(1)
	return nil
}

// message is a record as dnstap says it. It holds r's slices.
func (d *Dnstap) message(r *record) *dnstap.Dnstap {
	m := &dnstap.Message{
		Type:           dnstap.Message_AUTH_RESPONSE.Enum(),
		SocketProtocol: protocols[r.transport].Enum(),
		QueryTimeSec:   proto.Uint64(uint64(r.asked.Unix())),
		QueryTimeNsec:  proto.Uint32(uint32(r.asked.Nanosecond())),
	}
	client := r.client.Addr().Unmap()
	m.SocketFamily = dnstap.SocketFamily_INET6.Enum()
	if client.Is4() {
		m.SocketFamily = dnstap.SocketFamily_INET.Enum()
	}
	m.QueryAddress, m.QueryPort = client.AsSlice(), proto.Uint32(uint32(r.client.Port()))
	if r.local.IsValid() {
		m.ResponsePort = proto.Uint32(uint32(r.local.Port()))
		if a := r.local.Addr(); !a.IsUnspecified() {
			m.ResponseAddress = a.Unmap().AsSlice()
		}
	}
	if d.cfg.Queries || len(r.response) == 0 {
		m.QueryMessage = r.query
	}
	if len(r.response) == 0 {
		m.Type = dnstap.Message_AUTH_QUERY.Enum()
	} else {
		m.ResponseMessage = r.response
		m.ResponseTimeSec, m.ResponseTimeNsec = proto.Uint64(uint64(r.answered.Unix())), proto.Uint32(uint32(r.answered.Nanosecond()))
	}
	return &dnstap.Dnstap{Type: dnstap.Dnstap_MESSAGE.Enum(), Identity: d.identity, Version: d.version, Message: m}
}

// protocols are the transports by their names in dnstap.
var protocols = [...]dnstap.SocketProtocol{
	dnstap.SocketProtocol_UDP, dnstap.SocketProtocol_TCP, dnstap.SocketProtocol_DOT, dnstap.SocketProtocol_DOH, socketDOQ,
}

// socketDOQ is DNS over QUIC: dnstap.proto has it since 2022, the Go package not yet.
const socketDOQ dnstap.SocketProtocol = 7
