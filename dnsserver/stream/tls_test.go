package stream_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/certificate/certificatetest"
	"github.com/fedns/fedns/dnsserver/stream"
	"github.com/fedns/fedns/dnsserver/transporttest"
)

// address answers every query with one address, and puts off transfers.
type address struct{}

func (address) Respond(dst, query []byte, _ netip.AddrPort) int {
	var m dns.Msg
	if m.Unpack(query) != nil {
		return 0
	}
	if m.Question[0].Qtype == dns.TypeAXFR {
		return -1
	}
	return copy(dst, transporttest.Reply(query, m.Question[0].Name+" 30 A 192.0.2.1"))
}

// listenTLS is a listener and the configuration of a client that trusts it.
func listenTLS(t *testing.T, cfg stream.Config) (l *stream.Listener, client *tls.Config, ca string) {
	t.Helper()
	server, client, ca := certificatetest.TLS(t)
	if cfg.TLS != nil {
		server.GetConfigForClient = cfg.TLS.GetConfigForClient
	}
	cfg.Addr, cfg.TLS = netip.MustParseAddrPort("127.0.0.1:0"), server
	cfg.New = func() stream.Responder { return address{} }
	l, err := stream.Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, client, ca
}

func ask(t *testing.T, l *stream.Listener, cfg *tls.Config) error {
	t.Helper()
	m := new(dns.Msg).SetQuestion("www.example.", dns.TypeA)
	r, _, err := (&dns.Client{Net: "tcp-tls", TLSConfig: cfg, Timeout: time.Minute}).ExchangeContext(t.Context(), m, l.Addr().String())
	if err == nil && len(r.Answer) != 1 {
		t.Errorf("got %v", r)
	}
	return err
}

func TestTLSProtocolNames(t *testing.T) {
	l, client, _ := listenTLS(t, stream.Config{})
	for _, tt := range []struct {
		names []string
		ok    bool
	}{{nil, true}, {[]string{"dot"}, true}, {[]string{"h2", "dot"}, true}, {[]string{"h2"}, false}} {
		cfg := client.Clone()
		cfg.NextProtos = tt.names
		if err := ask(t, l, cfg); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.names, err)
		}
	}
	client.MaxVersion, client.MinVersion = tls.VersionTLS11, tls.VersionTLS11
	if ask(t, l, client) == nil {
		t.Error("TLS 1.1 was spoken")
	}
}

func TestTLSResumes(t *testing.T) {
	l, client, _ := listenTLS(t, stream.Config{})
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	resumed := false
	client.VerifyConnection = func(s tls.ConnectionState) error { resumed = s.DidResume; return nil }
	for range 2 {
		if err := ask(t, l, client); err != nil {
			t.Fatal(err)
		}
	}
	if !resumed {
		t.Error("the second handshake was a whole one")
	}
}

func TestKdigTLS(t *testing.T) {
	l, _, ca := listenTLS(t, stream.Config{Finish: transporttest.Transfer})
	trust := []string{"+tls", "+tls-ca=" + ca, "+tls-hostname=" + certificatetest.Name}
	out := certificatetest.Kdig(t, l.Addr(), append(trust, "www.example.", "A")...)
	if !strings.Contains(out, "192.0.2.1") || !strings.Contains(out, "TLS1.3") {
		t.Errorf("got\n%s", out)
	}
	if out := certificatetest.Kdig(t, l.Addr(), append(trust, "example.", "AXFR")...); strings.Count(out, "SOA") < 2 || !strings.Contains(out, "192.0.2.2") {
		t.Errorf("got\n%s", out)
	}
}

// However many shake hands, only so many compute.
func TestHandshakesAreBounded(t *testing.T) {
	bound := int32(4 * runtime.GOMAXPROCS(0))
	var now, most atomic.Int32
	l, client, _ := listenTLS(t, stream.Config{Transfer: time.Minute, TLS: &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(10 * time.Millisecond)
		return nil, nil
	}}})
	var clients sync.WaitGroup
	for range 100 {
		clients.Go(func() {
			if err := ask(t, l, client); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	if n := most.Load(); n > bound || n < 2 {
		t.Errorf("%d computed at once, want %d at most", n, bound)
	}
}

// Clients that stop in the middle of a handshake take places, but keep nobody
// else from computing.
func TestSlowHandshakes(t *testing.T) {
	const patience = 6 * time.Second // of the Listener; a busy machine is not as late as that
	slow := 4*runtime.GOMAXPROCS(0) + 3
	l, client, _ := listenTLS(t, stream.Config{MaxConns: slow + 1, Transfer: patience})
	hello := captureHello(t, client)
	var conns []net.Conn
	for i := range slow {
		c := dial(t, l)
		// Nothing, a part of the first message, or all of it and no word after it.
		send(t, c, hello[:len(hello)*(i%3)/2])
		conns = append(conns, c)
	}
	for {
		begun := time.Now()
		if err := ask(t, l, client); err != nil {
			t.Fatalf("with %d slow ones: %v", slow, err)
		}
		if took := time.Since(begun); took > patience/2 {
			t.Errorf("a handshake took %s", took)
		}
		if l.Open() >= slow {
			break
		}
	}
	for l.Open() > slow { // the last answered one has not left yet
		runtime.Gosched()
	}
	conns = append(conns, dial(t, l))
	for l.Open() <= slow {
		runtime.Gosched()
	}
	ends(t, dial(t, l))
	if l.Refused() != 1 {
		t.Errorf("%d refused, want the one past the bound", l.Refused())
	}
	for _, c := range conns { // all are closed in time, whatever was sent to them before
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Error(err)
		}
	}
	for l.Open() > 0 {
		runtime.Gosched()
	}
}

func TestCloseInHandshakes(t *testing.T) {
	l, client, _ := listenTLS(t, stream.Config{})
	hello := captureHello(t, client)
	for i := range 20 {
		send(t, dial(t, l), hello[:len(hello)*(i%3)/2])
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if n := l.Open(); n != 0 {
		t.Errorf("%d are open", n)
	}
}

// captureHello is a ClientHello, whole.
func captureHello(t *testing.T, cfg *tls.Config) string {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Client(near, cfg).HandshakeContext(t.Context())
	}()
	b := make([]byte, 16<<10)
	n, err := far.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = far.Close(), near.Close()
	<-done
	return string(b[:n])
}
