package transfer_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/transfer"
	"github.com/fedns/fedns/dnsserver/tsig"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	first  = netip.MustParseAddrPort("192.0.2.1:53")
	second = netip.MustParseAddrPort("192.0.2.2:53")
)

// secondary answers as it is told to, and notes what it hears.
type secondary struct {
	answer func(msg []byte, m *dns.Msg) [][]byte // nil: silence

	mu      sync.Mutex
	heard   []time.Time
	serials []uint32
	open    int // exchanges going on
	most    int
}

func acknowledge(_ []byte, m *dns.Msg) [][]byte {
	out, _ := new(dns.Msg).SetReply(m).Pack()
	return [][]byte{out}
}

func (s *secondary) serve(t *testing.T, conn net.Conn) {
	defer conn.Close()
	s.mu.Lock()
	s.open++
	s.most = max(s.most, s.open)
	s.mu.Unlock()
	buf := make([]byte, 2048)
	if n, err := conn.Read(buf); err == nil {
		var m dns.Msg
		if err := m.Unpack(buf[:n]); err != nil || m.Opcode != dns.OpcodeNotify || !m.Authoritative || len(m.Answer) != 1 {
			t.Errorf("%v: %v", err, &m)
		}
		s.mu.Lock()
		s.heard = append(s.heard, time.Now())
		s.serials = append(s.serials, m.Answer[0].(*dns.SOA).Serial)
		s.mu.Unlock()
		if s.answer != nil {
			for _, a := range s.answer(buf[:n], &m) {
				conn.Write(a)
			}
		}
		conn.Read(buf) // until the other side closes
	}
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
}

// notifier runs one in a bubble, with secondaries behind pipes, until stop.
func notifier(t *testing.T, cfg transfer.NotifierConfig, key string, servers map[netip.AddrPort]*secondary) (n *transfer.Notifier, stop func()) {
	cfg.Secondaries = func(dnsname.Name) (list []transfer.Secondary) {
		for addr := range servers {
			s := transfer.Secondary{Addr: addr}
			if key != "" {
				s.Key = dnsname.MustParse(key)
			}
			list = append(list, s)
		}
		return list
	}
	keys := ring(t)
	cfg.Keys = func() *tsig.Keyring { return keys }
	cfg.Dial = func(_ context.Context, to netip.AddrPort) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go servers[to].serve(t, theirs)
		return ours, nil
	}
	n = transfer.NewNotifier(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- n.Run(ctx) }()
	return n, func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// pass lets time pass, and all goroutines come to rest.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestNotifyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &secondary{answer: acknowledge}, &secondary{answer: acknowledge}
		n, stop := notifier(t, transfer.NotifierConfig{}, "", map[netip.AddrPort]*secondary{first: a, second: b})
		defer stop()
		start := time.Now()
		n.Changed(apex, soa(7))
		pass(time.Minute)
		for _, s := range []*secondary{a, b} {
			if len(s.serials) != 1 || s.serials[0] != 7 || s.heard[0].Sub(start) != 50*time.Millisecond {
				t.Errorf("heard %v at %v, from %v", s.serials, s.heard, start)
			}
		}
		if c := n.Counts(); c != (transfer.NotifierCounts{Sent: 2, Acknowledged: 2}) {
			t.Errorf("%+v", c)
		}
	})
}

