package protocol

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/process"
)

// TestMain finds programs also where Debian puts name servers, which is not in
// every user's path.
func TestMain(m *testing.M) {
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	os.Exit(m.Run())
}

// head is what every configuration here begins with.
const head = `apiVersion: fedns.io/v1alpha1
kind: Config
`

// listenPlain is the listen field of a daemon that needs no other transport.
const listenPlain = `listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
`

// start runs fedns until the test ends. Config follows head; relative paths in
// it start at the fleet's folder.
func start(t *testing.T, f *harness.Fleet, config string) *harness.Daemon {
	t.Helper()
	return harness.Fedns(t, f, harness.DaemonSpec{Config: head + config, Binary: os.Getenv("FEDNS_BIN")})
}

// write makes a file and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	// Whole or not at all: daemons look at files while they are written.
	if err := errors.Join(os.WriteFile(file+".part", []byte(text), 0o600), os.Rename(file+".part", file)); err != nil {
		t.Fatal(err)
	}
	return file
}

// freePort is a port of 127.0.0.1 that nobody has, for UDP nor TCP.
func freePort(t *testing.T) string {
	t.Helper()
	addr, err := process.FreeAddr("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(int(addr.Port()))
}

// unboundConfig is what every Unbound here has in common: it listens at one
// address, asks nobody by itself, and says why it believes nothing.
const unboundConfig = `server:
  verbosity: 1
  use-syslog: no
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: %q
  interface: %s
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  val-log-level: 2
  ede: yes
  so-sndbuf: 0
  so-rcvbuf: 0
%s
`

// unbound runs Unbound at a port of 127.0.0.1 until the test ends, and returns
// its address. Config goes on with the server clause.
func unbound(t *testing.T, config string) string {
	t.Helper()
	harness.Need(t, "unbound", "unbound")
	dir, port := t.TempDir(), freePort(t)
	file := write(t, dir, "unbound.conf", fmt.Sprintf(unboundConfig, dir, "127.0.0.1@"+port, config))
	sp := process.NewSpawner()
	t.Cleanup(sp.Close)
	p, err := sp.Start(process.Command{Name: "unbound", Path: "unbound", Args: []string{"-d", "-c", file}, Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("--- unbound\n%s", p.Tail(40))
		}
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	addr := "127.0.0.1:" + port
	if err := p.WaitReady(t.Context(), func(ctx context.Context) error {
		_, err := exchange(addr, question("version.bind", dns.TypeTXT, class(dns.ClassCHAOS)))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return addr
}

// question makes a query of a name.
func question(name string, typ uint16, more ...func(*dns.Msg)) *dns.Msg {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), typ)
	for _, f := range more {
		f(m)
	}
	return m
}

func class(c uint16) func(*dns.Msg) { return func(m *dns.Msg) { m.Question[0].Qclass = c } }

// dnssecOK asks for signatures.
func dnssecOK(m *dns.Msg) { m.SetEdns0(1232, true) }

// exchange asks by UDP, and again by TCP where the answer does not fit.
func exchange(addr string, q *dns.Msg) (*dns.Msg, error) {
	c := dns.Client{Timeout: 5 * time.Second, UDPSize: 4096}
	r, _, err := c.Exchange(q, addr)
	if err == nil && r.Truncated {
		c.Net = "tcp"
		r, _, err = c.Exchange(q, addr)
	}
	return r, err
}

// ask is exchange, or the end of the test.
func ask(t *testing.T, addr string, q *dns.Msg) *dns.Msg {
	t.Helper()
	r, err := exchange(addr, q)
	if err != nil {
		t.Fatalf("%s at %s: %v", q.Question[0].String(), addr, err)
	}
	return r
}

// data lists what an answer section holds of one type, in presentation form, sorted.
func data(r *dns.Msg, typ uint16) []string {
	var all []string
	for _, rr := range r.Answer {
		if h := rr.Header(); h.Rrtype == typ {
			all = append(all, strings.TrimPrefix(rr.String(), h.String()))
		}
	}
	slices.Sort(all)
	return all
}

// extended is the extended error of an answer; -1: it has none.
func extended(r *dns.Msg) int {
	if opt := r.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if e, ok := o.(*dns.EDNS0_EDE); ok {
				return int(e.InfoCode)
			}
		}
	}
	return -1
}
