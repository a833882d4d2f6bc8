package stream

import (
	"context"
	"crypto/tls"
	"net/netip"
	"os"
	"runtime"
	"sync"
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
	// TLS makes the connections TLS ones (RFC 7858); clients may name the
	// protocol dot (ALPN) or none, but no other. Defaults to none.
	TLS *tls.Config
	// MaxConns bounds the connections open at once, those that shake hands
	// included. Defaults to 4096.
	MaxConns int
	// MaxPerClient bounds those of one client address. Defaults to 128: a
	// cluster's CoreDNS pods may all come from one node's address.
	MaxPerClient int
	// Idle is how long a connection may wait for its next message. Defaults to
	// 10 s; it shrinks to a tenth while more than half of MaxConns are open (RFC
	// 7766 §6.2.3).
	Idle time.Duration
	// Transfer is how long one message may take to come in, or to be taken off us,
	// and a TLS handshake to be done. Defaults to 5 s.
	Transfer time.Duration
	// Turns are what connections compose answers in; Listeners may share them.
	// Defaults to as many as GOMAXPROCS.
	Turns *Turns
	// Inherited is a socket that listens on Addr already: see DoorConfig.
	Inherited *os.File
}

// alpn is DNS over TLS by its name (RFC 7858, IANA's list of ALPN protocol IDs).
const alpn = "dot"

// Listener answers on the connections of its Door, until Close.
type Listener struct {
	*Door
	cfg     Config
	turns   *Turns
	later   chan struct{} // a place for each Finish that runs
	buffers sync.Pool     // of *buffers
}

// Listen opens the socket and starts to accept. The error names the address.
func Listen(ctx context.Context, cfg Config) (*Listener, error) {
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
	if cfg.TLS != nil {
		cfg.TLS = cfg.TLS.Clone()
		cfg.TLS.NextProtos = []string{alpn}
	}
	l := &Listener{cfg: cfg, turns: cfg.Turns, later: make(chan struct{}, cfg.MaxLater)}
	l.buffers.New = func() any { return &buffers{responder: cfg.New()} }
	var err error
	if l.Door, err = OpenDoor(ctx, DoorConfig{Addr: cfg.Addr, TLS: cfg.TLS, MaxConns: cfg.MaxConns, MaxPerClient: cfg.MaxPerClient, Handshake: cfg.Transfer, Inherited: cfg.Inherited}); err != nil {
		return nil, err
	}
	l.Receive(l.serveConn)
	return l, nil
}