// TestNotifyBurst: 2,000 changes a second are few messages, and the last change is told.
func TestNotifyBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &secondary{answer: acknowledge}
		n, stop := notifier(t, transfer.NotifierConfig{}, "", map[netip.AddrPort]*secondary{first: s})
		defer stop()
		for i := range 20_000 {
			n.Changed(apex, soa(uint32(i)))
			pass(500 * time.Microsecond)
		}
		end := time.Now()
		pass(time.Minute)
		if got := len(s.serials); got < 8 || got > 20 {
			t.Errorf("%d messages in 10 s", got)
		}
		if last := len(s.serials) - 1; s.serials[last] != 19_999 || s.heard[last].Sub(end) > 1100*time.Millisecond {
			t.Errorf("the last is %d, %v after the last change", s.serials[last], s.heard[last].Sub(end))
		}
		if s.most != 1 {
			t.Errorf("%d outstanding at once", s.most)
		}
		// After a while without changes the next one is told at once again.
		start := time.Now()
		n.Changed(apex, soa(20_000))
		pass(time.Second)
		if d := s.heard[len(s.heard)-1].Sub(start); d != 50*time.Millisecond {
			t.Errorf("told after %v", d)
		}
		// Changes that come now and then are all told without delay.
		before := len(s.heard)
		for i := range 20 {
			n.Changed(apex, soa(30_000+uint32(i)))
			pass(400 * time.Millisecond)
		}
		if got := len(s.heard) - before; got != 20 {
			t.Errorf("%d of 20 told", got)
		}
	})
}

func TestNotifySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent, fine := &secondary{}, &secondary{answer: acknowledge}
		var failures []string
		n, stop := notifier(t, transfer.NotifierConfig{Failed: func(_ dnsname.Name, to transfer.Secondary, err error) {
			failures = append(failures, to.Addr.String()+" "+err.Error())
		}}, "", map[netip.AddrPort]*secondary{first: silent, second: fine})
		defer stop()
		n.Changed(apex, soa(1))
		pass(5 * time.Second)
		n.Changed(apex, soa(2))
		pass(time.Second)
		if len(fine.serials) != 2 {
			t.Errorf("the one that answers heard %v", fine.serials)
		}
		pass(30 * time.Second)
		var gaps []time.Duration
		for i, at := range silent.heard[1:] {
			gaps = append(gaps, at.Sub(silent.heard[i]))
		}
		// Told after 0, 1, 3, 7 and 15 s; what changed meanwhile is told by the next try.
		if len(gaps) != 4 || gaps[0] != time.Second || gaps[3] != 8*time.Second || silent.serials[2] != 1 || silent.serials[3] != 2 {
			t.Errorf("heard %v, %v apart", silent.serials, gaps)
		}
		if c := n.Counts(); c != (transfer.NotifierCounts{Sent: 7, Acknowledged: 2, Failed: 1}) || len(failures) != 1 || !strings.HasPrefix(failures[0], first.String()) {
			t.Errorf("%+v, %v", c, failures)
		}
		n.Changed(apex, soa(3))
		pass(time.Second)
		if silent.serials[len(silent.serials)-1] != 3 {
			t.Error("it is not told any more")
		}
	})
}

// TestNotifyBounded: many zones do not make many exchanges at once.
func TestNotifyBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &secondary{}
		n, stop := notifier(t, transfer.NotifierConfig{}, "", map[netip.AddrPort]*secondary{first: s})
		defer stop()
		for i := range 200 {
			owner, _ := apex.Child(strings.Repeat("z", 1+i%60) + string(rune('a'+i/60)))
			n.Changed(owner, zone.NewRRset(owner, zone.TypeSOA, 5, soa(1).First()))
		}
		pass(900 * time.Millisecond)
		if s.most != 16 {
			t.Errorf("%d at once", s.most)
		}
	})
}

