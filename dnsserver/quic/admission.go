package quic

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"

	"github.com/quic-go/quic-go"
)

// errNoPlace refuses a connection: CONNECTION_REFUSED on the wire.
var errNoPlace = errors.New("no place for the connection")

// doubtful says that a client must prove its address before anything is kept or
// computed for it: while many shake hands, or many already have that address.
// So those that lie about it can neither take all places nor another's.
func (l *Listener) doubtful(a net.Addr) bool {
	return l.handshakes.Load() > int64(unproven*runtime.GOMAXPROCS(0)) || l.places.CrowdedBy(source(a).Addr())
}

// handshake is the key of a connection's context that ends its handshake; it may be called twice.
type handshake struct{}

// admit counts a connection in from its first packet to its end, if the bounds allow.
func (l *Listener) admit(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
	from := source(client.RemoteAddr).Addr()
	if !l.places.Take(from) {
		l.refused.Add(1)
		return nil, errNoPlace
	}
	l.handshakes.Add(1)
	done := sync.OnceFunc(func() { l.handshakes.Add(-1) })
	context.AfterFunc(ctx, func() {
		done()
		l.places.Give(from)
	})
	return context.WithValue(ctx, handshake{}, done), nil
}

// shaken says that a connection's handshake is done.
func shaken(conn *quic.Conn) {
	if done, ok := conn.Context().Value(handshake{}).(func()); ok {
		done()
	}
}
