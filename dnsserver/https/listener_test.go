package https_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/certificate/certificatetest"
	"github.com/fedns/fedns/dnsserver/https"
	"github.com/fedns/fedns/dnsserver/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mediaType = "application/dns-message"

// address answers every query with one address and, in the text of a TXT
// record, who asked; it puts off transfers, and owes nothing to what is no query.
type address struct{}

func (address) Respond(dst, query []byte, from netip.AddrPort) int {
	var m dns.Msg
	if m.Unpack(query) != nil || len(m.Question) != 1 {
		return 0
	}
	switch m.Question[0].Qtype {
	case dns.TypeAXFR:
		return -1
	case dns.TypeTXT:
		return copy(dst, transporttest.Reply(query, m.Question[0].Name+" 30 TXT "+from.String()))
	case dns.TypeMX: // as long as may be
		r := transporttest.Reply(query)
		clear(dst[copy(dst, r):])
		return len(dst)
	}
	return copy(dst, transporttest.Reply(query, m.Question[0].Name+" 30 A 192.0.2.1"))
}

func question(t *testing.T, kind uint16) []byte {
	t.Helper()
	m := new(dns.Msg).SetQuestion("www.example.", kind)
	m.Id = 0
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// site is a Listener and what a client needs to trust it.
type site struct {
	*https.Listener
	client *tls.Config
	ca     string
	url    string
}

func listen(t *testing.T, cfg https.Config) site {
	t.Helper()
	server, client, ca := certificatetest.TLS(t)
	cfg.Addr, cfg.TLS = netip.MustParseAddrPort("127.0.0.1:0"), server
	cfg.New = func() https.Responder { return address{} }
	l, err := https.Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return site{l, client, ca, "https://" + l.Addr().String() + "/dns-query"}
}

// http makes a client that speaks HTTP/2, or HTTP/1.1 only.
func (s site) http(t *testing.T, two bool) *http.Client {
	t.Helper()
	tr := &http.Transport{TLSClientConfig: s.client.Clone(), ForceAttemptHTTP2: two}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: time.Minute}
}

type response struct {
	status int
	proto  int
	header http.Header
	body   []byte
}

func do(t *testing.T, c *http.Client, method, url, media string, body io.Reader) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res.StatusCode, res.ProtoMajor, res.Header, b}
}

func get(query []byte) string { return "?dns=" + base64.RawURLEncoding.EncodeToString(query) }

func TestAnswers(t *testing.T) {
	s := listen(t, https.Config{})
	for _, two := range []bool{false, true} {
		c, query := s.http(t, two), question(t, dns.TypeA)
		for _, r := range []response{
			do(t, c, http.MethodPost, s.url, mediaType, bytes.NewReader(query)),
			do(t, c, http.MethodGet, s.url+get(query), "", nil),
		} {
			if want := transporttest.Reply(query, "www.example. 30 A 192.0.2.1"); r.status != 200 || !bytes.Equal(r.body, want) || (r.proto == 2) != two {
				t.Errorf("HTTP/%d %d %q, want %q", r.proto, r.status, r.body, want)
			}
			if got := r.header.Get("Cache-Control"); got != "private, max-age=30" || r.header.Get("Content-Type") != mediaType {
				t.Errorf("got %v", r.header)
			}
		}
		if r := do(t, c, http.MethodHead, s.url+get(query), "", nil); r.status != 200 || len(r.body) > 0 || r.header.Get("Content-Length") != strconv.Itoa(len(transporttest.Reply(query, "www.example. 30 A 192.0.2.1"))) {
			t.Errorf("HEAD: %+v", r)
		}
		if r := do(t, c, http.MethodPost, s.url, mediaType, bytes.NewReader(question(t, dns.TypeTXT))); !bytes.Contains(r.body, []byte("127.0.0.1:")) {
			t.Errorf("who asked: %q", r.body)
		}
		if r := do(t, c, http.MethodPost, s.url, mediaType, bytes.NewReader(question(t, dns.TypeMX))); len(r.body) != 65535 || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the longest: %d octets, %v", len(r.body), r.header)
		}
	}
}

