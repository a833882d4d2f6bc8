package rfc2136_test

import (
	"context"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/dnsserver/zonefile"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/rfc2136"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var apex = dnsname.MustParse("example.com")

const keyName = "writer.example.com."

var (
	secret = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	other  = base64.StdEncoding.EncodeToString([]byte("another secret of other people!!"))
)

// server is a name server that says what a test has it say.
type server struct {
	addr string

	mu   sync.Mutex
	seen []*dns.Msg
}

// serve starts a server that signs with key's secret, and answers by say: each
// message that it appends is one.
func serve(t *testing.T, secret string, say func(q *dns.Msg) []*dns.Msg) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: l.Addr().String()}
	started := make(chan struct{})
	d := &dns.Server{
		Listener: l, TsigSecret: map[string]string{keyName: secret}, NotifyStartedFunc: func() { close(started) },
		MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept },
		Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			s.mu.Lock()
			s.seen = append(s.seen, q)
			s.mu.Unlock()
			answers := say(q)
			if answers == nil {
				_ = w.Close()
			}
			for i, a := range answers {
				if q.IsTsig() != nil && a.IsTsig() == nil {
					a.SetTsig(keyName, dns.HmacSHA256, 300, time.Now().Unix())
					w.TsigTimersOnly(i > 0)
				}
				if err := w.WriteMsg(a); err != nil {
					return
				}
			}
		}),
	}
	done := make(chan error, 1)
	go func() { done <- d.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := d.Shutdown(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return s
}

// messages are what the server was sent of an opcode.
func (s *server) messages(opcode int) []*dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*dns.Msg
	for _, m := range s.seen {
		if m.Opcode == opcode {
			all = append(all, m)
		}
	}
	return all
}

// code is an answer without records.
func code(rcode int) func(*dns.Msg) []*dns.Msg {
	return func(q *dns.Msg) []*dns.Msg { return []*dns.Msg{reply(q, rcode)} }
}

func reply(q *dns.Msg, rcode int, texts ...string) *dns.Msg {
	a := new(dns.Msg)
	a.SetRcode(q, rcode)
	a.Opcode, a.Authoritative = q.Opcode, true
	for _, text := range texts {
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		a.Answer = append(a.Answer, rr)
	}
	return a
}

func writeKey(t *testing.T, file, secret string) {
	t.Helper()
	text := "key \"" + keyName + "\" { algorithm hmac-sha256; secret \"" + secret + "\"; };\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// open is the provider before a server, with the key that it knows.
func open(t *testing.T, s *server, change func(*rfc2136.Config)) *rfc2136.Zone {
	t.Helper()
	cfg := rfc2136.Config{Apex: apex, Servers: []string{s.addr}, KeyFile: filepath.Join(t.TempDir(), "key"), Timeout: 5 * time.Second}
	writeKey(t, cfg.KeyFile, secret)
	if change != nil {
		change(&cfg)
	}
	z, err := rfc2136.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// entry is one in zone file form; without texts there is none.
func entry(t *testing.T, owner string, typ uint16, ttl uint32, texts ...string) hosted.Entry {
	t.Helper()
	k := hosted.Key{Owner: dnsname.MustParse(owner), Type: typ}
	if len(texts) == 0 {
		return hosted.Entry{Key: k}
	}
	var rdatas []string
	for _, text := range texts {
		rdata, err := zonefile.ParseRDATA(typ, text)
		if err != nil {
			t.Fatal(err)
		}
		rdatas = append(rdatas, rdata)
	}
	return hosted.Simple(zone.NewRRset(k.Owner, typ, ttl, rdatas...))
}

func apply(t *testing.T, z hosted.Zone, changes ...hosted.Change) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := z.Apply(ctx, hosted.Batch{Changes: changes})
	return err
}
