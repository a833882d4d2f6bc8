package rfc2136_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/rfc2136"
)

// typed says which of the errors with a meaning err is.
func typed(err error) string {
	var refused *hosted.RefusedError
	var throttled *hosted.ThrottledError
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, hosted.ErrConflict):
		return "conflict"
	case errors.As(err, &refused):
		return "refused"
	case errors.As(err, &throttled):
		return "throttled"
	}
	return "other"
}

// TestCodes: what an RCODE means, when the server takes an UPDATE of nothing and
// when it does not.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		rcode int
		empty int // for UPDATEs without records
		probe int // for those that delete what is not there
		want  string
	}{
		{dns.RcodeSuccess, dns.RcodeSuccess, 0, "none"},
		{dns.RcodeNXRrset, dns.RcodeSuccess, 0, "conflict"},
		{dns.RcodeYXRrset, dns.RcodeSuccess, 0, "conflict"},
		{dns.RcodeYXDomain, dns.RcodeSuccess, 0, "conflict"},
		{dns.RcodeNameError, dns.RcodeSuccess, 0, "conflict"},
		{dns.RcodeServerFailure, dns.RcodeSuccess, 0, "other"},
		{dns.RcodeNotZone, dns.RcodeSuccess, 0, "refused"},
		{dns.RcodeFormatError, dns.RcodeSuccess, 0, "refused"},
		{dns.RcodeRefused, dns.RcodeSuccess, dns.RcodeSuccess, "refused"},
		{dns.RcodeRefused, dns.RcodeSuccess, dns.RcodeRefused, "other"},
		{dns.RcodeRefused, dns.RcodeRefused, 0, "other"},
		{dns.RcodeNotAuth, dns.RcodeNotAuth, 0, "other"},
		{dns.RcodeNotImplemented, dns.RcodeNotImplemented, 0, "other"},
	} {
		t.Run(fmt.Sprint(dns.RcodeToString[c.rcode], c.empty, c.probe), func(t *testing.T) {
			s := serve(t, secret, func(q *dns.Msg) []*dns.Msg {
				switch {
				case len(q.Answer)+len(q.Ns) == 0:
					return code(c.empty)(q)
				case len(q.Ns) == 1 && q.Ns[0].Header().Class == dns.ClassNONE:
					return code(c.probe)(q)
				}
				return code(c.rcode)(q)
			})
			err := apply(t, open(t, s, nil), hosted.Change{New: entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1")})
			if got := typed(err); got != c.want {
				t.Errorf("%v is %s, want %s", err, got, c.want)
			}
		})
	}
}

// TestNobodyKnows: whatever goes wrong on the way is no error with a meaning.
func TestNobodyKnows(t *testing.T) {
	change := hosted.Change{New: entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1")}
	never := make(chan struct{})
	defer close(never)
	for what, say := range map[string]func(q *dns.Msg) []*dns.Msg{
		"closed without an answer": func(*dns.Msg) []*dns.Msg { return nil },
		"not signed": func(q *dns.Msg) []*dns.Msg {
			a := reply(q, dns.RcodeSuccess)
			a.SetTsig("writer.example.com.", dns.HmacSHA256, 300, time.Now().Unix())
			a.IsTsig().Error = dns.RcodeBadSig // miekg signs no such answer
			return []*dns.Msg{a}
		},
		"to another message": func(q *dns.Msg) []*dns.Msg {
			a := reply(q, dns.RcodeSuccess)
			a.Id++
			return []*dns.Msg{a}
		},
		"late": func(q *dns.Msg) []*dns.Msg {
			select {
			case <-never:
			case <-time.After(600 * time.Millisecond):
			}
			return code(dns.RcodeSuccess)(q)
		},
	} {
		t.Run(what, func(t *testing.T) {
			z := open(t, serve(t, secret, say), func(c *rfc2136.Config) { c.Timeout = 200 * time.Millisecond })
			if err := apply(t, z, change); typed(err) != "other" {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		z := open(t, &server{addr: l.Addr().String()}, nil)
		if err := apply(t, z, change); typed(err) != "other" || !strings.Contains(err.Error(), l.Addr().String()) {
			t.Errorf("%v", err)
		}
		// The next address of the primary is taken.
		s := serve(t, secret, code(dns.RcodeSuccess))
		z = open(t, s, func(c *rfc2136.Config) { c.Servers = []string{l.Addr().String(), s.addr} })
		if err := apply(t, z, change); err != nil {
			t.Error(err)
		}
	})
	t.Run("context ends", func(t *testing.T) {
		asked := make(chan struct{}, 1)
		s := serve(t, secret, func(q *dns.Msg) []*dns.Msg { asked <- struct{}{}; <-t.Context().Done(); return nil })
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-asked; cancel() }()
		_, err := open(t, s, nil).Apply(ctx, hosted.Batch{Changes: []hosted.Change{change}})
		if !errors.Is(err, context.Canceled) || typed(err) != "other" {
			t.Errorf("%v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	change := hosted.Change{New: entry(t, "www.example.com", zone.TypeA, 60, "192.0.2.1")}
	s := serve(t, secret, code(dns.RcodeSuccess))
	file := filepath.Join(t.TempDir(), "key")
	writeKey(t, file, other)
	z := open(t, s, func(c *rfc2136.Config) { c.KeyFile = file })
	if err := apply(t, z, change); typed(err) != "other" || !strings.Contains(err.Error(), "writer.example.com.") {
		t.Errorf("another secret: %v", err)
	}
	writeKey(t, file, secret)
	if err := apply(t, z, change); err != nil {
		t.Errorf("the key was replaced in its file: %v", err)
	}
	// A file that is bad or gone: the key that was read last stays.
	if err := os.WriteFile(file, []byte("key x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := apply(t, z, change); err != nil {
		t.Errorf("the file is bad: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := apply(t, z, change); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	writeKey(t, file, other)
	if err := apply(t, z, change); typed(err) != "other" {
		t.Errorf("another secret again: %v", err)
	}

	two := file + "2"
	if err := os.WriteFile(two, []byte("key a { algorithm hmac-sha256; secret aaaa; }; key b { algorithm hmac-sha256; secret aaaa; };"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*rfc2136.Config){
		"zone is missing":       func(c *rfc2136.Config) { c.Apex = dnsname.Name{} },
		"servers are missing":   func(c *rfc2136.Config) { c.Servers = nil },
		`"a:b" is no HOST`:      func(c *rfc2136.Config) { c.Servers = []string{"a:b"} },
		"secondaries: \":53\"":  func(c *rfc2136.Config) { c.Secondaries = []string{":53"} },
		"no such file":          func(c *rfc2136.Config) { c.KeyFile = file + "3" },
		"there are 2 keys":      func(c *rfc2136.Config) { c.KeyFile = two },
		"there is no key other": func(c *rfc2136.Config) { c.KeyFile, c.KeyName = two, dnsname.MustParse("other") },
		"CA file":               func(c *rfc2136.Config) { c.TLS = &rfc2136.TLS{CAFile: file + "3"} },
	} {
		cfg := rfc2136.Config{Apex: apex, Servers: []string{"ns.example.com"}, KeyFile: file}
		change(&cfg)
		if _, err := rfc2136.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestTransfers(t *testing.T) {
	const soa = "example.com. 60 IN SOA a.example. b.example. 7 1 1 1 1"
	stream := func(parts ...[]string) func(*dns.Msg) []*dns.Msg {
		return func(q *dns.Msg) []*dns.Msg {
			var all []*dns.Msg
			for _, p := range parts {
				all = append(all, reply(q, dns.RcodeSuccess, p...))
			}
			return append(all, nil)[:len(parts)]
		}
	}
	whole := [][]string{
		{soa, "example.com. 60 IN NS A.Example.", "www.example.com. 60 IN A 192.0.2.1"},
		{"WWW.example.com. 30 IN A 192.0.2.2", `www.example.com. 60 IN TXT "x"`, "www.example.com. 60 IN RRSIG A 13 3 60 20300101000000 20200101000000 1 example.com. aaaa"},
		{"example.com. 60 IN DNSKEY 257 3 13 aaaa", "x.example.com. 60 IN TYPE65280 \\# 1 07", soa},
	}
	got, err := open(t, serve(t, secret, stream(whole...)), nil).Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []hosted.Entry{
		entry(t, "example.com", zone.TypeNS, 60, "a.example."),
		entry(t, "example.com", zone.TypeSOA, 60, "a.example. b.example. 7 1 1 1 1"),
		entry(t, "www.example.com", zone.TypeA, 30, "192.0.2.1", "192.0.2.2"),
		entry(t, "www.example.com", zone.TypeTXT, 60, `"x"`),
		entry(t, "x.example.com", 65280, 60, `\# 1 07`),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for what, c := range map[string]struct {
		say  func(*dns.Msg) []*dns.Msg
		want string
	}{
		"ends early":      {func(q *dns.Msg) []*dns.Msg { return stream(whole[:2]...)(q) }, "after 6 records"},
		"changes":         {stream([]string{soa, strings.Replace(soa, " 7 ", " 8 ", 1)}), "the zone changed during its transfer"},
		"goes on":         {stream([]string{soa, soa, "www.example.com. 60 IN A 192.0.2.1"}), "behind the SOA"},
		"begins later":    {stream([]string{"www.example.com. 60 IN A 192.0.2.1"}), "not the zone's SOA"},
		"of another zone": {stream([]string{soa, "www.example.org. 60 IN A 192.0.2.1"}), "not in the zone"},
		"refused":         {code(dns.RcodeRefused), "allow-transfer"},
	} {
		t.Run(what, func(t *testing.T) {
			z := open(t, serve(t, secret, c.say), func(c *rfc2136.Config) { c.Timeout = 300 * time.Millisecond })
			if got, err := z.Records(t.Context()); err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	t.Run("cut in the middle of a message", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var size [2]byte
			_, _ = io.ReadFull(c, size[:])
			_, _ = io.ReadFull(c, make([]byte, binary.BigEndian.Uint16(size[:])))
			_, _ = c.Write([]byte{0x10, 0, 1, 2, 3})
			c.Close()
		}()
		_, err = open(t, &server{addr: l.Addr().String()}, nil).Records(t.Context())
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v", err)
		}
	})
}
