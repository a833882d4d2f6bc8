package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/quic-go/quic-go"
	"golang.org/x/sys/unix"
)

// program is a daemon in a process of its own, and its successors.
type program struct {
	*served
	pid     int
	manager *net.UnixConn // in place of a service manager
}

// runProgram starts the daemon. Whatever process has it at the end is ended.
func runProgram(t *testing.T, rest string, files map[string]string) *program {
	t.Helper()
	// Successors become our children when their predecessor has ended.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	p := &program{served: &served{t: t, dir: t.TempDir(), dns: freeAddr(t), http: freeAddr(t), log: &safeBuffer{}}}
	p.file = filepath.Join(p.dir, "fedns.yaml")
	for name, text := range files {
		p.write(name, text)
	}
	if p.config(rest); strings.Contains(rest, "\nlisten:") {
		p.write("fedns.yaml", "apiVersion: fedns.io/v1alpha1\nkind: Config\n"+fmt.Sprintf(rest, p.http))
	}
	notify := filepath.Join(p.dir, "notify")
	var err error
	if p.manager, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.manager.Close() })
	p.start()
	t.Cleanup(func() {
		_ = syscall.Kill(p.pid, syscall.SIGTERM)
		if code := p.ended(p.pid); code != exitDone {
			t.Errorf("exit %d\n%s", code, p.logged())
		}
		http.DefaultClient.CloseIdleConnections()
	})
	p.ready()
	p.told("READY=1")
	return p
}

// start starts a process.
func (p *program) start() {
	p.t.Helper()
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(os.Args[0], "serve", "--config", p.file)
	cmd.Env = append(os.Environ(), asProgram+"=1", "NOTIFY_SOCKET="+filepath.Join(p.dir, "notify"))
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
}

// ready waits until answers can be trusted.
func (p *program) ready() {
	p.t.Helper()
	p.await("it answers", func() string {
		if code, body := p.get("/readyz"); code != 200 {
			return body + p.logged()
		}
		return ""
	})
}

// logged is what all of the processes have logged.
func (p *program) logged() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		p.t.Error(err)
	}
	return string(text)
}

// told waits for what the service manager is told next.
func (p *program) told(want string) {
	p.t.Helper()
	buf := make([]byte, 1000)
	_ = p.manager.SetReadDeadline(time.Now().Add(20 * time.Second))
	if n, err := p.manager.Read(buf); err != nil || string(buf[:n]) != want {
		p.t.Fatalf("the service manager was told %q, %v, want %q\n%s", buf[:n], err, want, p.logged())
	}
}

// ended waits for a process, and is its exit code.
func (p *program) ended(pid int) int {
	var st unix.WaitStatus
	for {
		if _, err := unix.Wait4(pid, &st, 0, nil); !errors.Is(err, unix.EINTR) {
			return st.ExitStatus()
		}
	}
}

// handOver has the daemon hand over to a successor, and waits for its end.
func (p *program) handOver() {
	p.t.Helper()
	before := strings.Count(p.logged(), "msg=\"handed over\"")
	if err := syscall.Kill(p.pid, syscall.SIGUSR2); err != nil {
		p.t.Fatal(err)
	}
	next := 0
	p.await("it hands over", func() string {
		parts := strings.Split(p.logged(), "msg=\"handed over\" pid=")
		if len(parts) != before+2 {
			return p.logged()
		}
		text, _, _ := strings.Cut(parts[before+1], "\n")
		next, _ = strconv.Atoi(text)
		return ""
	})
	if code := p.ended(p.pid); code != exitDone {
		p.t.Errorf("the predecessor ended with %d\n%s", code, p.logged())
	}
	p.pid = next
}

// askOn asks by one transport, as fast as it goes, until stop: every answer has
// to be right. It counts them.
func (p *program) askOn(stop context.Context, asked *atomic.Int64, ask func() error) {
	for stop.Err() == nil {
		if err := ask(); err != nil {
			p.t.Errorf("after %d answers: %v", asked.Load(), err)
			return
		}
		asked.Add(1)
	}
}

// web checks an answer for the Service that there is.
func web(r *dns.Msg, err error) error {
	if err != nil {
		return err
	}
	if len(r.Answer) != 1 || !strings.HasSuffix(r.Answer[0].String(), "A\t10.0.0.1") {
		return fmt.Errorf("got %v", r)
	}
	return nil
}

// bursts is how many queries a client has on the way at once, so that sockets
// have a queue whenever they change hands.
const bursts = 50

