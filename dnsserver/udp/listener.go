package udp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Responder answers datagrams for one reader, one after the other.
type Responder interface {
	// Respond writes the answer to query, which came from from, into dst and
	// returns its length; 0 drops the query, less says that the answer takes time:
	// Config.Finish gives it then. It keeps neither slice, and must not block.
	Respond(dst, query []byte, from netip.AddrPort) int
}

// Prefetcher is a Responder that can look ahead.
type Prefetcher interface {
	// Prefetch sees the queries that Respond is called with next: all of them, in
	// this order and unchanged. What it finds out it may keep for that, of the
	// queries nothing. It must not block.
	Prefetch(queries [][]byte)
}

// Config says where to listen and who answers.
type Config struct {
	Addr netip.AddrPort   // port 0: any free one
	New  func() Responder // called once a reader, before Listen returns
	// Finish answers what Respond put off, in a goroutine of its own. Query is its
	// own, to keep. It calls send once; the end of ctx says that nobody waits any
	// more. Defaults to none: what is put off is dropped.
	Finish func(ctx context.Context, query []byte, from netip.AddrPort, send func(message []byte) error)
	// MaxLater bounds how many Finish run at once; past it queries are dropped.
	// Defaults to 1024.
	MaxLater int
	// Readers is how many readers share the address. Defaults to GOMAXPROCS; a
	// system without SO_REUSEPORT balancing has one.
	Readers int
	// ResponseSize is the room Respond gets, in octets. Defaults to 1232.
	ResponseSize int
	// SocketBuffer is what the kernel may hold of queries not yet read, in octets
	// a socket. Defaults to 4 MiB; the system may allow less.
	SocketBuffer int
	// Inherited are sockets on Addr that somebody else opened, one a reader; then no
	// others are opened. Listen closes the files. Defaults to none.
	Inherited []*os.File
	// Crowded says that others keep the processors busy. While they do, the
	// runtime looks for sockets that became readable every 10 ms only; a reader
	// whose socket is empty then looks again by itself after the others had their
	// turn. Defaults to never. It must not block.
	Crowded func() bool
}

// maxQuery is the longest datagram in octets that is read whole.
const maxQuery = 4096

// Listener owns its sockets and readers until Close.
type Listener struct {
	addr    netip.AddrPort
	conns   []*net.UDPConn
	readers sync.WaitGroup
	closed  atomic.Bool
	errs    chan error
	later   later
}

// later runs what takes time.
type later struct {
	finish  func(ctx context.Context, query []byte, from netip.AddrPort, send func(message []byte) error)
	ctx     context.Context // done at Close
	cancel  context.CancelFunc
	places  chan struct{}
	running sync.WaitGroup
	dropped atomic.Uint64
}

// do answers query in a goroutine of its own, if a place is free.
func (l *later) do(query []byte, from netip.AddrPort, send func(message []byte) error) {
	if l.finish == nil {
		return
	}
	select {
	case l.places <- struct{}{}:
	default:
		l.dropped.Add(1)
		return
	}
	query = bytes.Clone(query)
	l.running.Go(func() {
		defer func() { <-l.places }()
		l.finish(l.ctx, query, from, send)
	})
}

// Listen opens the sockets and starts the readers. The error names the address.
func Listen(ctx context.Context, cfg Config) (*Listener, error) {
	if cfg.Readers <= 0 {
		cfg.Readers = runtime.GOMAXPROCS(0)
	}
	cfg.Readers = min(cfg.Readers, maxReaders)
	if cfg.ResponseSize <= 0 {
		cfg.ResponseSize = 1232
	}
	if cfg.SocketBuffer <= 0 {
		cfg.SocketBuffer = 4 << 20
	}
	if cfg.MaxLater <= 0 {
		cfg.MaxLater = 1024
	}
	if cfg.Crowded == nil {
		cfg.Crowded = func() bool { return false }
	}
	l := &Listener{addr: cfg.Addr, errs: make(chan error, cfg.Readers)}
	l.later.finish, l.later.places = cfg.Finish, make(chan struct{}, cfg.MaxLater)
	l.later.ctx, l.later.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if len(cfg.Inherited) > 0 {
		cfg.Readers = len(cfg.Inherited)
	}
	for i := range cfg.Readers {
		conn, err := l.open(ctx, cfg.Inherited, i)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen on udp %s: %w", l.addr, err), l.Close())
		}
		l.conns = append(l.conns, conn)
		l.addr = netip.AddrPortFrom(l.addr.Addr(), conn.LocalAddr().(*net.UDPAddr).AddrPort().Port())
		_ = conn.SetReadBuffer(cfg.SocketBuffer) // the system's limit stands if it is lower
		_ = conn.SetWriteBuffer(cfg.SocketBuffer)
	}
	for _, conn := range l.conns {
		r := newReader(conn, cfg, &l.closed, &l.later)
		l.readers.Go(func() {
			if err := r.run(); err != nil && !l.closed.Load() {
				l.errs <- fmt.Errorf("read on udp %s: %w", l.addr, err)
			}
		})
	}
	return l, nil
}

// open opens a socket, or takes the inherited one.
func (l *Listener) open(ctx context.Context, inherited []*os.File, i int) (*net.UDPConn, error) {
	var pc net.PacketConn
	var err error
	if len(inherited) > 0 {
		pc, err = net.FilePacketConn(inherited[i])
		_ = inherited[i].Close()
	} else {
		lc := net.ListenConfig{Control: control}
		pc, err = lc.ListenPacket(ctx, network(l.addr.Addr()), l.addr.String())
	}
	if err != nil {
		return nil, err
	}
	conn, ok := pc.(*net.UDPConn)
	if !ok {
		return nil, errors.Join(errors.New("the inherited socket is none of UDP"), pc.Close())
	}
	return conn, nil
}

// network keeps families apart, so that 0.0.0.0 and :: may both be listened on.
func network(a netip.Addr) string {
	if a.Is4() {
		return "udp4"
	}
	return "udp6"
}

// Addr is the address listened on, its port never 0.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// Errors yields what stopped a reader that was not closed; never more than one a reader.
func (l *Listener) Errors() <-chan error { return l.errs }

// Dropped counts the queries that were dropped because too many took time.
func (l *Listener) Dropped() uint64 { return l.later.dropped.Load() }

// Sockets are the readers' sockets, for those who pass them on.
func (l *Listener) Sockets() []syscall.Conn {
	all := make([]syscall.Conn, len(l.conns))
	for i, c := range l.conns {
		all[i] = c
	}
	return all
}

// KernelDrops counts the datagrams that came in while a socket's buffer was
// full, since it was opened; 0 where the system does not tell.
func (l *Listener) KernelDrops() uint64 {
	var n uint64
	for _, c := range l.conns {
		n += kernelDrops(c)
	}
	return n
}

// Drain stops the readers, and closes the sockets when all is answered that was
// read, or when ctx ends. Datagrams not read yet are left in the sockets: who
// else has them reads them.
func (l *Listener) Drain(ctx context.Context) error {
	l.closed.Store(true)
	for _, c := range l.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // wakes the reader
	}
	l.readers.Wait()
	finished := make(chan struct{})
	go func() { l.later.running.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-ctx.Done():
	}
	err := l.Close()
	<-finished
	return err
}

// Close stops the readers and waits for them. Datagrams not read yet are lost.
func (l *Listener) Close() error {
	l.closed.Store(true)
	l.later.cancel()
	var errs []error
	for _, c := range l.conns {
		errs = append(errs, c.Close())
	}
	l.readers.Wait()
	l.later.running.Wait()
	return errors.Join(errs...)
}
