package stream

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
	"time"
)

// DoorConfig says where connections come in, and how many.
type DoorConfig struct {
	Addr netip.AddrPort // port 0: any free one
	// TLS makes the connections TLS ones. Defaults to none.
	TLS *tls.Config
	// MaxConns bounds the connections open at once, those that shake hands
	// included. Defaults to 4096.
	MaxConns int
	// MaxPerClient bounds those of one client address. Defaults to 128.
	MaxPerClient int
	// Handshake is how long a TLS handshake may take, waiting for its turn
	// included. Defaults to 5 s.
	Handshake time.Duration
	// Inherited is a socket that listens on Addr already, opened by somebody else;
	// OpenDoor closes the file. Defaults to none.
	Inherited *os.File
}

// Door accepts TCP connections within bounds, shakes hands where they are TLS
// ones, and hands them over. It owns its socket, and until Close closes them
// the connections as well. Its methods may be called from any goroutine, Receive
// before all others.
type Door struct {
	cfg      DoorConfig
	ln       *net.TCPListener
	serve    func(conn net.Conn, from netip.AddrPort)
	ctx      context.Context // done at Close; parts what Close broke from what broke by itself
	cancel   context.CancelFunc
	draining atomic.Bool
	places   *Places
	hands    chan struct{} // one for each handshake that computes
	serving  sync.WaitGroup
	errs     chan error
	refused  atomic.Uint64
	accepted atomic.Uint64

	mu   sync.Mutex
	open map[*guest]struct{}
}

// OpenDoor opens the socket. The error names the address. Connections wait for Receive.
func OpenDoor(ctx context.Context, cfg DoorConfig) (*Door, error) {
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = 4096
	}
	if cfg.MaxPerClient <= 0 {
		cfg.MaxPerClient = 128
	}
	if cfg.Handshake <= 0 {
		cfg.Handshake = 5 * time.Second
	}
	ln, err := listen(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("listen on tcp %s: %w", cfg.Addr, err)
	}
	d := &Door{cfg: cfg, ln: ln, places: NewPlaces(cfg.MaxConns, cfg.MaxPerClient),
		hands: make(chan struct{}, handshakesPerProcessor*runtime.GOMAXPROCS(0)), errs: make(chan error, 1), open: map[*guest]struct{}{}}
	d.ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return d, nil
}

func listen(ctx context.Context, cfg DoorConfig) (*net.TCPListener, error) {
	var ln net.Listener
	var err error
	if cfg.Inherited != nil {
		ln, err = net.FileListener(cfg.Inherited)
		_ = cfg.Inherited.Close()
	} else {
		network := "tcp6"
		if cfg.Addr.Addr().Is4() {
			network = "tcp4"
		}
		var lc net.ListenConfig
		ln, err = lc.Listen(ctx, network, cfg.Addr.String())
	}
	if err != nil {
		return nil, err
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(errors.New("the inherited socket is none of TCP"), ln.Close())
	}
	return tcp, nil
}

// Receive starts to accept, once. Each connection is handed to serve in a
// goroutine of its own; serve, or whom it gives the connection to, closes it.
// Conn is a *tls.Conn that has shaken hands where DoorConfig.TLS is set.
func (d *Door) Receive(serve func(conn net.Conn, from netip.AddrPort)) {
	d.serve = serve
	d.serving.Go(d.accept)
}

// Addr is the address listened on, its port never 0.
func (d *Door) Addr() netip.AddrPort { return d.ln.Addr().(*net.TCPAddr).AddrPort() }

// Errors yields what stopped the accepting of connections, if Close did not.
func (d *Door) Errors() <-chan error { return d.errs }

// Accepted counts the connections let in since OpenDoor.
func (d *Door) Accepted() uint64 { return d.accepted.Load() }

// Refused counts the connections that were closed at once because a bound was reached.
func (d *Door) Refused() uint64 { return d.refused.Load() }

// Open counts the connections open now.
func (d *Door) Open() int { return d.places.Taken() }

// Crowded says that more than half of the connections there may be are open.
func (d *Door) Crowded() bool { return d.places.Crowded() }

// Context ends when Close begins.
func (d *Door) Context() context.Context { return d.ctx }

// Close closes the socket and all connections, and waits for every serve.
func (d *Door) Close() error {
	d.cancel()
	err := d.ln.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // it was closed before
	}
	d.mu.Lock()
	var guests []*guest
	for g := range d.open {
		guests = append(guests, g)
	}
	d.mu.Unlock()
	for _, g := range guests {
		_ = g.Close()
	}
	d.serving.Wait()
	return err
}

func (d *Door) accept() {
	pause := time.Duration(0)
	for {
		conn, err := d.ln.AcceptTCP()
		if d.ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil {
			if d.draining.Load() {
				return
			}
			if errors.Is(err, net.ErrClosed) {
				d.errs <- fmt.Errorf("accept on tcp %s: %w", d.Addr(), err)
				return
			}
			// Out of descriptors, most likely: wait for some to come back, ever longer.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-d.ctx.Done():
			}
			continue
		}
		pause = 0
		from := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		g := d.admit(conn, from.Addr())
		if g == nil {
			d.refused.Add(1)
			_ = conn.Close()
			continue
		}
		d.accepted.Add(1)
		d.serving.Go(func() { d.receive(g, from) })
	}
}

// admit lets a connection in, if the bounds allow; nil otherwise.
func (d *Door) admit(conn net.Conn, client netip.Addr) *guest {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil || !d.places.Take(client) {
		return nil
	}
	g := &guest{Conn: conn, door: d, client: client}
	d.open[g] = struct{}{}
	return g
}

// receive hands a connection over, after its handshake.
func (d *Door) receive(g *guest, from netip.AddrPort) {
	if d.cfg.TLS == nil {
		d.serve(g, from)
		return
	}
	conn, err := g.shake(d.ctx, d.cfg.TLS, d.cfg.Handshake)
	if err != nil {
		_ = g.Close()
		return
	}
	d.serve(conn, from)
}
