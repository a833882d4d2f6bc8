package quic_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	quicgo "github.com/quic-go/quic-go"
	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/certificate/certificatetest"
	"github.com/fedns/fedns/dnsserver/quic"
	"github.com/fedns/fedns/dnsserver/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// address answers every query with one address, puts off transfers, and owes
// nothing to what is no query.
type address struct{}

func (address) Respond(dst, query []byte, _ netip.AddrPort) int {
	var m dns.Msg
	if m.Unpack(query) != nil || len(m.Question) != 1 {
		return 0
	}
	switch m.Question[0].Qtype {
	case dns.TypeAXFR:
		return -1
	case dns.TypeMX: // as long as may be
		clear(dst[copy(dst, transporttest.Reply(query)):])
		return len(dst)
	}
	return copy(dst, transporttest.Reply(query, m.Question[0].Name+" 30 A 192.0.2.1"))
}

func question(t *testing.T, id, kind uint16) []byte {
	t.Helper()
	m := new(dns.Msg).SetQuestion("www.example.", kind)
	m.Id = id
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
}

// site is a Listener and what a client needs to trust it.
type site struct {
	*quic.Listener
	client *tls.Config
	ca     string
}

func listen(t *testing.T, cfg quic.Config) site {
	t.Helper()
	server, client, ca := certificatetest.TLS(t)
	cfg.Addr, cfg.TLS = netip.MustParseAddrPort("127.0.0.1:0"), server
	cfg.New = func() quic.Responder { return address{} }
	l, err := quic.Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	client.NextProtos = []string{"doq"}
	return site{l, client, ca}
}

func (s site) connect(t *testing.T, cfg *quicgo.Config) (*quicgo.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := quicgo.DialAddr(ctx, s.Addr().String(), s.client, cfg)
	if err == nil {
		t.Cleanup(func() { _ = c.CloseWithError(0, "") })
	}
	return c, err
}

