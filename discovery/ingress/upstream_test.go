package ingress

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// server is a name server on loopback, UDP and TCP at one port. It answers with
// zone text: records before "--" are answers, those behind are authority.
func server(t *testing.T, answer func(q dns.Question, network string) (rcode int, text string)) string {
	t.Helper()
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		network := w.LocalAddr().Network()
		rcode, text := answer(q.Question[0], network)
		if rcode < 0 {
			return
		}
		m.Rcode = rcode
		if text == "TC" {
			m.Truncated, text = true, ""
		}
		list := &m.Answer
		for l := range strings.Lines(text) {
			if strings.TrimSpace(l) == "--" {
				list = &m.Ns
				continue
			}
			rr, err := dns.NewRR(strings.TrimSpace(l))
			if err != nil {
				t.Error(err)
			}
			if rr != nil {
				*list = append(*list, rr)
			}
		}
		_ = w.WriteMsg(m)
	})
	pc, l := listen(t)
	for _, s := range []*dns.Server{{PacketConn: pc, Handler: handler}, {Listener: l, Handler: handler}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		done := make(chan struct{})
		go func() { defer close(done); _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown(); <-done })
	}
	return pc.LocalAddr().String()
}

// listen opens UDP and TCP at one port; the port the kernel picks for one may be taken for the other.
func listen(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 50 {
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", pc.LocalAddr().String())
		if err == nil {
			return pc, l
		}
		pc.Close()
	}
	t.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

func ask(t *testing.T, servers []string, own string) (string, error) {
	t.Helper()
	return askWithin(t, 10*time.Second, servers, own)
}

// askWithin asks with that much patience, for a server that is silent.
func askWithin(t *testing.T, timeout time.Duration, servers []string, own string) (string, error) {
	t.Helper()
	cfg := Config{Servers: servers, Timeout: timeout, Own: func(n dnsname.Name) bool {
		return own != "" && n.Under(dnsname.MustParse(own))
	}}
	u, err := newUpstream(cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := u.lookup(t.Context(), dnsname.MustParse("lb.cloud.test."))
	var parts []string
	for _, o := range got {
		parts = append(parts, fmt.Sprintf("%s %v %v", []string{"failed", "found", "none"}[o.kind], o.addrs, o.ttl))
	}
	return strings.Join(parts, " "), err
}

func TestLookup(t *testing.T) {
	const soa = "\n--\ncloud.test. 60 SOA ns. host. 1 2 3 4 20"
	tests := []struct {
		name  string
		a     string // answer to A; AAAA is denied with the SOA
		rcode int
		own   string
		want  string
		note  string // the error beside an answer
		err   string
	}{
		{name: "addresses", a: "LB.cloud.test. 30 A 192.0.2.2\nlb.cloud.test. 30 A 192.0.2.1\nlb.cloud.test. 30 A 192.0.2.1", want: "found [192.0.2.1 192.0.2.2] 30s none [] 20s"},
		{name: "aliases, the lowest TTL", a: "b.cdn.test. 9 A 192.0.2.1\nlb.cloud.test. 30 CNAME a.cdn.test.\na.cdn.test. 7 CNAME b.cdn.test.", want: "found [192.0.2.1] 7s none [] 20s"},
		{name: "records of other names do not count", a: "other.test. 30 A 192.0.2.1" + soa, want: "none [] 20s none [] 20s"},
		{name: "alias loop", a: "lb.cloud.test. 9 CNAME a.test.\na.test. 9 CNAME lb.cloud.test.", want: "failed [] 0s none [] 20s", err: "alias without an answer"},
		{name: "NXDOMAIN", rcode: dns.RcodeNameError, a: soa, want: "none [] 20s none [] 20s"},
		{name: "NODATA behind an alias", a: "lb.cloud.test. 9 CNAME a.test." + soa, want: "none [] 9s none [] 20s"},
		{name: "referral", a: "--\ncloud.test. 60 NS ns.test.", err: "referral instead of an answer"},
		{name: "alias out of the reply", a: "lb.cloud.test. 9 CNAME a.test.", err: "alias without an answer"},
		{name: "SERVFAIL", rcode: dns.RcodeServerFailure, err: "SERVFAIL"},
		{name: "REFUSED", rcode: dns.RcodeRefused, err: "REFUSED"},
		{name: "alias into a zone served here", a: "lb.cloud.test. 9 CNAME web.shop.prod.\nweb.shop.prod. 9 A 192.0.2.1", own: "prod.", err: "web.shop.prod. lies in a zone served here: its answer would be made of itself"},
		{name: "silence", rcode: -1, err: "timeout"},
		{name: "addresses of no host are left out", a: "lb.cloud.test. 1 A 127.0.0.1\nlb.cloud.test. 30 A 192.0.2.1\nlb.cloud.test. 2 A 0.0.0.0", want: "found [192.0.2.1] 30s none [] 20s", note: "no address of a host, left out: [0.0.0.0 127.0.0.1]"},
		{name: "nothing but the asking host", a: "lb.cloud.test. 30 A 127.0.0.1" + soa, err: "no address of a host, left out: [127.0.0.1]"},
		{name: "a cloud's metadata service", a: "lb.cloud.test. 30 A 169.254.169.254", err: "no address of a host, left out: [169.254.169.254]"},
		{name: "no single host", a: "lb.cloud.test. 30 A 255.255.255.255\nlb.cloud.test. 30 A 224.0.0.1", err: "no address of a host, left out: [224.0.0.1 255.255.255.255]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := server(t, func(q dns.Question, _ string) (int, string) {
				if q.Qtype == dns.TypeAAAA && tt.rcode != -1 {
					return dns.RcodeSuccess, soa
				}
				return tt.rcode, tt.a
			})
			timeout := 10 * time.Second
			if tt.rcode == -1 {
				timeout = 200 * time.Millisecond
			}
			got, err := askWithin(t, timeout, []string{s}, tt.own)
			if tt.err == "" && (fmt.Sprint(err) != cmp.Or(tt.note, "<nil>") || got != tt.want) {
				t.Errorf("%s, %v; want %s, %s", got, err, tt.want, tt.note)
			}
			if tt.err != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.err) || !strings.HasPrefix(got, "failed []")) {
				t.Errorf("%s, %v; want error %s", got, err, tt.err)
			}
		})
	}
}

