package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// asProgram is an environment variable that makes the test binary the program.
const asProgram = "FEDNS_TEST_AS_PROGRAM"

// freeAddr is an address of loopback whose port nobody has just now, over UDP and TCP.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 20 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		u, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", l.Addr().String())
		addr := l.Addr().String()
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return addr
		}
	}
	t.Fatal("no port is free over both transports")
	return ""
}

func TestDemoScriptHolds(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--script", "--dns", freeAddr(t), "--http", freeAddr(t)}, &out, &errs); code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, &out, &errs)
	}
	if !strings.Contains(out.String(), "That is all: 27 answers, each one checked.") {
		t.Errorf("it ended with\n%s", &out)
	}
}

func TestDemoEndsInTime(t *testing.T) {
	var out, errs bytes.Buffer
	addr := freeAddr(t)
	if code := run(t.Context(), []string{"demo", "--for", "50ms", "--dns", addr, "--http", freeAddr(t)}, &out, &errs); code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, &out, &errs)
	}
	host, port, _ := net.SplitHostPort(addr)
	if want := fmt.Sprintf("dig @%s -p %s web.shop.prod A", host, port); !strings.Contains(out.String(), want) {
		t.Errorf("%q is not among\n%s", want, &out)
	}
}

// TestDemoAnywhere: the folder for temporary files may be relative, and called anything.
func TestDemoAnywhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("TMPDIR", ".")
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--script", "--dns", freeAddr(t), "--http", freeAddr(t)}, &out, &errs); code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, &out, &errs)
	}
	out.Reset()
	if code := run(t.Context(), []string{"demo", "--for", "1ms", "--dns", freeAddr(t), "--http", freeAddr(t)}, &out, &errs); code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, &out, &errs)
	}
	if want := "\n  '" + strings.ReplaceAll(dir, "'", `'\''`) + "/fedns-demo-"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is not among\n%s", want, &out)
	}
}

func TestExitCodes(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("apiVersion: fedns.io/v1alpha1\nkind: Config\nlisten: {dsn: []}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"version"}, exitDone, "fedns "},
		{[]string{"version", "-o", "json"}, exitDone, `"platform"`},
		{[]string{"version", "-o", "xml"}, exitUsage, "want text or json"},
		{[]string{"--version"}, exitDone, thisBuild().String() + "\n"},
		{[]string{"--help"}, exitDone, "Available Commands"},
		{[]string{"help"}, exitDone, "Available Commands"},
		{[]string{"help", "serve"}, exitDone, "Runs the daemon until"},
		{[]string{"help", "nosuch"}, exitUsage, `unknown command "nosuch" for "fedns"`},
		{[]string{"help", "serve", "nosuch"}, exitUsage, `unknown command "nosuch" for "fedns serve"`},
		{[]string{"check", "--config", "x", "--timeout", "-1s"}, exitUsage, `invalid argument "-1s" for "--timeout" flag`},
		{[]string{"demo", "--for", "-3s"}, exitUsage, `invalid argument "-3s" for "--for" flag`},
		{[]string{"demo", "--dns", "foo"}, exitUsage, `invalid argument "foo" for "--dns" flag: want address:port`},
		{[]string{"demo", "--http", "127.0.0.1:0"}, exitUsage, `invalid argument "127.0.0.1:0" for "--http" flag`},
		{[]string{"demo", "--http", "127.0.0.1:5353"}, exitUsage, "want another address than that of --dns"},
		{[]string{"explode"}, exitUsage, `unknown command "explode"`},
		{[]string{"serve"}, exitUsage, `"config" not set`},
		{[]string{"serve", "--config", bad}, exitWanting, bad + ":3: listen.dsn: unknown field"},
		{[]string{"serve", "--config", bad + ".not"}, exitWanting, "no such file"},
		{[]string{"check", "--config", bad}, exitWanting, bad + ":3: listen.dsn: unknown field"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("fedns %s: exit %d, want %d and %q in\n%s", strings.Join(c.args, " "), code, c.code, c.says, &out)
		}
	}
}

// served is a daemon in this process, with a folder as its only cluster.
type served struct {
	t                    *testing.T
	dir, file, dns, http string
	log                  *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (s *served) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path+".part", []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) config(rest string) {
	s.write("fedns.yaml", fmt.Sprintf("apiVersion: fedns.io/v1alpha1\nkind: Config\nlisten: {dns: [%q], http: %q}\n%s", s.dns, s.http, rest))
}

