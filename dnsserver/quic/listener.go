package quic

import (
	"context"
	"crypto/tls"
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

	"github.com/quic-go/quic-go"

	"github.com/fedns/fedns/dnsserver/stream"
)

const (
	// alpn is DNS over QUIC by its name (RFC 9250 §4.1.1).
	alpn = "doq"
	// What clients may send before it is read, in octets: a stream has one query, and
	// most are far shorter than the longest.
	streamWindow        = 4 << 10
	maxStreamWindow     = 128 << 10
	connectionWindow    = 64 << 10
	maxConnectionWindow = 256 << 10
	// unproven is how many handshakes there may be for each processor before
	// clients must prove their addresses.
	unproven = 4
)

// Responder answers messages, one after the other: see stream.Responder.
type Responder = stream.Responder

// Config says where to listen, who answers, and what clients may use up.
type Config struct {
	Addr netip.AddrPort   // a UDP one; port 0: any free one
	New  func() Responder // called for as many as are busy at once
	// Finish answers what Respond put off, in the stream's goroutine. Query is its
	// own, to keep. It calls send for each message, as often as it likes; an error of
	// send, or the end of ctx, says that nobody waits any more. Defaults to none:
	// what is put off has no answer.
	Finish func(ctx context.Context, query []byte, from netip.AddrPort, send func(message []byte) error)
	// MaxLater bounds how many Finish run at once; streams wait for their turn.
	// Defaults to 1024.
	MaxLater int
	// TLS has the certificate; its protocol names and least version are set here.
	TLS *tls.Config
	// MaxConns bounds the connections at once, those that shake hands included.
	// Defaults to 4096.
	MaxConns int
	// MaxPerClient bounds those of one client address. Defaults to 128.
	MaxPerClient int
	// MaxStreams bounds the queries at once of a connection. Defaults to 100.
	MaxStreams int
	// Idle is how long a connection may be without a query. Defaults to 10 s; it
	// shrinks to a tenth while more than half of MaxConns are open.
	Idle time.Duration
	// Transfer is how long one message may take to come in, or to be taken off us,
	// and a handshake to be done. Defaults to 5 s.
	Transfer time.Duration
	// Turns are what streams compose answers in; Listeners may share them. Defaults
	// to as many as GOMAXPROCS.
	Turns *stream.Turns
	// Inherited is a socket on Addr that somebody else opened; Listen closes the
	// file. Connections stay with who has them, and break when he ends; new ones are
	// whose packets come here. Defaults to none.
	Inherited *os.File
}

// Listener owns its socket and connections until Close. Its methods may be
// called from any goroutine.
type Listener struct {
	cfg       Config
	socket    net.PacketConn
	transport quic.Transport
	listener  *quic.Listener
	ctx       context.Context // done at Close
	cancel    context.CancelFunc
	serving   sync.WaitGroup
	places    *stream.Places // of connections
	later     chan struct{}  // a place for each Finish that runs
	buffers   sync.Pool      // of *buffers
	errs      chan error

	handshakes atomic.Int64
	refused    atomic.Uint64
	accepted   atomic.Uint64
}

// Listen opens the socket and starts to accept. The error names the address.
func Listen(ctx context.Context, cfg Config) (*Listener, error) {
	if cfg.TLS == nil {
		return nil, fmt.Errorf("listen on quic %s: no certificate", cfg.Addr)
	}
	cfg = cfg.withDefaults()
	socket, err := cfg.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("listen on quic %s: %w", cfg.Addr, err)
	}
	l := &Listener{cfg: cfg, socket: socket, places: stream.NewPlaces(cfg.MaxConns, cfg.MaxPerClient),
		later: make(chan struct{}, cfg.MaxLater), errs: make(chan error, 1)}
	l.buffers.New = func() any { return &buffers{responder: cfg.New()} }
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.transport = quic.Transport{Conn: socket, VerifySourceAddress: l.doubtful, ConnContext: l.admit}
	l.listener, err = l.transport.Listen(cfg.TLS, &quic.Config{
		HandshakeIdleTimeout:           cfg.Transfer / 2, // the whole may take twice that
		MaxIdleTimeout:                 2 * cfg.Idle,     // we end it before, and say so
		MaxIncomingStreams:             int64(cfg.MaxStreams),
		MaxIncomingUniStreams:          -1, // RFC 9250 §4.3.3: there are none
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connectionWindow,
		MaxConnectionReceiveWindow:     maxConnectionWindow,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on quic %s: %w", cfg.Addr, err), l.transport.Close(), socket.Close())
	}
	l.serving.Go(l.accept)
	return l, nil
}

// open opens the socket, or takes the inherited one.
func (cfg Config) open(ctx context.Context) (net.PacketConn, error) {
	if cfg.Inherited != nil {
		defer cfg.Inherited.Close()
		return net.FilePacketConn(cfg.Inherited)
	}
	network := "udp6"
	if cfg.Addr.Addr().Is4() {
		network = "udp4"
	}
	var lc net.ListenConfig
	return lc.ListenPacket(ctx, network, cfg.Addr.String())
}

func (cfg Config) withDefaults() Config {
	if cfg.MaxLater <= 0 {
		cfg.MaxLater = 1024
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = 4096
	}
	if cfg.MaxPerClient <= 0 {
		cfg.MaxPerClient = 128
	}
	if cfg.MaxStreams <= 0 {
		cfg.MaxStreams = 100
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
	cfg.TLS = cfg.TLS.Clone()
	cfg.TLS.NextProtos, cfg.TLS.MinVersion, cfg.TLS.MaxVersion = []string{alpn}, tls.VersionTLS13, 0
	return cfg
}

// Addr is the address listened on, its port never 0.
func (l *Listener) Addr() netip.AddrPort { return source(l.socket.LocalAddr()) }

// Sockets is the socket, for those who pass it on.
func (l *Listener) Sockets() []syscall.Conn { return []syscall.Conn{l.socket.(*net.UDPConn)} }

// Errors yields what stopped the accepting of connections, if Close did not.
func (l *Listener) Errors() <-chan error { return l.errs }

// Accepted counts the connections that shook hands since Listen.
func (l *Listener) Accepted() uint64 { return l.accepted.Load() }

// Refused counts the connections that were refused because a bound was reached.
func (l *Listener) Refused() uint64 { return l.refused.Load() }

// Open counts the connections there are now, those that shake hands included.
func (l *Listener) Open() int { return l.places.Taken() }

// Close tells clients that it ends, closes all connections and the socket, and
// waits for their goroutines.
func (l *Listener) Close() error {
	l.cancel() // each connection is closed by its own goroutine
	errs := []error{l.listener.Close()}
	l.serving.Wait()
	errs = append(errs, l.transport.Close())
	if err := l.socket.Close(); !errors.Is(err, net.ErrClosed) { // it may be closed before
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (l *Listener) accept() {
	for {
		conn, err := l.listener.Accept(context.Background()) // until the listener is closed
		if err != nil {
			if l.ctx.Err() == nil {
				l.errs <- fmt.Errorf("accept on quic %s: %w", l.Addr(), err)
			}
			return
		}
		l.accepted.Add(1)
		l.serving.Go(func() { l.serveConn(conn) })
	}
}

// source is a client's address; an IPv4 one is told as such.
func source(a net.Addr) netip.AddrPort {
	from := a.(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}