func TestFaults(t *testing.T) {
	s := listen(t, https.Config{})
	query := question(t, dns.TypeA)
	for _, two := range []bool{false, true} {
		c := s.http(t, two)
		for _, tt := range []struct {
			name, method, url, media string
			body                     []byte
			status                   int
			header, value            string
		}{
			{"another path", "POST", s.url + "/", mediaType, query, 404, "", ""},
			{"the root", "GET", strings.TrimSuffix(s.url, "/dns-query"), "", nil, 404, "", ""},
			{"another method", "PUT", s.url, mediaType, query, 405, "Allow", "GET, HEAD, POST"},
			{"another type", "POST", s.url, "text/plain", query, 415, "Accept", mediaType},
			{"too long", "POST", s.url, mediaType, make([]byte, 65536), 413, "", ""},
			{"far too long", "POST", s.url, mediaType, make([]byte, 10<<20), 413, "", ""},
			{"empty", "POST", s.url, mediaType, nil, 400, "", ""},
			{"half a message", "POST", s.url, mediaType, query[:20], 400, "", ""},
			{"no message", "POST", s.url, mediaType, []byte("GET / HTTP/1.0"), 400, "", ""},
			{"put off, and nobody there", "POST", s.url, mediaType, question(t, dns.TypeAXFR), 400, "", ""},
			{"no base64", "GET", s.url + "?dns=!", "", nil, 400, "", ""},
			{"a header too long", "GET", s.url + get(make([]byte, 20000)), "", nil, 431, "", ""},
		} {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, tt.url, bytes.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", tt.media)
			res, err := c.Do(r)
			if err != nil {
				if tt.name == "far too long" || tt.name == "a header too long" { // we need not read it to its end
					continue
				}
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			_ = res.Body.Close()
			if res.StatusCode != tt.status || res.Header.Get(tt.header) != tt.value || res.StatusCode != 431 && res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("HTTP/%d, %s: %d %v", res.ProtoMajor, tt.name, res.StatusCode, res.Header)
			}
			if m := res.Header.Get("Content-Type"); m == mediaType {
				t.Errorf("%s: a fault is told as a DNS message", tt.name)
			}
		}
	}
}

func TestAnswersThatTakeTime(t *testing.T) {
	var count atomic.Int32
	const transfer = 2 * time.Second // a busy machine is not as late as that
	s := listen(t, https.Config{Transfer: transfer, Finish: func(_ context.Context, query []byte, _ netip.AddrPort, send func([]byte) error) {
		if count.Load() == 1 {
			time.Sleep(transfer * 5 / 4) // longer than a client may take
		}
		for i := range count.Load() {
			if err := send(transporttest.Reply(query, "www.example. 9 A 192.0.2.9")); (err != nil) != (i > 0) {
				t.Errorf("message %d: %v", i, err)
			}
		}
	}})
	for _, two := range []bool{false, true} {
		c, query := s.http(t, two), question(t, dns.TypeAXFR)
		for n, status := range []int{500, 200, 501, 501} {
			count.Store(int32(n))
			r := do(t, c, http.MethodPost, s.url, mediaType, bytes.NewReader(query))
			if r.status != status || status == 200 && r.header.Get("Cache-Control") != "private, max-age=9" {
				t.Errorf("HTTP/%d, %d messages: %d %v", r.proto, n, r.status, r.header)
			}
		}
	}
}

func TestKdig(t *testing.T) {
	s := listen(t, https.Config{Path: "/other"})
	trust := []string{"+tls-ca=" + s.ca, "+tls-hostname=" + certificatetest.Name, "www.example.", "A"}
	for _, how := range [][]string{{"+https=/other"}, {"+https=/other", "+https-get"}} {
		if out := certificatetest.Kdig(t, s.Addr(), append(how, trust...)...); !strings.Contains(out, "192.0.2.1") || !strings.Contains(out, "HTTP/2") {
			t.Errorf("%v: got\n%s", how, out)
		}
	}
}

func TestListenNamesWhatIsWrong(t *testing.T) {
	s := listen(t, https.Config{})
	for want, cfg := range map[string]https.Config{
		s.Addr().String(): {Addr: s.Addr()},
		"queries":         {Addr: netip.MustParseAddrPort("127.0.0.1:0"), Path: "queries"},
	} {
		if l, err := https.Listen(t.Context(), cfg); err == nil {
			_ = l.Close()
			t.Errorf("%s: no error", want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestPlain(t *testing.T) {
	l, err := https.Listen(t.Context(), https.Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), New: func() https.Responder { return address{} }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, two := range []bool{false, true} {
		tr := &http.Transport{Protocols: new(http.Protocols)}
		tr.Protocols.SetHTTP1(!two)
		tr.Protocols.SetUnencryptedHTTP2(two)
		r := do(t, &http.Client{Transport: tr}, http.MethodPost, "http://"+l.Addr().String()+"/dns-query", mediaType, bytes.NewReader(question(t, dns.TypeA)))
		if r.status != 200 || (r.proto == 2) != two {
			t.Errorf("HTTP/%d: %d", r.proto, r.status)
		}
		tr.CloseIdleConnections()
	}
}
