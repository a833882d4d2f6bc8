package forward_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recursor is an upstream on loopback, UDP and TCP on one port.
type recursor struct {
	addr     netip.AddrPort
	udp, tcp atomic.Int64 // queries
	conns    atomic.Int64 // TCP connections
	mu       sync.Mutex
	seen     []*dns.Msg
	ports    []int // that queries came from
}

// serve answers by handle, which may write anything, or nothing.
func serve(t *testing.T, handle func(w dns.ResponseWriter, q *dns.Msg)) *recursor {
	return serveTLS(t, handle, nil)
}

func serveTLS(t *testing.T, handle func(w dns.ResponseWriter, q *dns.Msg), conf *tls.Config) *recursor {
	t.Helper()
	u := &recursor{}
	var pc net.PacketConn
	var l net.Listener
	for range 20 { // until a port is free for both
		var err error
		if pc, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if l, err = net.Listen("tcp", pc.LocalAddr().String()); err == nil {
			break
		}
		pc.Close()
	}
	u.addr = netip.MustParseAddrPort(pc.LocalAddr().String())
	l = &countingListener{l, &u.conns}
	if conf != nil {
		l = tls.NewListener(l, conf)
	}
	h := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		u.mu.Lock()
		u.seen = append(u.seen, q.Copy())
		u.mu.Unlock()
		if a, ok := w.RemoteAddr().(*net.UDPAddr); ok {
			u.udp.Add(1)
			u.mu.Lock()
			u.ports = append(u.ports, a.Port)
			u.mu.Unlock()
		} else {
			u.tcp.Add(1)
		}
		handle(w, q)
	})
	for _, s := range []*dns.Server{{PacketConn: pc, Handler: h}, {Listener: l, Handler: h}} {
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		var done sync.WaitGroup
		done.Go(func() { s.ActivateAndServe() })
		<-up
		t.Cleanup(func() {
			s.Shutdown()
			done.Wait()
		})
	}
	return u
}

type countingListener struct {
	net.Listener
	n *atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return c, err
}

// dead is an address where nobody listens, silent: a socket that never answers.
func dead(t *testing.T) netip.AddrPort {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	return netip.MustParseAddrPort(pc.LocalAddr().String())
}

// records answers from zone text, like a recursive server that knows just this.
// Lines with a leading "!" go to the authority section; RCODE in the first word.
func records(q *dns.Msg, lines ...string) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.RecursionAvailable = true
	for _, line := range lines {
		if code, ok := dns.StringToRcode[line]; ok {
			m.Rcode = code
			continue
		}
		section := &m.Answer
		if rest, ok := strings.CutPrefix(line, "!"); ok {
			section, line = &m.Ns, rest
		}
		rr, err := dns.NewRR(line)
		if err != nil {
			panic(err)
		}
		*section = append(*section, rr)
	}
	return m
}

// says makes a handler of records.
func says(lines ...string) func(dns.ResponseWriter, *dns.Msg) {
	return func(w dns.ResponseWriter, q *dns.Msg) { w.WriteMsg(records(q, lines...)) }
}

// run makes a Resolver and runs it until the test ends.
func run(t *testing.T, cfg forward.Config) *forward.Resolver {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	r, err := forward.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return r
}

func to(addrs ...netip.AddrPort) (us []forward.Upstream) {
	for _, a := range addrs {
		us = append(us, forward.Upstream{Addr: a})
	}
	return us
}

var nobody netip.Addr

// get resolves name and shows the answer on one line.
func get(t *testing.T, r *forward.Resolver, name string, typ uint16) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	a, err := r.Resolve(ctx, nobody, dnsname.MustParse(name), typ)
	return show(a, err)
}

func show(a forward.Answer, err error) string {
	var b strings.Builder
	b.WriteString(dns.RcodeToString[int(a.Rcode)])
	if a.Stale {
		b.WriteString(" stale")
	}
	for _, r := range a.Answer {
		b.WriteString("; " + r.String())
	}
	for _, r := range a.Authority {
		s, _ := zone.ParseSOA(r.First())
		b.WriteString("; " + r.Owner.String() + " SOA " + s.MName.String())
	}
	if !a.Next.IsZero() {
		b.WriteString("; on with " + a.Next.String())
	}
	if err != nil && a.Rcode != wire.ServFail {
		b.WriteString("; an error without SERVFAIL")
	}
	return b.String()
}

// certificate is a self-made one for a DNS name, and the pool that trusts it.
func certificate(t *testing.T, name string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func name(s string) dnsname.Name { return dnsname.MustParse(s) }
