package answer_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/answer"
	"github.com/fedns/fedns/dnsserver/policy"
)

// hasty is a raw message: header with the given counts, then parts.
func hasty(qd, ar byte, parts ...string) []byte {
	return []byte("\x12\x34\x00\x00\x00" + string(qd) + "\x00\x00\x00\x00\x00" + string(ar) + strings.Join(parts, ""))
}

const wwwTXT = "\x03www\x07example\x00\x00\x10\x00\x01"

// opt is an OPT record of 1232 octets with flags and options.
func opt(flags string, options ...string) string {
	data := strings.Join(options, "")
	return "\x00\x00\x29\x04\xd0\x00\x00" + flags + string([]byte{byte(len(data) >> 8), byte(len(data))}) + data
}

func option(code byte, data string) string {
	return "\x00" + string(code) + "\x00" + string(byte(len(data))) + data
}

// ednsOf shows rcode, flags and options of a response's OPT.
func ednsOf(t *testing.T, raw []byte) string {
	t.Helper()
	if len(raw) == 0 {
		return "nothing"
	}
	var m dns.Msg
	if err := m.Unpack(raw); err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	out := dns.RcodeToString[m.Rcode]
	if m.Truncated {
		out += " tc"
	}
	o := m.IsEdns0()
	if o == nil {
		return out
	}
	out += " OPT"
	if o.Do() {
		out += " do"
	}
	for _, x := range o.Option {
		switch x := x.(type) {
		case *dns.EDNS0_COOKIE:
			out += " cookie:" + x.Cookie[:16]
			if len(x.Cookie) == 48 {
				out += "+16"
			}
		case *dns.EDNS0_NSID:
			id, _ := hex.DecodeString(x.Nsid)
			out += " nsid:" + string(id)
		case *dns.EDNS0_PADDING:
			out += " padding"
		case *dns.EDNS0_EDE:
			out += " ede:" + dns.ExtendedErrorCodeToString[x.InfoCode]
		case *dns.EDNS0_TCP_KEEPALIVE:
			out += fmt.Sprint(" keepalive:", x.Timeout)
		case *dns.EDNS0_SUBNET:
			out += " " + x.String()
		default:
			out += " ?"
		}
	}
	return out
}