// serveDaemon starts a daemon that ends with the test.
func serveDaemon(t *testing.T, rest string, files map[string]string) *served {
	t.Helper()
	s := &served{t: t, dir: t.TempDir(), dns: freeAddr(t), http: freeAddr(t), log: &safeBuffer{}}
	for s.http == s.dns {
		s.http = freeAddr(t) // the same port may be free once more
	}
	s.file = filepath.Join(s.dir, "fedns.yaml")
	for name, text := range files {
		s.write(name, text)
	}
	s.config(rest)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--config", s.file}, io.Discard, s.log) }()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("exit %d\n%s", code, s.log)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

// await waits until look says nothing.
func (s *served) await(what string, look func() string) {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		wrong := look()
		if wrong == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: %s\n%s", what, wrong, s.log)
		}
		time.Sleep(5 * time.Millisecond) // between two looks at a condition
	}
}

// answers waits until a question is answered by want.
func (s *served) answers(name string, typ uint16, want string) {
	s.t.Helper()
	s.await(name, func() string {
		r, _, err := new(dns.Client).ExchangeContext(s.t.Context(), new(dns.Msg).SetQuestion(name, typ), s.dns)
		if err != nil {
			return err.Error()
		}
		got := dns.RcodeToString[r.Rcode]
		for _, rr := range r.Answer {
			got += " " + strings.TrimPrefix(rr.String(), rr.Header().String())
		}
		if got != want {
			return fmt.Sprintf("got %q, want %q", got, want)
		}
		return ""
	})
}

