package dnsserver

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/policy"
)

// SetTaps has taps told of what is answered: see answer.Engine.
func (s *Server) SetTaps(taps ...answer.Tap) { s.engine.SetTaps(taps...) }

// Socket is one that is listened on.
type Socket struct {
	Transport policy.Transport
	Addr      netip.AddrPort
	Conn      syscall.Conn
}

// sockets is what listeners give that can pass their sockets on.
type sockets interface{ Sockets() []syscall.Conn }

// drainer is what listeners can do whose sockets others go on with.
type drainer interface {
	Drain(ctx context.Context) error
}

// Sockets lists all sockets that can be passed on, as Config.Inherit takes them.
func (s *Server) Sockets() []Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Socket
	for _, l := range s.listeners {
		if have, ok := l.socket.(sockets); ok {
			for _, c := range have.Sockets() {
				all = append(all, Socket{l.transport, l.socket.Addr(), c})
			}
		}
	}
	return all
}

// inherit is the only socket of an address; nil: it is to be opened.
func (s *Server) inherit(t policy.Transport, addr netip.AddrPort) *os.File {
	if files := s.cfg.Inherit(t, addr); len(files) > 0 {
		return files[0]
	}
	return nil
}

// Drain is Close when somebody else has the sockets as well: what was read is
// answered, what was not is left to them. It takes until ctx ends at the
// longest, and a little more.
func (s *Server) Drain(ctx context.Context) error {
	s.mu.Lock()
	all := s.listeners
	s.listeners = nil
	s.mu.Unlock()
	errs := make([]error, len(all))
	var draining sync.WaitGroup
	for i, l := range all {
		draining.Go(func() {
			if d, ok := l.socket.(drainer); ok {
				errs[i] = d.Drain(ctx)
				return
			}
			errs[i] = l.socket.Close()
		})
	}
	draining.Wait()
	return errors.Join(errs...)
}