// TestTruncated: what does not fit into a datagram comes by TCP.
func TestTruncated(t *testing.T) {
	s := server(t, func(q dns.Question, network string) (int, string) {
		if network == "udp" {
			return dns.RcodeSuccess, "TC"
		}
		return dns.RcodeSuccess, "lb.cloud.test. 30 A 192.0.2.1"
	})
	if got, err := ask(t, []string{s}, ""); err != nil || got != "found [192.0.2.1] 30s none [] 0s" {
		t.Errorf("%s, %v", got, err)
	}
}

// TestMappedAddress: an AAAA record that holds an IPv4 address is none of either family.
func TestMappedAddress(t *testing.T) {
	s := server(t, func(q dns.Question, _ string) (int, string) {
		if q.Qtype == dns.TypeA {
			return dns.RcodeSuccess, "lb.cloud.test. 30 A 192.0.2.1"
		}
		return dns.RcodeSuccess, "lb.cloud.test. 30 AAAA ::ffff:192.0.2.9\nlb.cloud.test. 30 AAAA ::1\nlb.cloud.test. 30 AAAA fe80::1\nlb.cloud.test. 30 AAAA 2001:db8::1"
	})
	got, err := ask(t, []string{s}, "")
	if got != "found [192.0.2.1] 30s found [2001:db8::1] 30s" || err == nil || !strings.HasSuffix(err.Error(), "left out: [::1 ::ffff:192.0.2.9 fe80::1]") {
		t.Errorf("%s, %v", got, err)
	}
}

// TestBothAtOnce: A and AAAA do not wait for each other.
func TestBothAtOnce(t *testing.T) {
	asked := make(chan struct{})
	s := server(t, func(q dns.Question, _ string) (int, string) {
		if q.Qtype == dns.TypeAAAA {
			close(asked)
			return dns.RcodeSuccess, "lb.cloud.test. 30 AAAA 2001:db8::1"
		}
		select {
		case <-asked:
			return dns.RcodeSuccess, "lb.cloud.test. 30 A 192.0.2.1"
		case <-t.Context().Done():
			return -1, ""
		}
	})
	if got, err := ask(t, []string{s}, ""); err != nil || got != "found [192.0.2.1] 30s found [2001:db8::1] 30s" {
		t.Errorf("%s, %v", got, err)
	}
}

// TestSilentTCP: an answer that comes neither way ends with a timeout.
func TestSilentTCP(t *testing.T) {
	s := server(t, func(_ dns.Question, network string) (int, string) {
		if network == "udp" {
			return dns.RcodeSuccess, "TC"
		}
		return -1, ""
	})
	if got, err := askWithin(t, time.Second, []string{s}, ""); err == nil || !strings.HasSuffix(err.Error(), ": timeout") || got != "failed [] 0s failed [] 0s" {
		t.Errorf("%s, %v", got, err)
	}
}

// TestSilentServer: a server that was silent where the next one answered is asked behind it for a while.
func TestSilentServer(t *testing.T) {
	var asked atomic.Int32
	dead := server(t, func(dns.Question, string) (int, string) { asked.Add(1); return -1, "" })
	good := server(t, func(dns.Question, string) (int, string) { return dns.RcodeSuccess, "lb.cloud.test. 30 A 192.0.2.1" })
	u, err := newUpstream(Config{Servers: []string{dead, good}, Timeout: 2 * time.Second, Own: func(dnsname.Name) bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, err := u.lookup(t.Context(), dnsname.MustParse("lb.cloud.test.")); err != nil || got[0].kind != found {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the silent server was asked %d times, want once for A and once for AAAA", n)
	}
	now := time.Now()
	if got := fmt.Sprint(u.order(now), u.order(now.Add(preferFor+time.Second))); got != "[1 0] [0 1]" {
		t.Errorf("order %s", got)
	}
}

// TestNextServer: a server that fails is passed over.
func TestNextServer(t *testing.T) {
	bad := server(t, func(dns.Question, string) (int, string) { return dns.RcodeServerFailure, "" })
	good := server(t, func(dns.Question, string) (int, string) { return dns.RcodeSuccess, "lb.cloud.test. 30 A 192.0.2.1" })
	if got, err := ask(t, []string{bad, good}, ""); err != nil || !strings.HasPrefix(got, "found [192.0.2.1]") {
		t.Errorf("%s, %v", got, err)
	}
}

// TestStop: a question under way does not hold up the end.
func TestStop(t *testing.T) {
	asked := make(chan struct{}, 4)
	s := server(t, func(dns.Question, string) (int, string) { asked <- struct{}{}; return -1, "" })
	r, err := New(Config{Servers: []string{s}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Acquire("lb.cloud.test"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx, make(chan Change)); close(done) }()
	<-asked
	cancel()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("still running")
	}
}