func (s *served) get(path string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.http+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// json reads what the API tells at path.
func (s *served) json(path string, into any) {
	s.t.Helper()
	if _, body := s.get(path); json.Unmarshal([]byte(body), into) != nil {
		s.t.Fatalf("%s: %s", path, body)
	}
}

const webManifest = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.1.0.1]}]
`

func TestServeTakesUpChanges(t *testing.T) {
	const federation = "federation: {name: prod, domain: example.com}\n"
	zone := func(rest string) string { return "$TTL 60\n" + rest }
	s := serveDaemon(t, federation+"clusters: [{name: a, manifests: a}]\nzones: [{name: example.com, files: [zone]}]\n",
		map[string]string{"a/web.yaml": webManifest, "b/web.yaml": strings.ReplaceAll(webManifest, "10.0.0.1", "10.0.0.2"), "zone": zone("www TXT \"1\"\n")})
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
	s.answers("www.example.com.", dns.TypeTXT, `NOERROR "1"`)
	s.answers("nothing.shop.prod.", dns.TypeA, "NXDOMAIN")

	// A cluster joins, a zone file changes, both without restart.
	s.config(federation + "clusters: [{name: a, manifests: a}, {name: b, manifests: b}]\nzones: [{name: example.com, files: [zone]}]\n")
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1 10.0.0.2")
	s.write("zone", zone("www TXT \"2\"\n"))
	s.answers("www.example.com.", dns.TypeTXT, `NOERROR "2"`)

	// What is wrong is told with file and line, and changes nothing.
	s.write("zone", zone("www TXT \"3\"\nwww CNAME elsewhere.\n"))
	s.await("a broken zone file is told", func() string {
		if want := filepath.Join(s.dir, "zone") + ":2: www.example.com. TXT: beside the CNAME at "; !strings.Contains(s.log.String(), want) {
			return want + " is not in the log"
		}
		return ""
	})
	s.await("/api/v1/zones tells of it", func() string {
		if _, body := s.get("/api/v1/zones"); !strings.Contains(body, "zone:2: www.example.com. TXT: beside the CNAME at ") {
			return body
		}
		return ""
	})
	s.answers("www.example.com.", dns.TypeTXT, `NOERROR "2"`)
	s.config(federation + "clusters: [{name: a, manifest: a}]\n")
	s.await("a broken configuration is told", func() string {
		if want := s.file + ":5: clusters[0].manifest: unknown field"; !strings.Contains(s.log.String(), want) {
			return want + " is not in the log"
		}
		return ""
	})
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1 10.0.0.2")
	s.await("the metrics tell of it", func() string {
		if _, body := s.get("/metrics"); !strings.Contains(body, "\nfedns_config_ok 0\n") || !strings.Contains(body, `fedns_zone_file_ok{zone="example.com."} 0`) {
			return body
		}
		return ""
	})

	// Put back as it was, it is good again.
	s.config(federation + "clusters: [{name: a, manifests: a}, {name: b, manifests: b}]\nzones: [{name: example.com, files: [zone]}]\n")
	s.write("zone", zone("www TXT \"2\"\n"))
	s.await("all is well", func() string {
		_, body := s.get("/metrics")
		if !strings.Contains(body, "\nfedns_config_ok 1\n") || !strings.Contains(body, `fedns_zone_file_ok{zone="example.com."} 1`) {
			return body
		}
		return ""
	})

	// A cluster leaves, a federation name changes, a zone is retracted.
	s.config("federation: {name: stage}\nclusters: [{name: b, manifests: b}]\n")
	s.answers("web.shop.stage.", dns.TypeA, "NOERROR 10.0.0.2")
	s.answers("web.shop.prod.", dns.TypeA, "REFUSED")
	s.answers("www.example.com.", dns.TypeTXT, "REFUSED")
}

// TestIncludedFilesAreWatched: a zone changes with the files that its own includes.
func TestIncludedFilesAreWatched(t *testing.T) {
	s := serveDaemon(t, "federation: {name: prod, domain: example.com}\nzones: [{name: example.com, files: [zone]}]\n",
		map[string]string{"zone": "$TTL 60\n$INCLUDE sub/more\n", "sub/more": "www TXT \"1\"\n"})
	s.answers("www.example.com.", dns.TypeTXT, `NOERROR "1"`)
	s.write("sub/more", "www TXT \"2\"\n")
	s.answers("www.example.com.", dns.TypeTXT, `NOERROR "2"`)
}

// TestUnreadClusterLeavesNamesOpen: a name that is not there may be that of a
// cluster that was not read since the start, until the operator will not wait.
func TestUnreadClusterLeavesNamesOpen(t *testing.T) {
	const clusters = "federation: {name: prod}\nclusters: [{name: a, manifests: a}, {name: gone, manifests: gone}]\n"
	s := serveDaemon(t, clusters, map[string]string{"a/web.yaml": webManifest})
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
	s.await("the other is told", func() string {
		if code, body := s.get("/readyz?tolerate=unreachable"); code != 200 || !strings.Contains(body, "cluster gone: unreachable") {
			return fmt.Sprint(code, body)
		}
		return ""
	})
	provisional := func(want string) {
		t.Helper()
		s.await("it is measured", func() string {
			if _, body := s.get("/metrics"); !strings.Contains(body, "\nfedns_dns_provisional "+want+"\n") {
				return "fedns_dns_provisional is not " + want
			}
			return ""
		})
	}
	s.answers("db.shop.prod.", dns.TypeA, "SERVFAIL")
	provisional("1")
	s.config(clusters + "startup: {wait: 0}\n")
	s.answers("db.shop.prod.", dns.TypeA, "NXDOMAIN")
	provisional("0")
	s.await("it is logged", func() string {
		if log := s.log.String(); !strings.Contains(log, "clusters were not read in time") || !strings.Contains(log, "[gone]") {
			return "it is not"
		}
		return ""
	})
}

func TestReadyzTellsWhatIsMissing(t *testing.T) {
	s := serveDaemon(t, "federation: {name: prod}\nclusters: [{name: a, manifests: a}, {name: gone, manifests: gone}]\n", map[string]string{"a/web.yaml": webManifest})
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1") // the others serve
	s.await("the other is told", func() string {
		if code, body := s.get("/readyz?tolerate=unreachable"); code != 200 || !strings.HasPrefix(body, "ready\ncluster gone: unreachable since ") {
			return fmt.Sprint(code, body)
		}
		return ""
	})
	if code, body := s.get("/readyz"); code != 503 || !strings.HasPrefix(body, "not ready\ncluster gone: unreachable since ") {
		t.Errorf("/readyz: %d %s", code, body)
	}
	if code, body := s.get("/readyz?tolerate=everything"); code != 400 {
		t.Errorf("an unknown word is tolerated: %d %s", code, body)
	}
	var clusters struct {
		Clusters []struct{ ID, Phase, Reason string }
	}
	if _, body := s.get("/api/v1/clusters"); json.Unmarshal([]byte(body), &clusters) != nil || len(clusters.Clusters) != 2 || clusters.Clusters[1].Phase != "unreachable" || clusters.Clusters[1].Reason == "" {
		t.Errorf("/api/v1/clusters: %+v", clusters)
	}
	s.write("gone/web.yaml", strings.ReplaceAll(webManifest, "10.0.0.1", "10.0.0.2"))
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1 10.0.0.2")
	s.await("it is ready, too", func() string { // what a cluster has may be answered before it is told that it was read
		if code, body := s.get("/readyz"); code != 200 || body != "ready\n" {
			return fmt.Sprint(code, body)
		}
		return ""
	})
	if code, _ := s.get("/healthz"); code != 200 {
		t.Errorf("/healthz: %d", code)
	}
}

// TestAddedZoneIsWholeSoon: a zone that was added at run time denies names once all that belongs into it is there.
func TestAddedZoneIsWholeSoon(t *testing.T) {
	const clusters = "clusters: [{name: a, manifests: a}]\n"
	s := serveDaemon(t, "federation: {name: prod}\n"+clusters, map[string]string{"a/web.yaml": webManifest})
	s.answers("nothing.shop.prod.", dns.TypeA, "NXDOMAIN")
	s.config("federation: {name: stage}\n" + clusters)
	s.answers("web.shop.stage.", dns.TypeA, "NOERROR 10.0.0.1")
	s.answers("nothing.shop.stage.", dns.TypeA, "NXDOMAIN")
}
