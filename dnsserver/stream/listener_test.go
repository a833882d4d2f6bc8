package stream_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mirror answers with the query behind a mark, and not at all to "drop".
type mirror struct{}

func (mirror) Respond(dst, query []byte, _ netip.AddrPort) int {
	switch {
	case string(query) == "drop":
		return 0
	case bytes.HasPrefix(query, []byte("later")):
		return -1
	}
	n := copy(dst, "=")
	return n + copy(dst[n:], query)
}

func listen(t *testing.T, cfg stream.Config) *stream.Listener {
	t.Helper()
	cfg.Addr, cfg.New = netip.MustParseAddrPort("127.0.0.1:0"), func() stream.Responder { return mirror{} }
	l, err := stream.Listen(t.Context(), cfg)
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

func dial(t *testing.T, l *stream.Listener) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func frame(message string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(len(message)))) + message
}

func read(t *testing.T, c net.Conn) string {
	t.Helper()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func send(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// ends waits until the other side has closed the connection.
func ends(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Fatalf("the connection goes on: %d, %v", n, err)
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the connection was not closed")
	}
}

func TestPipelinedMessagesAreAnsweredInOrder(t *testing.T) {
	c := dial(t, listen(t, stream.Config{}))
	var all strings.Builder
	for i := range 300 {
		all.WriteString(frame(fmt.Sprint("query ", i, strings.Repeat("x", i*10))))
	}
	go func() {
		// In pieces that end anywhere: in the middle of a length, too.
		for s := all.String(); s != ""; {
			n := min(len(s), 1+len(s)%701)
			if _, err := io.WriteString(c, s[:n]); err != nil {
				return
			}
			s = s[n:]
		}
	}()
	for i := range 300 {
		if got, want := read(t, c), fmt.Sprint("=query ", i, strings.Repeat("x", i*10)); got != want {
			t.Fatalf("answer %d: %.40q, want %.40q", i, got, want)
		}
	}
}

func TestLongestMessage(t *testing.T) {
	c := dial(t, listen(t, stream.Config{}))
	send(t, c, frame(strings.Repeat("q", 65534)))
	if got := read(t, c); len(got) != 65535 {
		t.Errorf("got %d octets", len(got))
	}
}

func TestConnectionsEnd(t *testing.T) {
	l := listen(t, stream.Config{Idle: 50 * time.Millisecond, Transfer: 50 * time.Millisecond})
	t.Run("idle", func(t *testing.T) { ends(t, dial(t, l)) })
	t.Run("half a message", func(t *testing.T) {
		c := dial(t, l)
		send(t, c, "\x00\x09half")
		ends(t, c)
	})
	t.Run("owed no answer", func(t *testing.T) {
		c := dial(t, l)
		send(t, c, frame("drop"))
		ends(t, c)
	})
}

// Nothing that was asked whole waits for what comes behind it.
func TestAnswersDoNotWaitForHalfAMessage(t *testing.T) {
	c := dial(t, listen(t, stream.Config{}))
	for _, message := range []string{"short", strings.Repeat("l", 5000)} {
		for _, at := range []int{1, 2, 5, len(message) - 1} {
			send(t, c, frame("first")+frame(message)[:at])
			if got := read(t, c); got != "=first" {
				t.Fatalf("with %d octets behind it: %q", at, got)
			}
			send(t, c, frame(message)[at:])
			if got := read(t, c); got != "="+message {
				t.Fatalf("the message parted after %d octets: %.20q", at, got)
			}
		}
	}
}

func TestAnswersThatTakeTimeComeOutOfOrder(t *testing.T) {
	release := make(chan struct{})
	c := dial(t, listen(t, stream.Config{Finish: func(_ context.Context, query []byte, _ netip.AddrPort, send func([]byte) error) {
		<-release
		for _, part := range []string{"first of ", "second of "} {
			if err := send([]byte(part + string(query))); err != nil {
				t.Error(err)
			}
		}
	}}))
	send(t, c, frame("a")+frame("later")+frame("b"))
	got := []string{read(t, c), read(t, c)}
	close(release)
	got = append(got, read(t, c), read(t, c))
	if want := []string{"=a", "=b", "first of later", "second of later"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// A client that says it has no more to ask still gets what it asked for.
	send(t, c, frame("later"))
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	read(t, c)
	read(t, c)
	ends(t, c)
}

func TestAnswersThatTakeTimeEndWithTheListener(t *testing.T) {
	begun := make(chan struct{}, 100)
	l := listen(t, stream.Config{MaxLater: 2, Finish: func(ctx context.Context, _ []byte, _ netip.AddrPort, _ func([]byte) error) {
		begun <- struct{}{}
		<-ctx.Done()
	}})
	c := dial(t, l)
	send(t, c, strings.Repeat(frame("later"), 5))
	<-begun
	<-begun
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(begun); n > 0 {
		t.Errorf("%d more than allowed", n)
	}
}

func TestBounds(t *testing.T) {
	l := listen(t, stream.Config{MaxPerClient: 2})
	first, second := dial(t, l), dial(t, l)
	for _, c := range []net.Conn{first, second} {
		send(t, c, frame("x"))
		read(t, c)
	}
	ends(t, dial(t, l))
	if l.Refused() != 1 || l.Open() != 2 {
		t.Errorf("%d refused, %d open", l.Refused(), l.Open())
	}
	_ = first.Close()
	for { // the place is free as soon as the close was seen
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, frame("y"))
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		_, err = io.ReadFull(c, make([]byte, 4))
		_ = c.Close()
		if err == nil {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("the place did not become free")
		}
	}
}
