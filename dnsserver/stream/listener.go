package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Responder answers messages, one after the other.
type Responder interface {
	// Respond writes the answer to query, which came from from, into dst and
	// returns its length; 0 says that there is none, less that it takes time, or
	// several messages: Config.Finish gives it then. It keeps neither slice, and
	// must not block.
	Respond(dst, query []byte, from netip.AddrPort) int
}

// Config says where to listen, who answers, and what clients may use up.
type Config struct {
	Addr netip.AddrPort   // port 0: any free one
	New  func() Responder // called for as many as are busy at once
	// Finish answers what Respond put off, in a goroutine of its own: queries that
	// come behind are answered meanwhile (RFC 7766 §6.2.1.1). Query is its own, to
	// keep. It calls send for each message; an error of send, or the end of ctx,
	// says that nobody waits any more. Defaults to none: what is put off has no answer.
	Finish func(ctx context.Context, query []byte, from netip.AddrPort, send func(message []byte) error)
	// MaxLater bounds how many Finish run at once; connections wait for their turn.
	// Defaults to 1024, of which one connection has 32 at most.
	MaxLater int
	// TLS makes the connections TLS ones (RFC 7858). Defaults to none.
	TLS *tls.Config
	// MaxConns bounds the connections open at once. Defaults to 4096.
	MaxConns int
	// MaxPerClient bounds those of one client address. Defaults to 128: a
	// cluster's CoreDNS pods may all come from one node's address.
	MaxPerClient int
	// Idle is how long a connection may wait for its next message. Defaults to
	// 10 s; it shrinks to a tenth while more than half of MaxConns are open (RFC
	// 7766 §6.2.3).
	Idle time.Duration
	// Transfer is how long one message may take to come in, or to be taken off us.
	// Defaults to 5 s.
	Transfer time.Duration
	// Turns are what connections compose answers in; Listeners may share them.
	// Defaults to as many as GOMAXPROCS.
	Turns *Turns
}

// Listener owns its socket and connections until Close.
type Listener struct {
	cfg      Config
	ln       *net.TCPListener
	turns    *Turns
	later    chan struct{}   // a place for each Finish that runs
	ctx      context.Context // done at Close; parts what Close broke from what broke by itself
	cancel   context.CancelFunc
	serving  sync.WaitGroup
	buffers  sync.Pool // of *buffers
	errs     chan error
	refused  atomic.Uint64
	accepted atomic.Uint64

	mu      sync.Mutex
	open    map[net.Conn]struct{}
	clients map[netip.Addr]int
}

// Listen opens the socket and starts to accept. The error names the address.
func Listen(ctx context.Context, cfg Config) (*Listener, error) {
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = 4096
	}
	if cfg.MaxPerClient <= 0 {
		cfg.MaxPerClient = 128
	}
	if cfg.MaxLater <= 0 {
		cfg.MaxLater = 1024
	}
	if cfg.Idle <= 0 {
		cfg.Idle = 10 * time.Second
	}
	if cfg.Transfer <= 0 {
		cfg.Transfer = 5 * time.Second
	}
	if cfg.Turns == nil {
		cfg.Turns = NewTurns(runtime.GOMAXPROCS(0))
	}
	network := "tcp6"
	if cfg.Addr.Addr().Is4() {
		network = "tcp4"
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network, cfg.Addr.String())
	if err != nil {
		return nil, fmt.Errorf("listen on tcp %s: %w", cfg.Addr, err)
	}
	l := &Listener{cfg: cfg, ln: ln.(*net.TCPListener), errs: make(chan error, 1), turns: cfg.Turns, later: make(chan struct{}, cfg.MaxLater),
		open: map[net.Conn]struct{}{}, clients: map[netip.Addr]int{}}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.buffers.New = func() any { return &buffers{responder: cfg.New()} }
	l.serving.Go(l.accept)
	return l, nil
}

// Addr is the address listened on, its port never 0.
func (l *Listener) Addr() netip.AddrPort { return l.ln.Addr().(*net.TCPAddr).AddrPort() }

// Errors yields what stopped the accepting of connections, if Close did not.
func (l *Listener) Errors() <-chan error { return l.errs }

// Accepted counts the connections served since Listen.
func (l *Listener) Accepted() uint64 { return l.accepted.Load() }

// Refused counts the connections that were closed at once because a bound was reached.
func (l *Listener) Refused() uint64 { return l.refused.Load() }

// Open counts the connections open now.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// Close closes the socket and all connections, and waits for their goroutines.
func (l *Listener) Close() error {
	l.cancel()
	err := l.ln.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // it was closed before
	}
	l.mu.Lock()
	for c := range l.open {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.serving.Wait()
	return err
}

func (l *Listener) accept() {
	pause := time.Duration(0)
	for {
		conn, err := l.ln.AcceptTCP()
		if l.ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				l.errs <- fmt.Errorf("accept on tcp %s: %w", l.Addr(), err)
				return
			}
			// Out of descriptors, most likely: wait for some to come back, ever longer.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-l.ctx.Done():
			}
			continue
		}
		pause = 0
		from := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		if !l.admit(conn, from.Addr()) {
			l.refused.Add(1)
			_ = conn.Close()
			continue
		}
		l.accepted.Add(1)
		l.serving.Go(func() {
			defer l.leave(conn, from.Addr())
			l.serveConn(conn, from)
		})
	}
}

// admit counts a connection in, if the bounds allow.
func (l *Listener) admit(conn net.Conn, client netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil || len(l.open) >= l.cfg.MaxConns || l.clients[client] >= l.cfg.MaxPerClient {
		return false
	}
	l.open[conn] = struct{}{}
	l.clients[client]++
	return true
}

func (l *Listener) leave(conn net.Conn, client netip.Addr) {
	_ = conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, conn)
	if l.clients[client]--; l.clients[client] == 0 {
		delete(l.clients, client)
	}
}
