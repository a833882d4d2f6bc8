package udp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// maxReaders bounds the sockets on one address; the kernel spreads clients over them.
	maxReaders = 256

	// batch is how many datagrams one system call moves. Past 16 the saving is
	// lost in noise, while a batch is also how long a stop-the-world waits for
	// this reader.
	batch = 16

	// controlLen holds one in_pktinfo or in6_pktinfo with its header.
	controlLen = 64
)

// control sets what must be set before bind.
func control(_, _ string, c syscall.RawConn) error {
	var err error
	if cerr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); cerr != nil {
		return cerr
	}
	return os.NewSyscallError("setsockopt SO_REUSEPORT", err)
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32 // octets of the datagram
	_   [4]byte
}

// reader owns one socket's buffers. The kernel fills query, from and control of
// a batch; answers go out with from and control as they came in, so that they
// leave by the address that was asked.
type reader struct {
	conn      *net.UDPConn
	responder Responder
	prefetch  func(queries [][]byte) // the Responder's; nil: it has none
	crowded   func() bool
	closed    *atomic.Bool
	later     *later

	recv, send     [batch]mmsghdr
	recvIO, sendIO [batch]unix.Iovec
	from           [batch][unix.SizeofSockaddrInet6]byte
	control        [batch][controlLen]byte
	query          [batch][maxQuery]byte
	queries        [batch][]byte // of query, as long as they are
	response       [batch][]byte
	wantControl    bool
}

func newReader(conn *net.UDPConn, cfg Config, closed *atomic.Bool, later *later) *reader {
	r := &reader{conn: conn, responder: cfg.New(), crowded: cfg.Crowded, closed: closed, later: later}
	if p, ok := r.responder.(Prefetcher); ok {
		r.prefetch = p.Prefetch
	}
	for i := range batch {
		r.response[i] = make([]byte, cfg.ResponseSize)
		r.recvIO[i].Base = &r.query[i][0]
		r.recvIO[i].SetLen(maxQuery)
		r.recv[i].hdr.Name = &r.from[i][0]
		r.recv[i].hdr.Iov = &r.recvIO[i]
		r.recv[i].hdr.SetIovlen(1)
		r.sendIO[i].Base = &r.response[i][0]
		r.send[i].hdr.Iov = &r.sendIO[i]
		r.send[i].hdr.SetIovlen(1)
	}
	if cfg.Addr.Addr().IsUnspecified() {
		r.wantControl = askForDestination(conn, cfg.Addr.Addr().Is4()) == nil
	}
	return r
}

// askForDestination has the kernel tell each datagram's destination address:
// a host has several, and clients drop answers from another one.
func askForDestination(conn *net.UDPConn, v4 bool) error {
	rc, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var serr error
	err = rc.Control(func(fd uintptr) {
		if v4 {
			serr = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		} else {
			serr = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		}
	})
	return errors.Join(err, serr)
}

// run answers until the socket is closed.
func (r *reader) run() error {
	rc, err := r.conn.SyscallConn()
	if err != nil {
		return err
	}
	for {
		var fault error
		// The runtime's poller parks this goroutine whenever the socket is empty.
		err := rc.Read(func(fd uintptr) bool {
			for !r.closed.Load() {
				n, errno := r.receive(fd)
				switch errno {
				case 0:
					r.answer(fd, n)
				case unix.EAGAIN:
					if !r.crowded() {
						return false
					}
					runtime.Gosched()
				case unix.EINTR, unix.ECONNREFUSED: // the second: an ICMP error for an answer sent before
				default:
					fault = os.NewSyscallError("recvmmsg", errno)
					return true
				}
			}
			return true
		})
		if err != nil || fault != nil || r.closed.Load() {
			return errors.Join(err, fault)
		}
	}
}

// receive fills a batch with what is there, without waiting. The raw system
// call, which the scheduler does not see, is for calls that cannot block only.
func (r *reader) receive(fd uintptr) (int, syscall.Errno) {
	for i := range r.recv {
		h := &r.recv[i].hdr
		h.Namelen = unix.SizeofSockaddrInet6
		if r.wantControl {
			h.Control = &r.control[i][0]
			h.SetControllen(controlLen)
		}
	}
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.recv[0])), batch, unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// answer answers the first n datagrams of the batch.
func (r *reader) answer(fd uintptr, n int) {
	for i := range n {
		r.queries[i] = r.query[i][:r.recv[i].n]
	}
	if r.prefetch != nil && n > 1 {
		r.prefetch(r.queries[:n])
	}
	out := 0
	for i := range n {
		in := &r.recv[i]
		size := r.responder.Respond(r.response[out], r.queries[i], r.source(i))
		if size <= 0 {
			if size < 0 {
				r.putOff(i)
			}
			continue
		}
		h := &r.send[out].hdr
		h.Name, h.Namelen = in.hdr.Name, in.hdr.Namelen
		h.Control, h.Controllen = in.hdr.Control, in.hdr.Controllen
		r.sendIO[out].SetLen(size)
		out++
	}
	for sent := 0; sent < out; {
		k, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&r.send[sent])), uintptr(out-sent), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			sent += int(k)
		case unix.EINTR:
		case unix.EAGAIN:
			return // no room to send: the clients ask again, and we do not wait for a slow network
		default:
			sent++ // the first one cannot be sent (port 0, no route): leave it out
		}
	}
}

// putOff has datagram i answered by later, to where it came from.
func (r *reader) putOff(i int) {
	from, control := r.from[i], r.control[i]
	namelen, controllen := r.recv[i].hdr.Namelen, r.recv[i].hdr.Controllen
	r.later.do(r.query[i][:r.recv[i].n], r.source(i), func(message []byte) error {
		rc, err := r.conn.SyscallConn()
		if err != nil || len(message) == 0 {
			return err
		}
		io := unix.Iovec{Base: &message[0]}
		io.SetLen(len(message))
		h := unix.Msghdr{Name: &from[0], Namelen: namelen, Iov: &io}
		h.SetIovlen(1)
		if r.wantControl {
			h.Control, h.Controllen = &control[0], controllen
		}
		var errno syscall.Errno
		err = rc.Control(func(fd uintptr) {
			_, _, errno = syscall.RawSyscall6(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&h)), unix.MSG_DONTWAIT, 0, 0, 0)
		})
		if err == nil && errno != 0 {
			err = os.NewSyscallError("sendmsg", errno)
		}
		return err
	})
}

// kernelDrops is how many datagrams found no room in a socket's buffer.
func kernelDrops(conn *net.UDPConn) uint64 {
	const drops = 8 // SK_MEMINFO_DROPS of linux/sock_diag.h
	var info [drops + 1]uint32
	rc, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	_ = rc.Control(func(fd uintptr) {
		size := uint32(unsafe.Sizeof(info))
		// A kernel before 4.12 does not know the option, and leaves zeros.
		_, _, _ = syscall.RawSyscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info[0])), uintptr(unsafe.Pointer(&size)), 0)
	})
	return uint64(info[drops])
}

// source is where datagram i came from.
func (r *reader) source(i int) netip.AddrPort {
	sa := &r.from[i]
	port := binary.BigEndian.Uint16(sa[2:])
	if binary.NativeEndian.Uint16(sa[:]) == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(sa[4:8])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(sa[8:24])), port)
}
