package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// answerer is a small name server that has the zone of headless by heart. One
// answer in a hundred is wrong.
type answerer struct {
	expected map[string]query
	asked    int
}

func newAnswerer() *answerer {
	a := &answerer{expected: map[string]query{}}
	for _, q := range headless.queries(asked, plain) {
		var m dns.Msg
		if m.Unpack(q.msg) == nil {
			a.expected[m.Question[0].String()] = q
		}
	}
	return a
}

func (a *answerer) answer(m *dns.Msg) *dns.Msg {
	a.asked++
	q := a.expected[m.Question[0].String()]
	r := new(dns.Msg).SetRcode(m, int(q.rcode))
	for range q.answers {
		r.Answer = append(r.Answer, &dns.A{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: []byte{1, 2, 3, 4}})
	}
	if a.asked%100 == 0 {
		r.Rcode = dns.RcodeServerFailure
	}
	return r
}

func check(t *testing.T, over string, o outcome, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", over, err)
	}
	if o.Answered < 100 || o.Answered+o.Lost != o.Sent || o.Wrong*100 > o.Answered+100 || o.Wrong == 0 || o.P50 > o.P999 || o.P50 == 0 {
		t.Errorf("%s: %+v", over, o)
	}
}

// TestGenerator counts right and wrong answers, and those that do not come.
func TestGenerator(t *testing.T) {
	for _, over := range []string{overUDP, overTCP} {
		a := newAnswerer()
		srv := &dns.Server{Addr: "127.0.0.1:0", Net: over, MaxTCPQueries: -1, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {})}
		lock := make(chan struct{}, 1)
		srv.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {
			lock <- struct{}{}
			r := a.answer(m)
			mute := over == overUDP && a.asked%1000 == 0
			<-lock
			if !mute {
				_ = w.WriteMsg(r)
			}
		})
		started := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(started) }
		go func() { _ = srv.ListenAndServe() }()
		<-started
		addr := ""
		if over == overUDP {
			addr = srv.PacketConn.LocalAddr().String()
		} else {
			addr = srv.Listener.Addr().String()
		}
		o, err := run{Shape: headless, Form: plain, Over: over, Addr: addr, Time: 300 * time.Millisecond}.do()
		check(t, over, o, err)
		if lost := o.Lost > 0; lost != (over == overUDP && o.Sent >= 1000) || o.Restarts > 0 {
			t.Errorf("%s: %+v", over, o)
		}
		_ = srv.Shutdown()
	}
}

// TestGeneratorOverHTTP speaks HTTP/2 with the standard library's server.
func TestGeneratorOverHTTP(t *testing.T) {
	a := newAnswerer()
	lock := make(chan struct{}, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lock <- struct{}{}
		defer func() { <-lock }()
		body, err := io.ReadAll(r.Body)
		var m dns.Msg
		if r.ProtoMajor != 2 || r.URL.Path != "/dns-query" || r.Header.Get("Content-Type") != "application/dns-message" || err != nil || m.Unpack(body) != nil {
			t.Errorf("%s %s %v: %q, %v", r.Proto, r.URL, r.Header, body, err)
			return
		}
		wire, err := a.answer(&m).Pack()
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(wire)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	o, err := run{Shape: headless, Form: plain, Over: overHTTPS, Addr: strings.TrimPrefix(srv.URL, "https://"), Time: 300 * time.Millisecond}.do()
	check(t, overHTTPS, o, err)
	if o.Restarts > 0 || o.Lost > 0 {
		t.Errorf("%+v", o)
	}
}

func TestLateAnswersAreLost(t *testing.T) {
	g := &generator{queries: headless.queries(10, plain), epoch: time.Now()}
	f := g.newFlow(1)
	late := append([]byte(nil), f.ask(0)...)
	f.giveUp(0)
	soon := append([]byte(nil), f.ask(1)...)
	late[2], soon[2] = 0x80, 0x80
	f.take(late, 2)
	f.take([]byte("short"), 2)
	g.echo = true
	f.take(soon, 3)
	f.take(soon, 4) // twice
	if g.sent != 2 || g.lost != 1 || g.answered != 1 || g.wrong != 1 || f.underWay() != 0 {
		t.Errorf("%+v", *g)
	}
}
