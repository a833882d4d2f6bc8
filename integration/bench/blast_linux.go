package main

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// largest is more octets than any answer here has.
const largest = 2048

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   [4]byte
}

// socket is a flow over UDP, with the headers of one batch in each direction.
type socket struct {
	*flow
	fd             int
	recv, send     [window]mmsghdr
	recvIO, sendIO [window]unix.Iovec
	answers        [window][largest]byte
}

// datagrams asks over UDP for so long. It never sleeps: to be woken would cost
// the server time, and a slow one more often than a fast one.
func (g *generator) datagrams(at string, length time.Duration) error {
	addr, err := netip.ParseAddrPort(at)
	if err != nil {
		return err
	}
	var sockets []*socket
	for range flows {
		s, err := g.newSocket(addr)
		if err != nil {
			return err
		}
		defer unix.Close(s.fd)
		sockets = append(sockets, s)
	}
	g.epoch = time.Now()
	checked := time.Duration(0)
	for {
		now := g.clock()
		for _, s := range sockets {
			if err := s.receive(); err != nil {
				return err
			}
			// Half a window at a time: the cost of a system call is shared.
			if now < length && len(s.free) >= window/2 {
				if err := s.refill(); err != nil {
					return err
				}
			}
		}
		if now-checked > patience/4 {
			checked = now
			for _, s := range sockets {
				s.giveUp(now - patience)
			}
		}
		if now >= length && g.idle(sockets) {
			return nil
		}
	}
}

func (g *generator) idle(sockets []*socket) bool {
	for _, s := range sockets {
		if s.underWay() > 0 {
			return false
		}
	}
	return true
}

func (g *generator) newSocket(addr netip.AddrPort) (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	s := &socket{flow: g.newFlow(window), fd: fd}
	for i := range window {
		s.recvIO[i].Base = &s.answers[i][0]
		s.recvIO[i].SetLen(largest)
		s.recv[i].hdr.Iov, s.send[i].hdr.Iov = &s.recvIO[i], &s.sendIO[i]
		s.recv[i].hdr.SetIovlen(1)
		s.send[i].hdr.SetIovlen(1)
	}
	return s, nil
}

// receive takes the answers that are there.
func (s *socket) receive() error {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.recv[0])), window, unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
	case unix.EAGAIN, unix.EINTR:
		return nil
	default:
		return os.NewSyscallError("recvmmsg", errno)
	}
	now := s.clock()
	for i := range n {
		s.take(s.answers[i][:s.recv[i].n], now)
	}
	return nil
}

// refill asks until the window is full. Messages are sent from where they lie.
func (s *socket) refill() error {
	now, n := s.clock(), len(s.free)
	for i := range n {
		msg := s.ask(now)
		s.sendIO[i].Base = &msg[0]
		s.sendIO[i].SetLen(len(msg))
	}
	for sent := 0; sent < n; {
		k, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.send[sent])), uintptr(n-sent), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			sent += int(k)
		case unix.EAGAIN, unix.EINTR:
		default:
			return os.NewSyscallError("sendmmsg", errno)
		}
	}
	return nil
}