func (s site) dial(t *testing.T) *quicgo.Conn {
	t.Helper()
	c, err := s.connect(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// send opens a stream with what is in it, and its end if so.
func send(t *testing.T, c *quicgo.Conn, p []byte, end bool) *quicgo.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := c.OpenStreamSync(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := s.Write(p); err != nil {
		t.Fatal(err)
	}
	if end {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// ask is all that comes to a query, up to the FIN.
func ask(t *testing.T, c *quicgo.Conn, kind uint16) []byte {
	t.Helper()
	b, err := io.ReadAll(send(t, c, frame(question(t, 0, kind)), true))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !what(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

func TestAnswers(t *testing.T) {
	s := listen(t, quic.Config{Finish: transporttest.Transfer})
	c := s.dial(t)
	if got, want := ask(t, c, dns.TypeA), frame(transporttest.Reply(question(t, 0, dns.TypeA), "www.example. 30 A 192.0.2.1")); !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := ask(t, c, dns.TypeMX); len(got) != 2+65535 {
		t.Errorf("the longest: %d octets", len(got))
	}
	messages := 0
	for b := ask(t, c, dns.TypeAXFR); len(b) > 0; messages++ {
		b = b[2+int(binary.BigEndian.Uint16(b)):]
	}
	if messages != 3 {
		t.Errorf("a transfer of %d messages", messages)
	}
	// The longest query, in pieces; what is no query loses its stream only.
	long := make([]byte, 65535)
	var reset *quicgo.StreamError
	if b, err := io.ReadAll(send(t, c, frame(long), true)); !errors.As(err, &reset) || reset.ErrorCode != 5 {
		t.Errorf("no query: %q, %v", b, err)
	}
	if st := c.ConnectionState(); st.TLS.NegotiatedProtocol != "doq" || st.Used0RTT {
		t.Errorf("got %+v", st)
	}
	if s.Accepted() != 1 || s.Open() != 1 {
		t.Errorf("%d accepted, %d open", s.Accepted(), s.Open())
	}
	s.client.NextProtos = []string{"h3"}
	if _, err := s.connect(t, nil); err == nil {
		t.Error("another protocol was spoken")
	}
}

// Those who break the protocol lose their connection (RFC 9250 §4.3.3).
func TestBreaches(t *testing.T) {
	s := listen(t, quic.Config{Transfer: time.Second})
	query := frame(question(t, 0, dns.TypeA))
	for _, tt := range []struct {
		name string
		sent []byte
		end  bool
	}{
		{"an ID", frame(question(t, 1, dns.TypeA)), true},
		{"nothing", nil, true},
		{"half a length", query[:1], true},
		{"half a message", query[:20], true},
		{"an empty message", frame(nil), true},
		{"half an ID", frame([]byte{0}), true},
		{"two messages", append(bytes.Clone(query), query...), true},
		{"an octet more", append(bytes.Clone(query), 0), true},
		{"no FIN", query, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := s.dial(t)
			send(t, c, tt.sent, tt.end)
			select {
			case <-c.Context().Done():
			case <-time.After(30 * time.Second):
				t.Fatal("the connection goes on")
			}
			var e *quicgo.ApplicationError
			if err := context.Cause(c.Context()); !errors.As(err, &e) || !e.Remote || e.ErrorCode != 2 {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Slow clients lose their stream in time, and idle ones their connection.
func TestSlowClients(t *testing.T) {
	s := listen(t, quic.Config{Transfer: time.Second, Idle: 4 * time.Second}) // a busy machine is late, but not as late
	c := s.dial(t)
	var reset *quicgo.StreamError
	if _, err := io.ReadAll(send(t, c, []byte{0, 9, 0}, false)); !errors.As(err, &reset) || reset.ErrorCode != 5 {
		t.Errorf("half a message: %v", err)
	}
	gone := send(t, c, []byte{0, 9}, false)
	gone.CancelWrite(3)
	if _, err := io.ReadAll(gone); !errors.As(err, &reset) || reset.ErrorCode != 3 {
		t.Errorf("a reset: %v", err)
	}
	if len(ask(t, c, dns.TypeA)) == 0 {
		t.Error("no answer")
	}
	alive, err := s.connect(t, &quicgo.Config{KeepAlivePeriod: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	<-alive.Context().Done() // that it sends packets is no reason to keep it
	var e *quicgo.ApplicationError
	if err := context.Cause(alive.Context()); !errors.As(err, &e) || e.ErrorCode != 0 {
		t.Errorf("idle: %v", err)
	}
	// One that does not read is not waited for: the window holds less than the answer.
	unread, err := s.connect(t, &quicgo.Config{InitialStreamReceiveWindow: 1000, MaxStreamReceiveWindow: 1000, KeepAlivePeriod: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	st := send(t, unread, frame(question(t, 0, dns.TypeMX)), true)
	time.Sleep(2 * time.Second)
	if _, err := io.ReadAll(st); err == nil {
		t.Error("the answer was kept for it")
	}
	waitFor(t, func() bool { return s.Open() == 0 })
}

func TestManyStreams(t *testing.T) {
	s := listen(t, quic.Config{MaxStreams: 10, MaxLater: 3, Finish: transporttest.Transfer})
	var clients sync.WaitGroup
	for range 4 {
		c := s.dial(t)
		for i := range 200 {
			clients.Go(func() {
				kind := dns.TypeA
				if i%5 == 0 {
					kind = dns.TypeAXFR
				}
				if len(ask(t, c, kind)) == 0 {
					t.Error("no answer")
				}
			})
		}
	}
	clients.Wait()
}

func TestBounds(t *testing.T) {
	s := listen(t, quic.Config{MaxPerClient: 3})
	for range 3 { // from the second half on the address must be proven: a Retry
		s.dial(t)
	}
	if _, err := s.connect(t, nil); err == nil || s.Refused() == 0 {
		t.Errorf("a fourth connection: %v, %d refused", err, s.Refused())
	}
	if s.Open() != 3 {
		t.Errorf("%d open", s.Open())
	}
}

func TestManyHandshakes(t *testing.T) {
	s := listen(t, quic.Config{})
	var clients sync.WaitGroup
	for range 16 * runtime.GOMAXPROCS(0) { // more than need no proof of their address
		clients.Go(func() {
			c, err := s.connect(t, nil)
			if err != nil {
				t.Error(err)
				return
			}
			_ = c.CloseWithError(0, "")
		})
	}
	clients.Wait()
	waitFor(t, func() bool { return s.Open() == 0 })
}

// What clients leave in the middle of leaves nothing behind, and neither does Close.
func TestNobodyWaits(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{}, 100)
	s := listen(t, quic.Config{Finish: func(ctx context.Context, _ []byte, _ netip.AddrPort, _ func([]byte) error) {
		begun <- struct{}{}
		<-ctx.Done()
		ended <- struct{}{}
	}})
	c := s.dial(t)
	query := frame(question(t, 0, dns.TypeAXFR))
	first := send(t, c, query, true)
	<-begun
	first.CancelRead(3) // STOP_SENDING (RFC 9250 §4.3.1)
	<-ended
	second := s.dial(t)
	send(t, second, query, true)
	<-begun
	_ = second.CloseWithError(0, "")
	<-ended
	for range 10 {
		send(t, c, query, true)
		<-begun
	}
	send(t, c, query[:5], false)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if len(ended) != 10 || s.Open() != 0 {
		t.Errorf("after Close %d of 10 had ended, %d are open", len(ended), s.Open())
	}
	var e *quicgo.ApplicationError
	<-c.Context().Done()
	if err := context.Cause(c.Context()); !errors.As(err, &e) || e.ErrorCode != 0 {
		t.Errorf("got %v", err)
	}
}

func TestKdig(t *testing.T) {
	s := listen(t, quic.Config{Finish: transporttest.Transfer})
	trust := []string{"+quic", "+tls-ca=" + s.ca, "+tls-hostname=" + certificatetest.Name}
	if out := certificatetest.Kdig(t, s.Addr(), append(trust, "www.example.", "A")...); !strings.Contains(out, "192.0.2.1") || !strings.Contains(out, "QUIC") {
		t.Errorf("got\n%s", out)
	}
	if out := certificatetest.Kdig(t, s.Addr(), append(trust, "example.", "AXFR")...); strings.Count(out, "SOA") < 2 || !strings.Contains(out, "192.0.2.2") {
		t.Errorf("got\n%s", out)
	}
}

func TestListenNamesTheAddress(t *testing.T) {
	s := listen(t, quic.Config{})
	for _, cfg := range []*tls.Config{nil, s.client} {
		if _, err := quic.Listen(t.Context(), quic.Config{Addr: s.Addr(), TLS: cfg}); err == nil || !strings.Contains(err.Error(), fmt.Sprint(s.Addr())) {
			t.Errorf("got %v", err)
		}
	}
}
