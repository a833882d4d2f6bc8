package forward_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
)

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
