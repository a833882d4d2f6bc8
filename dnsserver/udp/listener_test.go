package udp_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/udp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mirror answers with the query behind a mark; a query "drop" is dropped, and
// one "port" is answered with the port it came from.
type mirror struct{}

func (mirror) Respond(dst, query []byte, from netip.AddrPort) int {
	switch string(query) {
	case "drop":
		return 0
	case "later":
		return -1
	case "from":
		return copy(dst, from.String())
	}
	n := copy(dst, "=")
	return n + copy(dst[n:], query)
}

func listen(t *testing.T, addr string, readers int) *udp.Listener {
	t.Helper()
	l, err := udp.Listen(t.Context(), udp.Config{Addr: netip.MustParseAddrPort(addr), Readers: readers, New: func() udp.Responder { return mirror{} },
		Finish: func(_ context.Context, query []byte, from netip.AddrPort, send func([]byte) error) {
			if err := send([]byte(string(query) + " to " + from.String())); err != nil {
				t.Error(err)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// dial is a client whose reads fail after five seconds.
func dial(t *testing.T, to string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "udp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func exchange(t *testing.T, c net.Conn, query string) string {
	t.Helper()
	if _, err := c.Write([]byte(query)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 5000)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatalf("no answer to %q: %v", query, err)
	}
	return string(buf[:n])
}

func TestAnswersComeFromTheAddressAsked(t *testing.T) {
	for _, c := range []struct{ listen, dial string }{
		{"127.0.0.1:0", "127.0.0.1"}, {"0.0.0.0:0", "127.0.0.7"}, {"[::1]:0", "::1"}, {"[::]:0", "::1"},
	} {
		l := listen(t, c.listen, 2)
		// A connected socket takes datagrams from the address it asked only.
		conn := dial(t, net.JoinHostPort(c.dial, fmt.Sprint(l.Addr().Port())))
		if got := exchange(t, conn, "hello"); got != "=hello" {
			t.Errorf("%s asked at %s: got %q", c.listen, c.dial, got)
		}
		if got, want := exchange(t, conn, "from"), conn.LocalAddr().String(); got != want {
			t.Errorf("%s: the query came from %s, told %s", c.listen, want, got)
		}
		if got, want := exchange(t, conn, "later"), "later to "+conn.LocalAddr().String(); got != want {
			t.Errorf("%s: got %q, want %q", c.listen, got, want)
		}
	}
}

func TestEveryClientGetsItsOwnAnswers(t *testing.T) {
	l := listen(t, "127.0.0.1:0", 2)
	var clients sync.WaitGroup
	for i := range 20 {
		conn := dial(t, l.Addr().String())
		clients.Go(func() {
			buf := make([]byte, 5000)
			for j := range 200 {
				query := bytes.Repeat([]byte{byte(i)}, 1+(i*j)%1000)
				_, _ = conn.Write([]byte("drop"))
				if _, err := conn.Write(query); err != nil {
					t.Error(err)
					return
				}
				n, err := conn.Read(buf)
				if err != nil || !bytes.Equal(buf[:n], append([]byte("="), query...)) {
					t.Errorf("client %d, query %d: got %d octets, %v", i, j, n, err)
					return
				}
			}
		})
	}
	clients.Wait()
}

func TestListenNamesTheAddress(t *testing.T) {
	if _, err := udp.Listen(t.Context(), udp.Config{Addr: netip.MustParseAddrPort("192.0.2.1:53"), New: func() udp.Responder { return mirror{} },
		Finish: func(_ context.Context, query []byte, from netip.AddrPort, send func([]byte) error) {
			if err := send([]byte(string(query) + " to " + from.String())); err != nil {
				t.Error(err)
			}
		}}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("192.0.2.1:53")) {
		t.Errorf("got %v", err)
	}
}

func TestReaderAllocatesNothing(t *testing.T) {
	l := listen(t, "127.0.0.1:0", 1)
	conn := dial(t, l.Addr().String())
	buf, query := make([]byte, 100), []byte("query")
	n := testing.AllocsPerRun(200, func() { // of the whole process, the reader's goroutine included
		if _, err := conn.Write(query); err != nil {
			t.Error(err)
		}
		if _, err := conn.Read(buf); err != nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a datagram", n)
	}
}