// TestNotifyAnswers: what ends the tries, what is not believed.
func TestNotifyAnswers(t *testing.T) {
	keys := ring(t)
	sign := func(raw []byte, m *dns.Msg, change func(*dns.Msg)) [][]byte {
		_, s, err := keys.Verify(raw, time.Now())
		if err != nil {
			t.Error(err)
			return nil
		}
		a := new(dns.Msg).SetReply(m)
		change(a)
		out, _ := a.Pack()
		return [][]byte{s.Sign(nil, out, time.Now())}
	}
	for _, c := range []struct {
		what   string
		key    string
		answer func(raw []byte, m *dns.Msg) [][]byte
		want   transfer.NotifierCounts
		err    string
	}{
		{"an RCODE", "", func(_ []byte, m *dns.Msg) [][]byte {
			out, _ := new(dns.Msg).SetRcode(m, dns.RcodeRefused).Pack()
			return [][]byte{out}
		}, transfer.NotifierCounts{Sent: 1, Failed: 1}, "REFUSED"},
		{"others' messages first", "", func(raw []byte, m *dns.Msg) [][]byte {
			other := new(dns.Msg).SetReply(m)
			other.Id++
			b, _ := other.Pack()
			query := new(dns.Msg).SetQuestion("example.", dns.TypeSOA)
			query.Id, query.Response = m.Id, true
			q, _ := query.Pack()
			return [][]byte{{1, 2}, b, raw, q, acknowledge(raw, m)[0]}
		}, transfer.NotifierCounts{Sent: 1, Acknowledged: 1}, ""},
		{"a signature", "key", func(raw []byte, m *dns.Msg) [][]byte {
			return sign(raw, m, func(*dns.Msg) {})
		}, transfer.NotifierCounts{Sent: 1, Acknowledged: 1}, ""},
		{"a signed RCODE", "key", func(raw []byte, m *dns.Msg) [][]byte {
			return sign(raw, m, func(a *dns.Msg) { a.Rcode = dns.RcodeNotAuth })
		}, transfer.NotifierCounts{Sent: 1, Failed: 1}, "NOTAUTH"},
		{"no signature where one is due", "key", func(raw []byte, m *dns.Msg) [][]byte {
			out, _ := new(dns.Msg).SetReply(m).Pack()
			return [][]byte{out}
		}, transfer.NotifierCounts{Sent: 5, Failed: 1}, "not signed"},
		{"a key that is not there", "other", acknowledge, transfer.NotifierCounts{Failed: 1}, "no key other."},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var failure error
				n, stop := notifier(t, transfer.NotifierConfig{Failed: func(_ dnsname.Name, _ transfer.Secondary, err error) { failure = err }},
					c.key, map[netip.AddrPort]*secondary{first: {answer: c.answer}})
				defer stop()
				n.Changed(apex, soa(1))
				pass(time.Minute)
				if got := n.Counts(); got != c.want {
					t.Errorf("%+v, want %+v", got, c.want)
				}
				if (failure == nil) != (c.err == "") || failure != nil && !strings.Contains(failure.Error(), c.err) {
					t.Errorf("%v, want %q", failure, c.err)
				}
			})
		})
	}
}

// TestNotifyUDP: by real sockets, to a server of another implementation.
func TestNotifyUDP(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan *dns.Msg, 1)
	srv := &dns.Server{PacketConn: pc, MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept },
		TsigSecret: map[string]string{"key.": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
		Handler: dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {
			a := new(dns.Msg).SetReply(m)
			if w.TsigStatus() != nil {
				t.Error(w.TsigStatus())
			}
			a.SetTsig("key.", dns.HmacSHA256, 300, time.Now().Unix())
			w.WriteMsg(a)
			heard <- m
		})}
	go srv.ActivateAndServe()
	defer srv.Shutdown()
	keys := ring(t)
	n := transfer.NewNotifier(transfer.NotifierConfig{
		Secondaries: func(dnsname.Name) []transfer.Secondary {
			return []transfer.Secondary{{Addr: netip.MustParseAddrPort(pc.LocalAddr().String()), Key: dnsname.MustParse("key")}}
		},
		Keys: func() *tsig.Keyring { return keys },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { n.Run(ctx); close(ended) }()
	n.Changed(apex, soa(5))
	if m := <-heard; m.Question[0].Name != "example." || m.Question[0].Qtype != dns.TypeSOA || m.Answer[0].(*dns.SOA).Serial != 5 {
		t.Errorf("heard %v", m)
	}
	for range 200 {
		if n.Counts().Acknowledged == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if c := n.Counts(); c.Acknowledged != 1 {
		t.Errorf("%+v", c)
	}
	cancel()
	<-ended
}
