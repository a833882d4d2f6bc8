package stream

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"time"
)

// handshakesPerProcessor bounds the handshakes that compute at once. A signature
// keeps a processor busy for up to a millisecond: however many clients ask for
// one, this many goroutines at most stand in line before those that answer.
const handshakesPerProcessor = 4

// guest is a connection that was let in. Closing it gives its place back.
type guest struct {
	net.Conn
	door   *Door
	client netip.Addr
	close  sync.Once

	// While it shakes hands, and of that goroutine only: guest holds one of the
	// Door's hands except where it waits for the client, who may be slow.
	shaking context.Context
	holding bool
}

func (g *guest) Close() error {
	err := net.ErrClosed
	g.close.Do(func() {
		err = g.Conn.Close()
		g.door.mu.Lock()
		delete(g.door.open, g)
		g.door.mu.Unlock()
		g.door.places.Give(g.client)
	})
	return err
}

// shake makes a TLS connection of guest within so long.
func (g *guest) shake(ctx context.Context, cfg *tls.Config, within time.Duration) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	g.shaking = ctx
	secure := tls.Server(g, cfg)
	err := secure.HandshakeContext(ctx) // it reads first
	g.drop()
	g.shaking = nil
	return secure, err
}

func (g *guest) Read(p []byte) (int, error) {
	if g.shaking == nil {
		return g.Conn.Read(p)
	}
	g.drop()
	n, err := g.Conn.Read(p)
	if err != nil {
		return n, err
	}
	return n, g.take()
}

func (g *guest) Write(p []byte) (int, error) {
	if g.shaking == nil {
		return g.Conn.Write(p)
	}
	g.drop()
	n, err := g.Conn.Write(p)
	if err != nil {
		return n, err
	}
	return n, g.take()
}

// take waits until guest may compute.
func (g *guest) take() error {
	select {
	case g.door.hands <- struct{}{}:
		g.holding = true
		return nil
	case <-g.shaking.Done():
		return g.shaking.Err()
	}
}

func (g *guest) drop() {
	if g.holding {
		<-g.door.hands
		g.holding = false
	}
}
