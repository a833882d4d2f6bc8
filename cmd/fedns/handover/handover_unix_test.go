//go:build unix

package handover

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is the successor where one is started.
func TestMain(m *testing.M) {
	if os.Getenv(Variable) == "" {
		os.Exit(m.Run())
	}
	switch os.Getenv("SUCCESSOR") {
	case "ends":
		os.Exit(3)
	case "hangs":
		time.Sleep(time.Hour)
	}
	if err := succeed(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// succeed answers one connection and one datagram of each socket in place of the predecessor.
func succeed() error {
	h, err := Inherited()
	if err != nil {
		return err
	}
	if _, again := os.LookupEnv(Variable); again {
		return fmt.Errorf("%s is left for others", Variable)
	}
	addr := netip.MustParseAddrPort(os.Getenv("ADDR"))
	tcp, udp := h.Take("tcp", addr), h.Take("udp", addr)
	if len(tcp) != 1 || len(udp) != 2 || len(h.Take("udp", addr)) != 0 || strings.Join(h.Missing, " ") != "gone" || !h.Doubtful {
		return fmt.Errorf("inherited %d and %d sockets, %+v", len(tcp), len(udp), h.State)
	}
	ln, err := net.FileListener(tcp[0])
	if err != nil {
		return err
	}
	if err := h.Ready(); err != nil {
		return err
	}
	<-h.Gone()
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, "hello")
	return err
}

// sockets are one of TCP and two of UDP on an address, and one of another.
func sockets(t *testing.T) (addr netip.AddrPort, all []Socket, tcp net.Listener) {
	t.Helper()
	tcp, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tcp.Close() })
	addr = tcp.Addr().(*net.TCPAddr).AddrPort()
	all = []Socket{{"tcp", addr, tcp.(*net.TCPListener)}}
	for i := range 3 {
		u, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = u.Close() })
		at := addr
		if i == 2 {
			at = netip.MustParseAddrPort("192.0.2.1:53") // nobody takes it
		}
		all = append(all, Socket{"udp", at, u.(*net.UDPConn)})
	}
	return addr, all, tcp
}

func TestSuccessorTakesOver(t *testing.T) {
	addr, all, ln := sockets(t)
	t.Setenv("ADDR", addr.String())
	s, err := Start(all, State{Missing: []string{"gone"}, Doubtful: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Ours is closed, and yet somebody listens.
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = ln.Close()
	_ = s.life.Close() // as when we end
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := <-s.ended; err == nil || err.Error() != "exit status 0" {
		t.Errorf("the successor ended with %v", err)
	}
}

// TestSocketsStayNonBlocking: a reader that waits in the kernel could not be stopped.
func TestSocketsStayNonBlocking(t *testing.T) {
	addr, all, ln := sockets(t)
	t.Setenv("ADDR", addr.String())
	t.Setenv("SUCCESSOR", "ends")
	s, err := Start(all, State{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "the successor ended before it was ready: exit status 3") {
		t.Errorf("got %v", err)
	}
	accepted := make(chan error)
	go func() { _, err := ln.Accept(); accepted <- err }()
	_ = ln.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Millisecond))
	select {
	case err := <-accepted:
		if err == nil {
			t.Error("accepted nobody")
		}
	case <-time.After(30 * time.Second):
		t.Error("the socket blocks")
	}
}

func TestSuccessorIsKilledWhenItTakesTooLong(t *testing.T) {
	_, all, _ := sockets(t)
	t.Setenv("SUCCESSOR", "hangs")
	s, err := Start(all, State{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Wait(ctx); err == nil || !strings.Contains(err.Error(), "not ready in time and was killed: signal: killed") {
		t.Errorf("got %v", err)
	}
}

func TestNotify(t *testing.T) {
	path := t.TempDir() + "/s"
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	if err := Notify("READY=1"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := l.Read(buf); err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	t.Setenv("NOTIFY_SOCKET", "")
	if err := Notify("READY=1"); err != nil {
		t.Error(err)
	}
}
