package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/https"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/quic"
	"github.com/fedns/fedns/dnsserver/stream"
	"github.com/fedns/fedns/dnsserver/udp"
)

// listener is one socket, or several on one address.
type listener struct {
	transport policy.Transport
	socket    interface {
		Addr() netip.AddrPort
		Errors() <-chan error
		Close() error
	}
}

// connections is what listeners with connections tell of them.
type connections interface {
	Open() int
	Accepted() uint64
	Refused() uint64
}

// Start opens all sockets and begins to answer, until Close. When one cannot be
// opened, none stays open.
func (s *Server) Start(ctx context.Context) error {
	var err error
	for _, addr := range s.cfg.Listen {
		err = errors.Join(err, s.listenPlain(ctx, addr))
	}
	for _, addr := range s.cfg.TLS {
		cfg := s.streamConfig(addr, policy.TLS)
		cfg.TLS = s.cfg.Secure
		l, lerr := stream.Listen(ctx, cfg)
		err = errors.Join(err, s.add(policy.TLS, l, lerr))
	}
	for _, addr := range s.cfg.HTTPS {
		counts := s.tally(policy.HTTPS, addr)
		l, lerr := https.Listen(ctx, https.Config{
			Addr: addr, TLS: s.cfg.Secure, Turns: s.turns, Finish: s.finish(policy.HTTPS), Inherited: s.inherit(policy.HTTPS, addr),
			New: func() https.Responder { return s.engine.NewWorker(policy.HTTPS, counts).At(addr) },
		})
		err = errors.Join(err, s.add(policy.HTTPS, l, lerr))
	}
	for _, addr := range s.cfg.QUIC {
		counts := s.tally(policy.QUIC, addr)
		l, lerr := quic.Listen(ctx, quic.Config{
			Addr: addr, TLS: s.cfg.Secure, Turns: s.turns, Finish: s.finish(policy.QUIC), Inherited: s.inherit(policy.QUIC, addr),
			New: func() quic.Responder { return s.engine.NewWorker(policy.QUIC, counts).At(addr) },
		})
		err = errors.Join(err, s.add(policy.QUIC, l, lerr))
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it ends by Close, as the sockets do
	s.mu.Lock()
	s.endCompiling = stop
	s.mu.Unlock()
	s.compiling.Go(func() { s.engine.Compile(ctx) })
	return nil
}

func (s *Server) add(t policy.Transport, socket interface {
	Addr() netip.AddrPort
	Errors() <-chan error
	Close() error
}, err error) error {
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, listener{t, socket})
	return nil
}

func (s *Server) streamConfig(addr netip.AddrPort, t policy.Transport) stream.Config {
	counts := s.tally(t, addr)
	return stream.Config{
		Addr: addr, Turns: s.turns, Finish: s.finish(t), Inherited: s.inherit(t, addr),
		New: func() stream.Responder { return s.engine.NewWorker(t, counts).At(addr) },
	}
}

// listenPlain listens by TCP and UDP on one address.
func (s *Server) listenPlain(ctx context.Context, addr netip.AddrPort) error {
	t, err := stream.Listen(ctx, s.streamConfig(addr, policy.TCP))
	if err := s.add(policy.TCP, t, err); err != nil {
		return err
	}
	// Port 0: whatever TCP was given, UDP takes as well.
	u, err := udp.Listen(ctx, udp.Config{
		Addr: t.Addr(), Inherited: s.cfg.Inherit(policy.UDP, addr), Readers: s.cfg.Readers, ResponseSize: answer.MaxUDP, Crowded: s.turns.Busy, Finish: s.finish(policy.UDP),
		New: func() udp.Responder {
			return s.engine.NewWorker(policy.UDP, s.tally(policy.UDP, t.Addr())).At(t.Addr())
		},
	})
	return s.add(policy.UDP, u, err)
}

// Addrs are the addresses listened on by UDP and TCP, ports never 0.
func (s *Server) Addrs() []netip.AddrPort { return s.AddrsOf(policy.UDP) }

// AddrsOf are the addresses listened on by a transport, ports never 0.
func (s *Server) AddrsOf(t policy.Transport) []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	var addrs []netip.AddrPort
	for _, l := range s.listeners {
		if l.transport == t {
			addrs = append(addrs, l.socket.Addr())
		}
	}
	return addrs
}

// Close stops answering and closes all sockets.
func (s *Server) Close() error {
	s.mu.Lock()
	all, end := s.listeners, s.endCompiling
	s.listeners, s.endCompiling = nil, nil
	s.mu.Unlock()
	if end != nil {
		end()
		s.compiling.Wait()
	}
	var errs []error
	for _, l := range all {
		errs = append(errs, l.socket.Close())
	}
	return errors.Join(errs...)
}

// Wait blocks until ctx is done, or a listener fails by itself; the error says which.
func (s *Server) Wait(ctx context.Context) error {
	s.mu.Lock()
	all := slices.Clone(s.listeners)
	s.mu.Unlock()
	failed := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, l := range all {
		go func() {
			select {
			case err := <-l.socket.Errors():
				select {
				case failed <- fmt.Errorf("name server: %w", err):
				default:
				}
			case <-ctx.Done():
			}
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// StreamStatus is how a transport's connections stand, over all addresses.
type StreamStatus struct {
	Open     int
	Accepted uint64
	Refused  uint64
}

// Streams tells how a transport's connections stand.
func (s *Server) Streams(t policy.Transport) StreamStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	var st StreamStatus
	for _, l := range s.listeners {
		if c, ok := l.socket.(connections); ok && l.transport == t {
			st.Open += c.Open()
			st.Accepted += c.Accepted()
			st.Refused += c.Refused()
		}
	}
	return st
}
