package protocol

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/quic-go/quic-go"

	"github.com/fedns/fedns/dnsserver/certificate/certificatetest"
	"github.com/fedns/fedns/integration/harness"
)

// secured is a daemon that answers by every transport.
type secured struct {
	t       *testing.T
	dir     string
	addr    map[string]string // host:port, by transport
	ca      string            // a file
	trusted *x509.CertPool
}

// transports that the daemon has, each with kdig's argument for it and how kdig
// says that it asked by it. All but the first two are encrypted.
var transports = []struct{ name, kdig, session string }{
	{"udp", "+notcp", "(UDP)"}, {"tcp", "+tcp", "(TCP)"}, {"tls", "+tls", ";; TLS session"},
	{"https", "+https", ";; HTTP session (HTTP/2-POST)"}, {"quic", "+quic", ";; QUIC session"},
}

// secure starts a daemon that answers by every transport, with the zone that
// probes ask for.
func secure(t *testing.T, more string) *secured {
	t.Helper()
	s := &secured{t: t, dir: t.TempDir(), addr: map[string]string{}, trusted: x509.NewCertPool()}
	cert, key := certificatetest.Pair(t, 12*time.Hour)
	s.ca = write(t, s.dir, "tls.crt", string(cert))
	s.trusted.AppendCertsFromPEM(cert)
	listen := `listen:
  dns: ["{{.DNS}}"]
  http: "{{.HTTP}}"
  certificate: {file: ` + s.ca + `, key: ` + write(t, s.dir, "tls.key", string(key)) + "}\n"
	for _, tr := range transports[2:] {
		s.addr[tr.name] = "127.0.0.1:" + freePort(t)
		listen += "  " + tr.name + ": [\"" + s.addr[tr.name] + "\"]\n"
	}
	plain := probed(t, listen+more).DNSAddr
	s.addr["udp"], s.addr["tcp"] = plain, plain
	return s
}

// kdig asks by a transport; certificates have to be right.
func (s *secured) kdig(transport, option string, args ...string) string {
	s.t.Helper()
	harness.Need(s.t, "kdig", "knot-dnsutils")
	host, port, err := net.SplitHostPort(s.addr[transport])
	if err != nil {
		s.t.Fatal(err)
	}
	how := []string{"@" + host, "-p", port, "+timeout=5", "+retry=0"}
	if transport != "udp" && transport != "tcp" {
		how = append(how, "+tls-ca="+s.ca, "+tls-hostname="+certificatetest.Name)
	}
	args = append(append(how, option), args...) // +quic goes behind what is about TLS
	out, err := exec.CommandContext(s.t.Context(), "kdig", args...).CombinedOutput()
	if err != nil {
		s.t.Errorf("kdig %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestKdig: Knot's client is answered by each transport, and shown a certificate
// that it believes.
func TestKdig(t *testing.T) {
	s := secure(t, `
tsigKeys: [`+write(t, t.TempDir(), "transfer.key", transfer)+`]
access: {transfer: [{key: transfer}]}
`)
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			out := s.kdig(tr.name, tr.kdig, "www.fedns.example", "A")
			if !strings.Contains(out, "status: NOERROR") || !regexp.MustCompile(`www\.fedns\.example\.\s+60\s+IN\s+A\s+192\.0\.2\.80`).MatchString(out) {
				t.Errorf("a name:\n%s", out)
			}
			if !strings.Contains(out, tr.session) {
				t.Errorf("not asked by %s:\n%s", tr.name, out)
			}
			if out = s.kdig(tr.name, tr.kdig, "nothing.fedns.example", "A"); !strings.Contains(out, "status: NXDOMAIN") {
				t.Errorf("no such name:\n%s", out)
			}
			if out = s.kdig(tr.name, tr.kdig, "+short", "big.fedns.example", "TXT"); tr.name != "udp" && strings.Count(out, "\n") != bigRecords {
				t.Errorf("a long answer:\n%s", out)
			}
			if tr.name == "udp" || tr.name == "https" { // by which there are no transfers
				return
			}
			out = s.kdig(tr.name, tr.kdig, "-y", "hmac-sha256:transfer:"+secret, "fedns.example", "AXFR")
			if strings.Count(out, "\tSOA\t")+strings.Count(out, " SOA ") < 2 {
				t.Errorf("a transfer:\n%s", out)
			}
		})
	}
}

// TestPadding: what is encrypted is padded to blocks, so that its length tells
// little (RFC 8467 §4.1).
func TestPadding(t *testing.T) {
	s := secure(t, "")
	for _, tr := range transports {
		msg := message(0, 1, 0, 0, 1, www, opt(1232, 0, 0, option(dns.EDNS0PADDING, "")))
		want := map[bool]string{true: "NOERROR aa answers:1 opt:1232 padding", false: "NOERROR aa answers:1 opt:1232"}[tr.name != "udp" && tr.name != "tcp"]
		b, err := s.raw(tr.name, "127.0.0.1", msg)
		if got := summary(b, err); got != want {
			t.Errorf("by %s: got %s, want %s", tr.name, got, want)
		} else if strings.Contains(got, "padding") && len(b)%468 != 0 {
			t.Errorf("by %s: %d octets, want blocks of 468", tr.name, len(b))
		}
	}
}