// TestEDNS asks what compliance probes ask (RFC 6891, and each option's RFC),
// and shows how each part of it is answered.
func TestEDNS(t *testing.T) {
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone))
	e.SetPolicy(policy.New(policy.Config{ServerID: "one", Version: "fedns 1", Cookies: policy.RandomCookies()}))
	const plain = "\x00\x00"
	client := "clientck"
	for _, c := range []struct {
		what, want string
		by         policy.Transport
		msg        []byte
	}{
		{"no EDNS", "NOERROR", policy.UDP, hasty(1, 0, wwwTXT)},
		{"version 0", "NOERROR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain))},
		{"version 1 with an option", "BADSIG OPT", policy.UDP, hasty(1, 1, wwwTXT, strings.Replace(opt(plain, option(3, "")), "\xd0\x00\x00", "\xd0\x00\x01", 1))},
		{"a flag that is not known is not returned", "NOERROR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt("\x00\x40"))},
		{"DO is returned", "NOERROR OPT do", policy.UDP, hasty(1, 1, wwwTXT, opt("\x80\x00"))},
		{"an option that is not known", "NOERROR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(100, "abc")))},
		{"options that overrun", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, "\x00\x64\x00\x09abc"))},
		{"an OPT that is cut", "FORMERR", policy.UDP, hasty(1, 1, wwwTXT, opt(plain)[:8])},
		{"NSID", "NOERROR OPT nsid:one", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(3, "")))},
		{"NSID with data", "NOERROR OPT nsid:one", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(3, "x")))},
		{"a client cookie", "NOERROR OPT cookie:" + hex.EncodeToString([]byte(client)) + "+16", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(10, client)))},
		{"a cookie of somebody else", "NOERROR OPT cookie:" + hex.EncodeToString([]byte(client)) + "+16", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(10, client+"0123456789abcdef")))},
		{"a cookie of 7 octets", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(10, client[1:])))},
		{"a cookie of 15 octets", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(10, client+client[1:])))},
		{"a cookie of 41 octets", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(10, strings.Repeat("x", 41))))},
		{"no question, a cookie", "NOERROR OPT cookie:" + hex.EncodeToString([]byte(client)) + "+16", policy.UDP, hasty(0, 1, opt(plain, option(10, client)))},
		{"no question, no cookie", "FORMERR OPT", policy.UDP, hasty(0, 1, opt(plain))},
		{"client subnet", "NOERROR OPT 192.0.2.0/24/0", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x01\x18\x00\xc0\x00\x02")))},
		{"client subnet of IPv6", "NOERROR OPT [2001:db8::]/32/0", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x02\x20\x00\x20\x01\x0d\xb8")))},
		{"client subnet 0", "NOERROR OPT 0.0.0.0/0/0", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x01\x00\x00")))},
		{"client subnet with a scope", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x01\x18\x18\xc0\x00\x02")))},
		{"client subnet with octets past it", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x01\x18\x00\xc0\x00\x02\x00")))},
		{"client subnet with bits past it", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x01\x17\x00\xc0\x00\x03")))},
		{"client subnet of 33 bits", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x01\x21\x00\xc0\x00\x02\x00\x00")))},
		{"client subnet of no family", "FORMERR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(8, "\x00\x03\x18\x00\xc0\x00\x02")))},
		{"keepalive over UDP means nothing", "NOERROR OPT", policy.UDP, hasty(1, 1, wwwTXT, opt(plain, option(11, "")))},
		{"keepalive over TCP", "NOERROR OPT keepalive:100", policy.TCP, hasty(1, 1, wwwTXT, opt(plain, option(11, "")))},
		{"keepalive with a timeout", "FORMERR OPT", policy.TCP, hasty(1, 1, wwwTXT, opt(plain, option(11, "\x00\x64")))},
		{"padding in the clear", "NOERROR OPT", policy.TCP, hasty(1, 1, wwwTXT, opt(plain, option(12, "\x00")))},
		{"padding", "NOERROR OPT padding", policy.TLS, hasty(1, 1, wwwTXT, opt(plain, option(12, "\x00")))},
		{"no zone of ours", "REFUSED OPT ede:Not Authoritative", policy.UDP, hasty(1, 1, "\x03www\x03com\x00\x00\x10\x00\x01", opt(plain))},
		{"no zone of ours, without EDNS", "REFUSED", policy.UDP, hasty(1, 0, "\x03www\x03com\x00\x00\x10\x00\x01")},
		{"a transfer that nobody may have", "REFUSED OPT ede:Prohibited", policy.TCP, hasty(1, 1, "\x07example\x00\x00\xfc\x00\x01", opt(plain))},
	} {
		dst := make([]byte, answer.MaxStream)
		n := e.NewWorker(c.by, &answer.Counts{}).Respond(dst, c.msg, from)
		if got := ednsOf(t, dst[:n]); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, got, c.want)
		}
		if strings.HasSuffix(c.want, "padding") && n%468 != 0 {
			t.Errorf("%s: %d octets, want a multiple of 468", c.what, n)
		}
	}
}

func TestCookiesAreRenewedOnlyWhenDue(t *testing.T) {
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone))
	e.SetPolicy(policy.New(policy.Config{Cookies: policy.RandomCookies()}))
	w, dst := e.NewWorker(policy.UDP, &answer.Counts{}), make([]byte, answer.MaxUDP)
	cookie := func(data string) string {
		t.Helper()
		n := w.Respond(dst, hasty(1, 1, wwwTXT, opt("\x00\x00", option(10, data))), from)
		return string(dst[n-24 : n])
	}
	first := cookie("clientck")
	if again := cookie(first); again != first {
		t.Errorf("a fresh cookie became %x, was %x", again, first)
	}
	if forged := first[:23] + string(first[23]^1); cookie(forged) == forged {
		t.Error("a forged cookie is taken")
	}
}

func TestChaos(t *testing.T) {
	e := answer.NewEngine()
	for _, c := range []struct {
		policy     policy.Config
		name, want string
	}{
		{policy.Config{}, "version.bind.", "REFUSED"},
		{policy.Config{}, "id.server.", "REFUSED"},
		{policy.Config{Version: "v"}, "VERSION.bind.", `NOERROR; version.bind. 0 CH TXT "v"`},
		{policy.Config{ServerID: "s"}, "version.bind.", "REFUSED"},
		{policy.Config{ServerID: "s"}, "id.server.", `NOERROR; id.server. 0 CH TXT "s"`},
		{policy.Config{ServerID: "s"}, "hostname.bind.", `NOERROR; hostname.bind. 0 CH TXT "s"`},
		{policy.Config{ServerID: "s", Version: "v"}, "authors.bind.", "REFUSED"},
	} {
		e.SetPolicy(policy.New(c.policy))
		q := new(dns.Msg).SetQuestion(c.name, dns.TypeTXT)
		q.Question[0].Qclass, q.RecursionDesired = dns.ClassCHAOS, false
		if got := show(ask(t, e.NewWorker(policy.UDP, &answer.Counts{}), q)); !strings.EqualFold(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestEveryTransportRefusesTheSame asks the same by each transport, with a
// Policy that refuses in each way there is.
func TestEveryTransportRefusesTheSame(t *testing.T) {
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone))
	net := policy.NewPrefixes(netip.MustParsePrefix("198.51.100.0/24"))
	e.SetPolicy(policy.New(policy.Config{Query: &net}))
	inside, outside := netip.MustParseAddrPort("198.51.100.7:1"), netip.MustParseAddrPort("203.0.113.7:1")
	for _, c := range []struct {
		what, want string
		from       netip.AddrPort
		msg        []byte
	}{
		{"who is served", "NOERROR OPT", inside, hasty(1, 1, wwwTXT, opt("\x00\x00"))},
		{"who is not", "REFUSED OPT ede:Prohibited", outside, hasty(1, 1, wwwTXT, opt("\x00\x00"))},
		{"who is not, without EDNS", "REFUSED", outside, hasty(1, 0, wwwTXT)},
		{"who is not, by a malformed message", "FORMERR", outside, hasty(1, 0, wwwTXT[:9])},
		{"what is not ours", "REFUSED OPT ede:Not Authoritative", inside, hasty(1, 1, "\x00\x00\x02\x00\x01", opt("\x00\x00"))},
		{"class CH", "REFUSED OPT ede:Not Authoritative", inside, hasty(1, 1, "\x07version\x04bind\x00\x00\x10\x00\x03", opt("\x00\x00"))},
		{"AXFR", "REFUSED OPT ede:Prohibited", inside, hasty(1, 1, "\x07example\x00\x00\xfc\x00\x01", opt("\x00\x00"))},
		{"IXFR", "REFUSED OPT ede:Prohibited", inside, hasty(1, 1, "\x07example\x00\x00\xfb\x00\x01", opt("\x00\x00"))},
		{"UPDATE", "NOTIMP", inside, []byte("\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x00\x00\x06\x00\x01")},
	} {
		for by := range policy.Transports {
			dst := make([]byte, answer.MaxStream)
			n := e.NewWorker(by, &answer.Counts{}).Respond(dst, c.msg, c.from)
			if got := ednsOf(t, dst[:max(n, 0)]); got != c.want {
				t.Errorf("%s by %s: got %s, want %s", c.what, by, got, c.want)
			}
		}
	}
}

func TestRateLimitSparesStreamsAndCookies(t *testing.T) {
	e := answer.NewEngine()
	e.Serve(snapshot(t, "example.", exampleZone))
	e.SetPolicy(policy.New(policy.Config{Cookies: policy.RandomCookies(), Limiter: policy.NewLimiter(policy.RateLimit{Responses: 5})}))
	dst := make([]byte, answer.MaxStream)
	ask := func(by policy.Transport, msg []byte) (full, cut, none int) {
		w := e.NewWorker(by, &answer.Counts{})
		for range 1000 { // at any rate over a second's worth, even when the second ends meanwhile
			switch n := w.Respond(dst, msg, from); {
			case n == 0:
				none++
			case dst[2]&2 != 0:
				if cut++; n != 12+len(wwwTXT) {
					t.Fatalf("a response that slips has %d octets", n)
				}
			default:
				full++
			}
		}
		return full, cut, none
	}
	if full, cut, none := ask(policy.UDP, hasty(1, 0, wwwTXT)); full > 15 || cut < 480 || none < 480 {
		t.Errorf("over UDP: %d whole, %d truncated, %d dropped", full, cut, none)
	}
	if full, _, _ := ask(policy.TCP, hasty(1, 0, wwwTXT)); full != 1000 {
		t.Errorf("over TCP: %d whole, want 1000", full)
	}
	w := e.NewWorker(policy.TCP, &answer.Counts{})
	n := w.Respond(dst, hasty(1, 1, wwwTXT, opt("\x00\x00", option(10, "clientck"))), from)
	known := hasty(1, 1, wwwTXT, opt("\x00\x00", option(10, string(dst[n-24:n]))))
	if full, _, _ := ask(policy.UDP, known); full != 1000 {
		t.Errorf("with a cookie of ours: %d whole, want 1000", full)
	}
}
