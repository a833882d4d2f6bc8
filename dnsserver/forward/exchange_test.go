package forward_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/zone"
)

const right, wrong = "www.test. 60 IN A 192.0.2.1", "www.test. 60 IN A 192.0.2.66"

// TestForged sends forged answers ahead of the right one.
func TestForged(t *testing.T) {
	for name, forge := range map[string]func(m *dns.Msg){
		"ID":           func(m *dns.Msg) { m.Id++ },
		"spelling":     func(m *dns.Msg) { m.Question[0].Name = swap(m.Question[0].Name) },
		"name":         func(m *dns.Msg) { m.Question[0].Name = "xxx.test." },
		"type":         func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAAAA },
		"class":        func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS },
		"no question":  func(m *dns.Msg) { m.Question = nil },
		"a query":      func(m *dns.Msg) { m.Response = false },
		"another code": func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify },
	} {
		t.Run(name, func(t *testing.T) {
			u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
				m := records(q, wrong)
				forge(m)
				for range 3 {
					w.WriteMsg(m)
				}
				w.Write([]byte{1, 2, 3})
				w.WriteMsg(records(q, right))
			})
			r := run(t, forward.Config{Upstreams: to(u.addr), Hedge: time.Minute})
			if got := get(t, r, "www.test.", dns.TypeA); got != "NOERROR; www.test. A 192.0.2.1" {
				t.Error(got)
			}
			if u.tcp.Load() != 0 {
				t.Error("asked over TCP, though the right answer came")
			}
		})
		t.Run(name+" only", func(t *testing.T) {
			u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
				if _, ok := w.RemoteAddr().(*net.TCPAddr); ok {
					w.WriteMsg(records(q, right))
					return
				}
				m := records(q, wrong)
				forge(m)
				w.WriteMsg(m)
			})
			r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: 300 * time.Millisecond, Hedge: time.Minute})
			if got := get(t, r, "www.test.", dns.TypeA); got != "NOERROR; www.test. A 192.0.2.1" || u.tcp.Load() != 1 {
				t.Errorf("%s after %d queries over TCP", got, u.tcp.Load())
			}
		})
	}
}

// swap exchanges upper and lower case.
func swap(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z':
			return c - 32
		case 'A' <= c && c <= 'Z':
			return c + 32
		}
		return c
	}, s)
}

// TestFromElsewhere: what does not come from the upstream's address does not arrive.
func TestFromElsewhere(t *testing.T) {
	other, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		b, _ := records(q, wrong).Pack()
		other.WriteTo(b, w.RemoteAddr())
		time.Sleep(20 * time.Millisecond)
		w.WriteMsg(records(q, right))
	})
	r := run(t, forward.Config{Upstreams: to(u.addr)})
	if got := get(t, r, "www.test.", dns.TypeA); got != "NOERROR; www.test. A 192.0.2.1" {
		t.Error(got)
	}
}

// TestCaseless: a server that answers in its own letters, over TCP too, is asked
// over TCP from then on.
func TestCaseless(t *testing.T) {
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := records(q, strings.ToLower(q.Question[0].Name)+" 60 IN A 192.0.2.1")
		m.Question[0].Name = strings.ToLower(m.Question[0].Name)
		w.WriteMsg(m)
	})
	r := run(t, forward.Config{Upstreams: to(u.addr)})
	for _, name := range []string{"a-rather-long-name.test.", "another-long-name.test."} {
		if got := get(t, r, name, dns.TypeA); got != "NOERROR; "+name+" A 192.0.2.1" {
			t.Error(got)
		}
	}
	if u.udp.Load() != 1 || u.tcp.Load() != 2 || u.conns.Load() != 1 {
		t.Errorf("%d queries over UDP, %d over TCP on %d connections", u.udp.Load(), u.tcp.Load(), u.conns.Load())
	}
}

func TestTruncated(t *testing.T) {
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := records(q, right)
		if _, ok := w.RemoteAddr().(*net.UDPAddr); ok {
			m.Truncated = true
			b, _ := m.Pack()
			w.Write(b[:len(b)-3]) // in the middle of a record
			return
		}
		for i := range 200 {
			rr, _ := dns.NewRR("www.test. 60 IN A 198.51.100.0")
			rr.(*dns.A).A[15] = byte(i)
			m.Answer = append(m.Answer, rr)
		}
		w.WriteMsg(m)
	})
	r := run(t, forward.Config{Upstreams: to(u.addr)})
	a, err := r.Resolve(context.Background(), nobody, name("www.test."), zone.TypeA)
	if err != nil || len(a.Answer) != 1 || a.Answer[0].Len() != 201 || u.tcp.Load() != 1 {
		t.Errorf("%s, %v", show(a, err), err)
	}
}