// raw asks by a transport from an address.
func (s *secured) raw(transport, from, msg string) ([]byte, error) {
	local := net.ParseIP(from)
	d := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: local}}
	config := &tls.Config{RootCAs: s.trusted, ServerName: certificatetest.Name}
	switch transport {
	case "udp":
		d.LocalAddr = &net.UDPAddr{IP: local}
		conn, err := d.Dial("udp", s.addr["udp"])
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		return datagram(conn, msg)
	case "quic":
		return s.quic(local, msg)
	case "https":
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
			DialContext: d.DialContext, TLSClientConfig: config, ForceAttemptHTTP2: true, DisableKeepAlives: true,
		}}
		r, err := client.Post("https://"+s.addr["https"]+"/dns-query", "application/dns-message", bytes.NewReader(withID(probeID, msg)))
		if err != nil {
			return nil, err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("HTTP status %s", r.Status)
		}
		return io.ReadAll(r.Body)
	}
	conn, err := d.Dial("tcp", s.addr[transport])
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if transport == "tls" {
		conn = tls.Client(conn, config)
	}
	return byStream(conn, msg)
}

// quic asks over a connection and a stream of its own. The ID is 0 there, and the
// end of the stream that of the query (RFC 9250 §4.2).
func (s *secured) quic(local net.IP, msg string) ([]byte, error) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: local})
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	transport := quic.Transport{Conn: socket}
	defer transport.Close()
	to, err := net.ResolveUDPAddr("udp4", s.addr["quic"])
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	config := &tls.Config{RootCAs: s.trusted, ServerName: certificatetest.Name, NextProtos: []string{"doq"}}
	conn, err := transport.Dial(ctx, to, config, nil)
	if err != nil {
		return nil, err
	}
	defer conn.CloseWithError(0, "")
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	stream.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := stream.Write(framed(withID(0, msg))); err != nil {
		return nil, err
	}
	if err := stream.Close(); err != nil {
		return nil, err
	}
	return readFramed(stream)
}

// TestTransportsRefuseAlike: who asks, and for what, decides; not how.
func TestTransportsRefuseAlike(t *testing.T) {
	s := secure(t, `
access:
  query: [127.0.0.1/32]
  transfer: [{from: [192.0.2.53]}]
  recurse: [192.0.2.0/24]
forward: {to: [{address: "127.0.0.1:9"}], everything: true}
`)
	const member, stranger = "127.0.0.1", "127.0.0.2"
	with := opt(1232, 0, 0)
	ask := func(flags uint16, question string) string { return message(flags, 1, 0, 0, 1, question, with) }
	chaos := wireName("version", "bind") + u16(dns.TypeTXT) + u16(dns.ClassCHAOS)
	outside := wireName("www", "elsewhere", "example") + "\x00\x01\x00\x01"
	axfr, ixfr := asks(dns.TypeAXFR, dns.ClassINET), asks(dns.TypeIXFR, dns.ClassINET)
	soa := record(wireName("fedns", "example"), dns.TypeSOA, "\x00\x00"+strings.Repeat("\x00\x00\x00\x01", 5))
	for _, c := range []struct {
		what, from, msg, want string
	}{
		{"a name", member, ask(0, www), "NOERROR"},
		{"a name, by a stranger", stranger, ask(0, www), "REFUSED ede:18"},
		{"no such name, by a stranger", stranger, ask(0, asks(dns.TypeA, dns.ClassINET, "nothing")), "REFUSED ede:18"},
		{"recursion", member, ask(0x0100, outside), "REFUSED ede:20"},
		{"recursion, by a stranger", stranger, ask(0x0100, outside), "REFUSED ede:18"},
		{"a transfer", member, ask(0, axfr), "REFUSED ede:18"},
		{"a transfer, by a stranger", stranger, ask(0, axfr), "REFUSED ede:18"},
		{"a transfer of what is not served", member, ask(0, wireName("elsewhere")+u16(dns.TypeAXFR)+u16(dns.ClassINET)), "REFUSED ede:18"},
		{"an incremental transfer", member, message(0, 1, 0, 1, 1, ixfr, soa, with), "REFUSED ede:18"},
		{"CHAOS", member, ask(0, chaos), "REFUSED ede:20"},
		{"CHAOS, by a stranger", stranger, ask(0, chaos), "REFUSED ede:18"},
		{"another class", member, ask(0, asks(dns.TypeA, dns.ClassHESIOD, "www")), "REFUSED ede:21"},
		{"a type for denials only", member, ask(0, asks(128, dns.ClassINET, "www")), "FORMERR ede:30"},
		{"an unknown version of EDNS", member, message(0, 1, 0, 0, 1, www, opt(1232, 1, 0)), "BADVERS"},
		{"an update", member, message(0x2800, 1, 0, 0, 0, asks(dns.TypeSOA, dns.ClassINET)), "NOTIMP"},
		{"two questions", member, message(0, 2, 0, 0, 0, www, www), "FORMERR"},
	} {
		for _, tr := range transports {
			if got := refusal(summary(s.raw(tr.name, c.from, c.msg))); got != c.want {
				t.Errorf("%s, by %s: got %s, want %s", c.what, tr.name, got, c.want)
			}
		}
	}
}

// refusal is what of a summary says whether and why something was refused.
func refusal(summary string) string {
	words := strings.Fields(summary)
	kept := words[:1]
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "ede:") {
			kept = append(kept, w)
		}
	}
	if !regexp.MustCompile(`^[A-Z]+$`).MatchString(words[0]) {
		return summary // an error
	}
	return strings.Join(kept, " ")
}
