package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// fednsTold runs a command against the daemon and expects an exit code and words of its output.
func (s *served) fednsTold(code int, says string, args ...string) {
	s.t.Helper()
	var out bytes.Buffer
	if got := run(s.t.Context(), append(args, "--server", "http://"+s.http), &out, &out); got != code || !strings.Contains(out.String(), says) {
		s.t.Errorf("fedns %q: exit %d, want %d; want %q in\n%s", args, got, code, says, out.String())
	}
}

// TestDrain: what the operator says is answered, and told.
func TestDrain(t *testing.T) {
	const cfg = "federation: {name: prod}\nclusters: [{name: a, manifests: a}, {name: b, manifests: b}]\n"
	only := strings.ReplaceAll(strings.ReplaceAll(webManifest, "web", "only"), "10.0.0.1", "10.0.0.9")
	s := serveDaemon(t, cfg, map[string]string{"a/web.yaml": webManifest, "a/only.yaml": only, "b/web.yaml": strings.ReplaceAll(webManifest, "10.0.0.1", "10.0.0.2")})
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1 10.0.0.2")
	s.answers("only.shop.prod.", dns.TypeA, "NOERROR 10.0.0.9")

	s.fednsTold(0, "1 Services move to other clusters, 0 to clusters that nobody can vouch for, 1 are still answered from it", "drain", "a", "--preview")
	s.fednsTold(0, `"left": [`+"\n    \"shop/only\"", "evict", "a", "--preview", "--output", "json")
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1 10.0.0.2")
	s.fednsTold(0, "cluster a: drained\n", "drain", "a")
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.2")
	s.answers("only.shop.prod.", dns.TypeA, "NOERROR 10.0.0.9")
	if _, body := s.get("/api/v1/clusters"); !strings.Contains(body, `"state": "drained"`) {
		t.Error(body)
	}
	s.fednsTold(0, "evicted", "evict", "a")
	s.answers("only.shop.prod.", dns.TypeA, "NXDOMAIN")
	s.fednsTold(0, "left to the evidence", "undrain", "a")
	s.answers("only.shop.prod.", dns.TypeA, "NOERROR 10.0.0.9")
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1 10.0.0.2")

	// Where the other one is drained, or behind, it is what takes over.
	s.fednsTold(0, "drained", "drain", "b")
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1") // a preview goes by what is answered
	s.fednsTold(0, `"doubtful": [`+"\n    \"shop/web\"", "evict", "a", "--preview", "-o", "json")
	s.fednsTold(0, "0 Services move to other clusters, 0 to clusters that nobody can vouch for, 2 are still", "drain", "a", "--preview")
	s.fednsTold(0, "left to", "undrain", "b")
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1 10.0.0.2")
	s.fednsTold(1, `fedns: there is no cluster "z"`, "drain", "z")
	s.fednsTold(1, `fedns: there is no cluster "z"`, "drain", "z", "--preview")
	s.fednsTold(1, "no withdrawals are held", "release", "a")
	s.fednsTold(2, "accepts 1 arg", "drain")
	s.config(strings.Replace(cfg, "manifests: b", "manifests: b, state: evicted", 1))
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
	s.await("it is measured", func() string {
		if _, body := s.get("/metrics"); !strings.Contains(body, `fedns_cluster_standing{cluster="b",standing="evicted"} 1`) || !strings.Contains(body, `fedns_cluster_signal{cluster="a",signal="api"} 1`) {
			return body
		}
		return ""
	})
}

// TestNoPageCommands: a page in a browser drains no clusters.
func TestNoPageCommands(t *testing.T) {
	s := serveDaemon(t, "federation: {name: prod}\nclusters: [{name: a, manifests: a}]\n", map[string]string{"a/web.yaml": webManifest})
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.http+"/api/v1/clusters/a/evict", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("from a page of elsewhere: %s", resp.Status)
	}
	s.answers("web.shop.prod.", dns.TypeA, "NOERROR 10.0.0.1")
}

// TestServerIsURL: an address without a scheme is what people type.
func TestServerIsURL(t *testing.T) {
	for _, server := range []string{"127.0.0.1:8053", "localhost:8053", "", "ftp://x", "http://"} {
		var out bytes.Buffer
		want := fmt.Sprintf("--server, or $FEDNS_SERVER: got %q, want a URL such as http://127.0.0.1:8053", server)
		if code := run(t.Context(), []string{"drain", "a", "--server", server}, &out, &out); code != 1 || !strings.Contains(out.String(), want) {
			t.Errorf("--server %q: exit %d, want 1; want %q in\n%s", server, code, want, out.String())
		}
	}
}
