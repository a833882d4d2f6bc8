package https

import (
	"net"
	"net/netip"

	"github.com/fedns/fedns/dnsserver/stream"
)

// feed is the net.Listener that net/http gets a Door's connections from. They
// have shaken hands already, so that http.Server has nothing to wait for.
type feed struct {
	door  *stream.Door
	conns chan net.Conn
}

// give hands a connection to Accept, which owns it then.
func (f *feed) give(conn net.Conn, _ netip.AddrPort) {
	select {
	case f.conns <- conn:
	case <-f.door.Context().Done():
		_ = conn.Close()
	}
}

// Accept yields connections until the Door is closed.
func (f *feed) Accept() (net.Conn, error) {
	select {
	case conn := <-f.conns:
		return conn, nil
	case <-f.door.Context().Done():
		return nil, net.ErrClosed
	}
}

// Close does nothing: the Door is its Listener's.
func (f *feed) Close() error { return nil }

func (f *feed) Addr() net.Addr { return net.TCPAddrFromAddrPort(f.door.Addr()) }
