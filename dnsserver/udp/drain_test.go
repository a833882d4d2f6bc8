package udp_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/udp"
)

// heirs are copies of a Listener's sockets.
func heirs(t *testing.T, l *udp.Listener) (files []*os.File) {
	t.Helper()
	for _, c := range l.Sockets() {
		f, err := c.(*net.UDPConn).File()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// TestHandOverLosesNothing: while one Listener hands its sockets over to the
// next, and that to a third, every datagram is answered.
func TestHandOverLosesNothing(t *testing.T) {
	first := udp.Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), Readers: 3, New: func() udp.Responder { return mirror{} }}
	l, err := udp.Listen(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	asked := make(chan int)
	const clients = 8
	for range clients {
		conn := dial(t, l.Addr().String())
		go func() {
			n := 0
			buf := make([]byte, 100)
			for {
				select {
				case <-stop:
					asked <- n
					return
				default:
				}
				_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
				if _, err := conn.Write([]byte("query")); err != nil {
					t.Error(err)
				}
				if _, err := conn.Read(buf); err != nil {
					t.Errorf("after %d answers: %v", n, err)
					asked <- n
					return
				}
				n++
			}
		}()
	}
	for range 20 {
		next := first
		next.Addr, next.Inherited = l.Addr(), heirs(t, l)
		heir, err := udp.Listen(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if l = heir; len(l.Sockets()) != 3 {
			t.Errorf("%d sockets, want 3", len(l.Sockets()))
		}
		time.Sleep(5 * time.Millisecond) // lets clients ask
	}
	close(stop)
	total := 0
	for range clients {
		total += <-asked
	}
	t.Logf("%d datagrams", total)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestDrainAnswersWhatTakesTime, until it is too long.
func TestDrainAnswersWhatTakesTime(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	l, err := udp.Listen(t.Context(), udp.Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), New: func() udp.Responder { return mirror{} },
		Finish: func(ctx context.Context, _ []byte, _ netip.AddrPort, send func([]byte) error) {
			begun <- struct{}{}
			select {
			case <-goOn:
				_ = send([]byte("done"))
			case <-ctx.Done():
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, l.Addr().String())
	for range 2 {
		if _, err := conn.Write([]byte("later")); err != nil {
			t.Fatal(err)
		}
		<-begun
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- l.Drain(ctx) }()
	goOn <- struct{}{}
	buf := make([]byte, 100)
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "done" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	select {
	case err := <-drained:
		t.Fatalf("drained with %v before its time", err)
	default: // the other one is worked on still
	}
	cancel()
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestKernelDropsAreCounted(t *testing.T) {
	gate := make(chan struct{})
	l, err := udp.Listen(t.Context(), udp.Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), Readers: 1, SocketBuffer: 4096,
		New: func() udp.Responder { return gated(gate) }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if n := l.KernelDrops(); n != 0 {
		t.Errorf("%d drops at the start", n)
	}
	conn := dial(t, l.Addr().String())
	for range 500 {
		if _, err := conn.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	n := l.KernelDrops()
	close(gate)
	if n == 0 && kernelCounts {
		t.Error("no drops are counted")
	}
}

// gated answers nothing until it is closed.
type gated chan struct{}

func (g gated) Respond([]byte, []byte, netip.AddrPort) int {
	<-g
	return 0
}