// TestDatagramsLost: where UDP gets no answer at all, TCP does.
func TestDatagramsLost(t *testing.T) {
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if _, ok := w.RemoteAddr().(*net.TCPAddr); ok {
			w.WriteMsg(records(q, right))
		}
	})
	r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: 100 * time.Millisecond})
	if got := get(t, r, "www.test.", dns.TypeA); got != "NOERROR; www.test. A 192.0.2.1" {
		t.Error(got)
	}
}

// TestConnectionGone: the server closed the connection while it was idle.
func TestConnectionGone(t *testing.T) {
	u := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := records(q, q.Question[0].Name+" 60 IN A 192.0.2.1")
		_, udp := w.RemoteAddr().(*net.UDPAddr)
		m.Truncated = udp
		w.WriteMsg(m)
		if !udp {
			w.Close()
		}
	})
	r := run(t, forward.Config{Upstreams: to(u.addr)})
	get(t, r, "a.test.", dns.TypeA)
	time.Sleep(20 * time.Millisecond)
	if got := get(t, r, "b.test.", dns.TypeA); got != "NOERROR; b.test. A 192.0.2.1" || u.conns.Load() != 2 {
		t.Errorf("%s over %d connections", got, u.conns.Load())
	}
}

func TestTLS(t *testing.T) {
	conf, pool := certificate(t, "resolver.test")
	u := serveTLS(t, says(right), conf)
	for _, c := range []struct {
		what   string
		server string
		pool   *x509.CertPool
		want   string
	}{
		{"right name", "resolver.test", pool, "NOERROR; www.test. A 192.0.2.1"},
		{"wrong name", "other.test", pool, "SERVFAIL"},
		{"address instead of a name", "", pool, "SERVFAIL"},
		{"nobody to trust", "resolver.test", x509.NewCertPool(), "SERVFAIL"},
	} {
		t.Run(c.what, func(t *testing.T) {
			cfg := forward.Config{Upstreams: []forward.Upstream{{Addr: u.addr, TLS: true, ServerName: c.server}}, RootCAs: c.pool}
			r := run(t, cfg)
			if got := get(t, r, "www.test.", dns.TypeA); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if u.udp.Load() != 0 {
		t.Error("asked in the clear")
	}
}

// TestTLSDowngrade: a server with TLS 1.1 at the most is not asked.
func TestTLSDowngrade(t *testing.T) {
	conf, pool := certificate(t, "resolver.test")
	conf.MinVersion, conf.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	u := serveTLS(t, says(right), conf)
	r := run(t, forward.Config{Upstreams: []forward.Upstream{{Addr: u.addr, TLS: true, ServerName: "resolver.test"}}, RootCAs: pool})
	if got := get(t, r, "www.test.", dns.TypeA); got != "SERVFAIL" {
		t.Error(got)
	}
}

// TestConnectionIsUsedAgain: queries one after the other share a connection.
func TestConnectionIsUsedAgain(t *testing.T) {
	conf, pool := certificate(t, "resolver.test")
	u := serveTLS(t, says("NXDOMAIN"), conf)
	r := run(t, forward.Config{Upstreams: []forward.Upstream{{Addr: u.addr, TLS: true, ServerName: "resolver.test"}}, RootCAs: pool})
	for range 20 {
		get(t, r, "www.test.", dns.TypeA)
	}
	if u.tcp.Load() != 20 || u.conns.Load() != 1 {
		t.Errorf("%d queries over %d connections", u.tcp.Load(), u.conns.Load())
	}
}

// TestDeadAndSilent: an upstream with nobody there costs nothing, a silent one the hedge delay.
func TestDeadAndSilent(t *testing.T) {
	good := serve(t, says(right))
	closed := closedPort(t)
	for what, c := range map[string]struct {
		first netip.AddrPort
		atMost,
		atLeast time.Duration
	}{
		"nobody there": {closed, 80 * time.Millisecond, 0},
		"silent":       {dead(t), 400 * time.Millisecond, 100 * time.Millisecond},
	} {
		t.Run(what, func(t *testing.T) {
			r := run(t, forward.Config{Upstreams: to(c.first, good.addr), Hedge: 100 * time.Millisecond})
			begin := time.Now()
			got := get(t, r, "www.test.", dns.TypeA)
			if took := time.Since(begin); got != "NOERROR; www.test. A 192.0.2.1" || took > c.atMost || took < c.atLeast {
				t.Errorf("%s after %v", got, took)
			}
			begin = time.Now()
			get(t, r, "other.test.", dns.TypeA)
			if took := time.Since(begin); took > 80*time.Millisecond {
				t.Errorf("%v, with an upstream known to be dead", took)
			}
		})
	}
}

func closedPort(t *testing.T) netip.AddrPort {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	return netip.MustParseAddrPort(pc.LocalAddr().String())
}
