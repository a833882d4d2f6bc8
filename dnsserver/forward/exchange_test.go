package forward_test

import (
	"context"
	"net"
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
			r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: 10 * time.Second, Hedge: time.Minute})
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
			r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: time.Second, Hedge: time.Minute})
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
	r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: 10 * time.Second})
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
	r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: 10 * time.Second})
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
	r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: 10 * time.Second})
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
	r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: time.Second})
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
	r := run(t, forward.Config{Upstreams: to(u.addr), Timeout: 10 * time.Second})
	get(t, r, "a.test.", dns.TypeA)
	time.Sleep(20 * time.Millisecond)
	if got := get(t, r, "b.test.", dns.TypeA); got != "NOERROR; b.test. A 192.0.2.1" || u.conns.Load() != 2 {
		t.Errorf("%s over %d connections", got, u.conns.Load())
	}
}
