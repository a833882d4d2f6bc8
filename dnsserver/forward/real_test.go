package forward_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/forward"
)

// program finds a daemon that need not be in the PATH of who is not root. Without
// it the test fails in CI, and is skipped elsewhere.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		if p := filepath.Join(dir, name); isProgram(p) {
			return p
		}
	}
	missing := fmt.Sprintf("%s is missing; install with: apt-get install %s", name, map[string]string{"unbound": "unbound", "named": "bind9"}[name])
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

func isProgram(p string) bool {
	_, err := exec.LookPath(p)
	return err == nil
}

// daemon runs a name server until the test ends, and waits until it answers.
func daemon(t *testing.T, addr netip.AddrPort, path string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait()
		if t.Failed() {
			t.Log(out.String())
		}
	})
	q := new(dns.Msg).SetQuestion("www.test.", dns.TypeA)
	for range 100 {
		if m, err := dns.Exchange(q, addr.String()); err == nil && m.Rcode == dns.RcodeSuccess {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s does not answer", path)
}

// freePort is one that is free for UDP and TCP.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := net.ListenPacket("udp", l.Addr().String())
		l.Close()
		if err == nil {
			pc.Close()
			return netip.MustParseAddrPort(l.Addr().String())
		}
	}
}

// realAnswers is what the daemons below have, and what is to come of it.
var realAnswers = []struct {
	name string
	typ  uint16
	want string
}{
	{"www.test.", dns.TypeA, "NOERROR; www.test. A 192.0.2.1 192.0.2.2"},
	{"alias.test.", dns.TypeA, "NOERROR; alias.test. CNAME www.test.; www.test. A 192.0.2.1 192.0.2.2"},
	{"alias.test.", dns.TypeCNAME, "NOERROR; alias.test. CNAME www.test."},
	{"alias.test.", dns.TypeAAAA, "NOERROR; alias.test. CNAME www.test.; test. SOA ns.test."},
	{"www.test.", dns.TypeAAAA, "NOERROR; test. SOA ns.test."},
	{"none.test.", dns.TypeA, "NXDOMAIN; test. SOA ns.test."},
	{"x.old.test.", dns.TypeA, "NOERROR; x.old.test. CNAME x.new.test.; x.new.test. A 192.0.2.3"},
}

// realZone has what realAnswers asks for, and a name whose answer is too large for UDP.
func realZone(t *testing.T, dir string) string {
	var b bytes.Buffer
	b.WriteString(`$ORIGIN test.
$TTL 300
@ SOA ns host 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
www A 192.0.2.2
alias CNAME www
old DNAME new
x.new A 192.0.2.3
`)
	for i := range 90 { // BIND takes 100 at the most
		fmt.Fprintf(&b, "large A 198.51.100.%d\n", i)
	}
	path := filepath.Join(dir, "test.zone")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func compareReal(t *testing.T, cfg forward.Config) {
	t.Helper()
	r := run(t, cfg)
	for _, c := range realAnswers {
		if got := get(t, r, c.name, c.typ); got != c.want {
			t.Errorf("%s %s: %s\nwant %s", c.name, dns.TypeToString[c.typ], got, c.want)
		}
	}
	a, err := r.Resolve(context.Background(), nobody, name("large.test."), dns.TypeA)
	if err != nil || len(a.Answer) != 1 || a.Answer[0].Len() != 90 {
		t.Errorf("large answer: %s, %v", show(a, err), err)
	}
	if s := r.Stats(); s.UpstreamErrors != 0 {
		t.Errorf("%+v", s)
	}
}

func TestUnbound(t *testing.T) {
	path, dir, addr := program(t, "unbound"), t.TempDir(), freePort(t)
	conf := fmt.Sprintf(`server:
  interface: 127.0.0.1
  port: %d
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "%s"
  pidfile: "%s/pid"
  module-config: "iterator"
  local-zone: "test." nodefault
auth-zone:
  name: "test."
  zonefile: "%s"
  for-downstream: no
  for-upstream: yes
remote-control:
  control-enable: no
`, addr.Port(), dir, dir, realZone(t, dir))
	os.WriteFile(filepath.Join(dir, "unbound.conf"), []byte(conf), 0o644)
	daemon(t, addr, path, "-d", "-c", filepath.Join(dir, "unbound.conf"))
	compareReal(t, forward.Config{Upstreams: to(addr)})
}

func TestBIND(t *testing.T) {
	path, dir, addr := program(t, "named"), t.TempDir(), freePort(t)
	conf := fmt.Sprintf(`options {
  directory "%s";
  pid-file "%s/pid";
  session-keyfile "%s/key";
  listen-on port %d { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion yes;
  minimal-responses no;
  empty-zones-enable no;
  dnssec-validation no;
};
controls { };
zone "test" { type primary; file "%s"; };
`, dir, dir, dir, addr.Port(), realZone(t, dir))
	os.WriteFile(filepath.Join(dir, "named.conf"), []byte(conf), 0o644)
	daemon(t, addr, path, "-g", "-c", filepath.Join(dir, "named.conf"))
	compareReal(t, forward.Config{Upstreams: to(addr)})
}
