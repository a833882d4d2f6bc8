package https

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fedns/fedns/dnsserver/stream"
)

const (
	// maxHeader bounds a request's line and header in octets; net/http answers 431
	// past it. A query in a GET may thus have some 12,000: longer ones are POSTed.
	maxHeader = 16 << 10
	// maxStreams bounds the requests at once of an HTTP/2 connection (RFC 9113
	// §6.5.2 asks for no less than 100).
	maxStreams = 100
	// windows are what an HTTP/2 request, and its connection, may send before it is read.
	streamWindow     = 64 << 10
	connectionWindow = 128 << 10
)

// Responder answers messages, one after the other: see stream.Responder.
type Responder = stream.Responder

// Config says where to listen, who answers, and what clients may use up.
type Config struct {
	Addr netip.AddrPort   // port 0: any free one
	New  func() Responder // called for as many as are busy at once
	// Finish answers what Respond put off, in the request's goroutine. Query is its
	// own, to keep. It calls send once: HTTP has one message an answer, a second one
	// is refused and makes the answer a 501. The end of ctx says that nobody waits
	// any more. Defaults to none: what is put off has no answer.
	Finish func(ctx context.Context, query []byte, from netip.AddrPort, send func(message []byte) error)
	// MaxLater bounds how many Finish run at once; requests wait for their turn.
	// Defaults to 1024.
	MaxLater int
	// TLS makes it HTTPS. Its protocol names are set here. Defaults to none: HTTP,
	// for behind a proxy that then is the client.
	TLS *tls.Config
	// Path is where queries are taken. Defaults to /dns-query.
	Path string
	// MaxConns bounds the connections open at once. Defaults to 4096.
	MaxConns int
	// MaxPerClient bounds those of one client address. Defaults to 128.
	MaxPerClient int
	// MaxRequests bounds the requests at once, of which one client address has an
	// eighth at most; what comes past it is answered 503. Defaults to 4096.
	MaxRequests int
	// Idle is how long a connection may wait for its next request. Defaults to 10 s.
	Idle time.Duration
	// Transfer is how long a request may take to come in, an answer to be taken off
	// us, and a TLS handshake to be done. Defaults to 5 s.
	Transfer time.Duration
	// Turns are what requests compose answers in; Listeners may share them.
	// Defaults to as many as GOMAXPROCS.
	Turns *stream.Turns
	// Inherited is a socket that listens on Addr already: see stream.DoorConfig.
	Inherited *os.File
}

// Listener owns its socket, connections and requests until Close. Its methods
// may be called from any goroutine.
type Listener struct {
	cfg      Config
	door     *stream.Door
	server   http.Server
	later    chan struct{}  // a place for each Finish that runs
	requests *stream.Places // of requests
	buffers  sync.Pool      // of *buffers
	busy     atomic.Uint64
	errs     chan error

	running sync.WaitGroup // the server, its connections and requests

	mu     sync.Mutex
	closed bool // no more requests
}

// buffers is what answering a request needs.
type buffers struct {
	responder Responder
	answer    [maxMessage]byte
}

// Listen opens the socket and starts to accept. The error names the address, or the path.
func Listen(ctx context.Context, cfg Config) (*Listener, error) {
	if cfg.Path == "" {
		cfg.Path = "/dns-query"
	}
	if !strings.HasPrefix(cfg.Path, "/") {
		return nil, fmt.Errorf("listen on https %s: path %q must begin with a slash", cfg.Addr, cfg.Path)
	}
	if cfg.MaxLater <= 0 {
		cfg.MaxLater = 1024
	}
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = 4096
	}
	if cfg.Idle <= 0 {
		cfg.Idle = 10 * time.Second
	}
	if cfg.Transfer <= 0 {
		cfg.Transfer = 5 * time.Second
	}
	if cfg.Turns == nil {
		cfg.Turns = stream.NewTurns(runtime.GOMAXPROCS(0))
	}
	if cfg.TLS != nil {
		cfg.TLS = cfg.TLS.Clone()
		cfg.TLS.NextProtos = []string{"h2", "http/1.1"}
	}
	l := &Listener{cfg: cfg, later: make(chan struct{}, cfg.MaxLater), errs: make(chan error, 1),
		requests: stream.NewPlaces(cfg.MaxRequests, max(1, cfg.MaxRequests/8))}
	l.buffers.New = func() any { return &buffers{responder: cfg.New()} }
	door, err := stream.OpenDoor(ctx, stream.DoorConfig{Addr: cfg.Addr, TLS: cfg.TLS, MaxConns: cfg.MaxConns, MaxPerClient: cfg.MaxPerClient, Handshake: cfg.Transfer, Inherited: cfg.Inherited})
	if err != nil {
		return nil, err
	}
	l.door = door
	l.serve()
	return l, nil
}

// serve starts the HTTP server and lets connections in.
func (l *Listener) serve() {
	l.server = http.Server{
		Handler:           l,
		ReadHeaderTimeout: l.cfg.Transfer,
		ReadTimeout:       l.cfg.Transfer,
		IdleTimeout:       l.cfg.Idle,
		MaxHeaderBytes:    maxHeader,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerStream: streamWindow,
			MaxReceiveBufferPerConnection: connectionWindow, WriteByteTimeout: l.cfg.Transfer},
		BaseContext: func(net.Listener) context.Context { return l.door.Context() },
		ErrorLog:    slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug), // what clients do wrong
		Protocols:   new(http.Protocols),
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				l.running.Add(1)
			case http.StateClosed:
				l.running.Done()
			}
		},
	}
	l.server.Protocols.SetHTTP1(true)
	l.server.Protocols.SetHTTP2(true)
	l.server.Protocols.SetUnencryptedHTTP2(l.cfg.TLS == nil)
	f := &feed{door: l.door, conns: make(chan net.Conn)}
	l.running.Go(func() {
		// It ends when the feed does, or says why it cannot begin.
		if err := l.server.Serve(f); l.door.Context().Err() == nil {
			l.errs <- fmt.Errorf("serve https on %s: %w", l.Addr(), err)
		}
	})
	l.door.Receive(f.give)
}

// Addr is the address listened on, its port never 0.
func (l *Listener) Addr() netip.AddrPort { return l.door.Addr() }

// Errors yields what stopped the accepting of connections, if Close did not.
func (l *Listener) Errors() <-chan error { return l.errs }

// Accepted counts the connections let in since Listen.
func (l *Listener) Accepted() uint64 { return l.door.Accepted() }

// Refused counts the connections that were closed at once because a bound was reached.
func (l *Listener) Refused() uint64 { return l.door.Refused() }

// Open counts the connections open now.
func (l *Listener) Open() int { return l.door.Open() }

// Busy counts the requests that were answered 503 because too many were there.
func (l *Listener) Busy() uint64 { return l.busy.Load() }

// Sockets is the socket, for those who pass it on.
func (l *Listener) Sockets() []syscall.Conn { return l.door.Sockets() }

// Drain accepts no more connections, which are left in the socket for whoever
// else has it, and ends those there are as soon as they have no request; all when
// ctx ends. Then it closes everything.
func (l *Listener) Drain(ctx context.Context) error {
	l.door.StopAccepting()
	l.server.SetKeepAlivesEnabled(false)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for l.Open() > 0 && ctx.Err() == nil {
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
	return l.Close()
}

// Close closes the socket and all connections, and waits for their goroutines.
func (l *Listener) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	err := errors.Join(l.door.Close(), l.server.Close())
	l.running.Wait()
	return err
}

// begin counts a request that is being answered; false when no more are.
func (l *Listener) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.running.Add(1)
	return true
}