// burst asks many times at once, and checks that each has its answer.
func burst(conn *dns.Conn, query *dns.Msg) error {
	for id := range uint16(bursts) {
		query.Id = id
		if err := conn.WriteMsg(query); err != nil {
			return err
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	var seen [bursts]bool
	for n := range bursts {
		r, err := conn.ReadMsg()
		if err = web(r, err); err != nil {
			return fmt.Errorf("answer %d of %d: %w", n, bursts, err)
		}
		if r.Id >= bursts || seen[r.Id] {
			return fmt.Errorf("answer %d came twice, or unasked", r.Id)
		}
		seen[r.Id] = true
	}
	return nil
}

// TestHandoverLosesNoQuery: one process after the other takes the sockets over
// while clients ask by UDP, TCP and HTTP as fast as they can; every question is
// answered, and rightly.
func TestHandoverLosesNoQuery(t *testing.T) {
	p := runProgram(t, "federation: {name: prod}\nclusters: [{name: a, manifests: a}]\n", map[string]string{"a/web.yaml": webManifest})
	stop, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var udp, tcp, api atomic.Int64
	query := func() *dns.Msg { return new(dns.Msg).SetQuestion("web.shop.prod.", dns.TypeA) }
	for range 16 {
		conn, err := dns.DialTimeout("udp", p.dns, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		clients.Go(func() { p.askOn(stop, &udp, func() error { return burst(conn, query()) }) })
	}
	for range 4 {
		client := &dns.Client{Net: "tcp", Timeout: 30 * time.Second}
		clients.Go(func() {
			p.askOn(stop, &tcp, func() error {
				r, _, err := client.Exchange(query(), p.dns)
				return web(r, err)
			})
		})
	}
	clients.Go(func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
		p.askOn(stop, &api, func() error {
			r, err := client.Get("http://" + p.http + "/readyz")
			if err == nil && r.StatusCode != 200 {
				err = errors.New(r.Status)
			}
			if err == nil {
				err = r.Body.Close()
			}
			return err
		})
	})
	first := p.pid
	for range 5 {
		p.handOver()
		p.told(fmt.Sprintf("MAINPID=%d\nREADY=1", p.pid))
	}
	cancel()
	clients.Wait()
	if p.pid == first {
		t.Error("the process is the same")
	}
	t.Logf("%d answers by UDP, %d by TCP, %d by HTTP", bursts*udp.Load(), tcp.Load(), api.Load())
	var drops struct {
		Listeners []struct {
			Transport   string
			KernelDrops uint64
		}
	}
	p.json("/api/v1/listeners", &drops)
	if len(drops.Listeners) != 2 || drops.Listeners[1].Transport != "udp" || drops.Listeners[1].KernelDrops != 0 {
		t.Errorf("listeners are %+v", drops)
	}
}

// TestHandoverFails: a successor that does not come up changes nothing.
func TestHandoverFails(t *testing.T) {
	const rest = "federation: {name: prod, domain: example.com}\nclusters: [{name: a, manifests: a}]\nzones: [{name: example.com, files: [zone]}]\n"
	const good = "$TTL 60\nwww TXT \"1\"\n"
	p := runProgram(t, rest, map[string]string{"a/web.yaml": webManifest, "zone": good})
	refused := func(n int, why string) {
		t.Helper()
		if err := syscall.Kill(p.pid, syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		p.await("it is told", func() string {
			if log := p.logged(); strings.Count(log, "not handed over, this process goes on") != n || !strings.Contains(log, why) {
				return log
			}
			return ""
		})
		p.answers("www.example.com.", dns.TypeTXT, `NOERROR "1"`)
		p.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
	}
	p.write("zone", "www TXT\n")
	refused(1, "not taken over: 1 zones, the DNSSEC keys of 0, and 0 of TSIG keys and cookie secrets cannot be read")
	p.write("zone", good)
	p.config("nonsense: true\n" + rest)
	refused(2, "nonsense: unknown field")
	p.config(rest)
	p.handOver()
	p.answers("www.example.com.", dns.TypeTXT, `NOERROR "1"`)
}

// TestHandoverOfTheDead: a successor whose predecessor dies goes on with what it
// has, in the sockets that it inherited.
func TestHandoverOfTheDead(t *testing.T) {
	p := runProgram(t, "federation: {name: prod}\nclusters: [{name: a, manifests: a}]\n", map[string]string{"a/web.yaml": webManifest})
	p.config("federation: {name: prod}\nclusters: [{name: a, manifests: a}, {name: other, manifests: other}]\n")
	p.await("the other cluster is missed", func() string {
		if _, body := p.get("/readyz"); !strings.Contains(body, "cluster other") {
			return body
		}
		return ""
	})
	p.handOver() // neither has read it, so nobody waits for it
	p.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")

	p.write("other/web.yaml", webManifest)
	p.await("it is read", func() string {
		if code, body := p.get("/readyz"); code != 200 {
			return body
		}
		return ""
	})
	if err := os.RemoveAll(filepath.Join(p.dir, "other")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.pid, syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	next := 0
	p.await("a successor is there", func() string {
		log := p.logged()
		parts := strings.Split(log, "msg=\"handing over\" pid=")
		if len(parts) != 3 || !strings.Contains(parts[2], "cluster=other phase=unreachable") {
			return log
		}
		text, _, _ := strings.Cut(parts[2], "\n")
		next, _ = strconv.Atoi(text)
		return ""
	})
	p.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1") // by the one that is there
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.ended(p.pid)
	p.pid = next
	p.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
}

// certify writes a certificate for 127.0.0.1 and its key, PEM each, and is what trusts it.
func certify(t *testing.T) (certificate, key string, trusts *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	trusts = x509.NewCertPool()
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	trusts.AppendCertsFromPEM([]byte(certificate))
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs})), trusts
}

// TestHandoverOfEncryptedTransports: DNS over TLS and HTTPS go on as TCP does;
// who asks over QUIC connects again.
func TestHandoverOfEncryptedTransports(t *testing.T) {
	certificate, key, trusts := certify(t)
	dot, doh, doq := freeAddr(t), freeAddr(t), freeAddr(t)
	p := runProgram(t, fmt.Sprintf("federation: {name: prod}\nclusters: [{name: a, manifests: a}]\nlisten: {dns: [%q], http: %%q, tls: [%q], https: [%q], quic: [%q], certificate: {file: crt, key: key}}\n",
		freeAddr(t), dot, doh, doq), map[string]string{"a/web.yaml": webManifest, "crt": certificate, "key": key})
	stop, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	var tls1, http1, http2 atomic.Int64
	query := func() *dns.Msg { return new(dns.Msg).SetQuestion("web.shop.prod.", dns.TypeA) }
	clients.Go(func() {
		client := &dns.Client{Net: "tcp-tls", Timeout: 30 * time.Second, TLSConfig: &tls.Config{RootCAs: trusts}}
		p.askOn(stop, &tls1, func() error {
			r, _, err := client.Exchange(query(), dot)
			return web(r, err)
		})
	})
	for asked, two := range map[*atomic.Int64]bool{&http1: false, &http2: true} {
		clients.Go(func() {
			p.askOn(stop, asked, func() error {
				tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusts}, ForceAttemptHTTP2: two}
				defer tr.CloseIdleConnections()
				message, err := query().Pack()
				if err != nil {
					return err
				}
				resp, err := (&http.Client{Transport: tr, Timeout: 30 * time.Second}).Post("https://"+doh+"/dns-query", "application/dns-message", bytes.NewReader(message))
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				var r dns.Msg
				return web(&r, errors.Join(err, r.Unpack(body)))
			})
		})
	}
	for range 3 {
		p.handOver()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if err := askQUIC(ctx, doq, trusts, query()); err != nil {
			t.Errorf("over QUIC: %v", err)
		}
		cancel()
	}
	cancel()
	clients.Wait()
	t.Logf("%d answers by TLS, %d by HTTP/1.1, %d by HTTP/2", tls1.Load(), http1.Load(), http2.Load())
}

// askQUIC asks by a connection of its own.
func askQUIC(ctx context.Context, addr string, trusts *x509.CertPool, query *dns.Msg) error {
	conn, err := quic.DialAddr(ctx, addr, &tls.Config{RootCAs: trusts, NextProtos: []string{"doq"}}, nil)
	if err != nil {
		return err
	}
	defer conn.CloseWithError(0, "")
	s, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	query.Id = 0
	message, err := query.Pack()
	if err != nil {
		return err
	}
	if _, err := s.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	got, err := io.ReadAll(s)
	if err != nil || len(got) < 2 {
		return fmt.Errorf("got %d octets, %w", len(got), err)
	}
	var r dns.Msg
	return web(&r, r.Unpack(got[2:]))
}
