package stream_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/fedns/fedns/dnsserver/stream"
)

// askOnce sends one message and reads its answer.
func askOnce(c net.Conn, message string) (string, error) {
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)); err != nil {
		return "", err
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return "", err
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(c, b)
	return string(b), err
}

type echoes struct{}

func (echoes) Respond(dst, query []byte, _ netip.AddrPort) int { return copy(dst, query) }

// TestDoorHandsOver: connections of any moment are answered, by the one Listener
// or by the next, and open ones may ask on for as long as they do it at once.
func TestDoorHandsOver(t *testing.T) {
	const idle = time.Minute
	cfg := stream.Config{Idle: idle, Addr: netip.MustParseAddrPort("127.0.0.1:0"), New: func() stream.Responder { return echoes{} }}
	l, err := stream.Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr()
	open, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if _, err := askOnce(open, "first"); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan int)
	const clients = 4
	for range clients {
		go func() {
			n := 0
			defer func() { done <- n }()
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", addr.String())
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := askOnce(c, "query"); err != nil || got != "query" {
					t.Errorf("after %d answers: got %q, %v", n, got, err)
				}
				_ = c.Close()
				n++
			}
		}()
	}
	for i := range 5 {
		next := cfg
		next.Addr = addr
		if next.Inherited, err = l.Sockets()[0].(*net.TCPListener).File(); err != nil {
			t.Fatal(err)
		}
		heir, err := stream.Listen(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		drained := make(chan error)
		began := time.Now()
		go func() { drained <- l.Drain(t.Context()) }()
		if i == 0 {
			for !l.Draining() {
				time.Sleep(time.Millisecond) // until it has begun
			}
			if got, err := askOnce(open, "second"); err != nil || got != "second" {
				t.Errorf("open connection: got %q, %v", got, err)
			}
		}
		if err := <-drained; err != nil {
			t.Error(err)
		}
		if i > 0 && time.Since(began) > idle/2 { // nobody who is silent was waited for
			t.Errorf("drained in %v", time.Since(began))
		}
		l = heir
	}
	if _, err := askOnce(open, "third"); err == nil {
		t.Error("the first Listener's connection is open still")
	}
	close(stop)
	total := 0
	for range clients {
		total += <-done
	}
	t.Logf("%d connections", total)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
