package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/propagation"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/quorum"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// slow is a log that takes each line when it is told to.
type slow struct {
	slog.Handler
	came, done chan struct{}
}

func (s slow) Handle(context.Context, slog.Record) error {
	s.came <- struct{}{}
	<-s.done
	return nil
}

// TestApplyHoldsUpNobody: while zone files are read, probes and metrics are answered.
func TestApplyHoldsUpNobody(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "fedns.yaml")
	if err := os.WriteFile(file, []byte("apiVersion: fedns.io/v1alpha1\nkind: Config\nzones: [{name: example.com, files: [gone]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	log := slow{slog.NewTextHandler(io.Discard, nil), make(chan struct{}), make(chan struct{})}
	d := &Daemon{log: slog.New(log), dns: dnsserver.New(dnsserver.Config{}), meter: propagation.New()}
	d.engine = discovery.New(discovery.Config{Log: slog.New(slog.DiscardHandler)}, d.dns)
	d.probes = newProbes(cfg, slog.New(slog.DiscardHandler), func(cluster.ID, quorum.Agreed) {})
	d.fleet = newFleet(d.log, d.meter, d.setMembers)
	d.hosted = d.newHosted(cfg)
	applied := make(chan struct{})
	go func() { d.Apply(cfg); close(applied) }()
	<-log.came // the zone file is being complained of
	told := make(chan struct{})
	go func() { d.Reload(); d.ZoneFaults(); close(told) }()
	select {
	case <-told:
	case <-time.After(30 * time.Second):
		t.Error("Reload and ZoneFaults wait for the zone files")
	}
	close(log.done)
	<-applied
	<-told
	if f := d.ZoneFaults(); f["example.com."] == "" || !d.Reload().OK {
		t.Errorf("faults are %q, reload is %+v", f, d.Reload())
	}
}

// TestHTTPConnectionsAreBounded: one more than there may be is answered when another has ended.
func TestHTTPConnectionsAreBounded(t *testing.T) {
	l, err := listenHTTP(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"), true)
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{meter: propagation.New(), log: slog.New(slog.DiscardHandler), dns: dnsserver.New(dnsserver.Config{}), http: l, listening: make(chan struct{})}
	close(d.listening)
	d.engine = discovery.New(discovery.Config{Log: d.log}, d.dns)
	d.fleet = newFleet(d.log, d.meter, d.setMembers)
	d.hosted = d.newHosted(&config.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.serveHTTP(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	ask := func() net.Conn {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.HTTPAddr())
		if err == nil {
			_, err = fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: fedns\r\n\r\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	answered := func(c net.Conn, within time.Duration) error {
		_ = c.SetReadDeadline(time.Now().Add(within))
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			_ = r.Body.Close()
		}
		return err
	}
	var open []net.Conn
	for range maxHTTP {
		open = append(open, ask())
	}
	for i, c := range open {
		if err := answered(c, time.Minute); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	more := ask()
	if err := answered(more, 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("one more than %d connections: %v", maxHTTP, err)
	}
	_ = open[0].Close()
	if err := answered(more, time.Minute); err != nil {
		t.Errorf("when another has ended: %v", err)
	}
}

// TestHostsWithoutIPv6 are served by a configuration that names both families.
func TestHostsWithoutIPv6(t *testing.T) {
	four, six, one := netip.MustParseAddrPort("0.0.0.0:5353"), netip.MustParseAddrPort("[::]:5353"), netip.MustParseAddrPort("[::1]:5353")
	for _, tt := range []struct {
		in   []netip.AddrPort
		ipv6 bool
		want []netip.AddrPort
	}{
		{[]netip.AddrPort{four, six}, true, []netip.AddrPort{four, six}},
		{[]netip.AddrPort{four, six}, false, []netip.AddrPort{four}},
		{[]netip.AddrPort{six, one}, false, []netip.AddrPort{one}}, // which fails, as it should: it was meant
		{[]netip.AddrPort{six}, false, []netip.AddrPort{six}},
	} {
		if got := listenable(tt.in, tt.ipv6, slog.New(slog.DiscardHandler)); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%v, IPv6 %t: got %v, want %v", tt.in, tt.ipv6, got, tt.want)
		}
	}
	for _, ipv6 := range []bool{true, false} {
		l, err := listenHTTP(t.Context(), netip.MustParseAddrPort("[::]:0"), ipv6 && hasIPv6(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			t.Errorf("IPv6 %t: %v", ipv6, err)
		} else {
			_ = c.Close()
		}
		_ = l.Close()
	}
}

// TestCatalogListsZonesThatCannotBeRead: a secondary drops a zone that is not in
// the catalog any more, and a file that is broken for a while is no reason to.
func TestCatalogListsZonesThatCannotBeRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fedns.yaml")
	text := "apiVersion: fedns.io/v1alpha1\nkind: Config\ncatalog: catalog.test\nzones: [{name: example.com, files: [gone]}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{meter: propagation.New(), log: slog.New(slog.DiscardHandler), dns: dnsserver.New(dnsserver.Config{})}
	d.engine = discovery.New(discovery.Config{Log: d.log}, d.dns)
	d.probes = newProbes(cfg, d.log, func(cluster.ID, quorum.Agreed) {})
	d.fleet = newFleet(d.log, d.meter, d.setMembers)
	d.hosted = d.newHosted(cfg)
	d.Apply(cfg)
	var members []string
	for r := range d.dns.Snapshot(dnsname.MustParse("catalog.test")).All() {
		if r.Type == zone.TypePTR {
			members = append(members, zone.RDATAString(r.Type, r.First()))
		}
	}
	slices.Sort(members)
	if want := []string{"clusterset.local.", "example.com."}; !slices.Equal(members, want) {
		t.Errorf("the catalog lists %v, want %v", members, want)
	}
}
