package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// exported is a Service with an address, in a zone that is written to a file.
const exported = `federation: {name: prod, domain: example.com}
clusters: [{name: a, manifests: a, region: eu, zone: eu-1}]
providers: [{name: disk, zones: [example.com], levels: [Global], zonefile: {dir: .}}]
`

// globally is the Service's name there.
const globally = "web.shop.prod.svc.example.com."

// hosts waits until a zone file and what the API says of the providers are right.
func (s *served) hosts(what, file string, ok func(file, status string) bool) {
	s.t.Helper()
	s.await(what, func() string {
		now, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			return err.Error()
		}
		_, status := s.get("/api/v1/providers")
		if ok(string(now), status) {
			return ""
		}
		return string(now) + status
	})
}

// TestReleaseProvider: what would leave nothing waits for a word, by HTTP.
func TestReleaseProvider(t *testing.T) {
	s := serveDaemon(t, exported, map[string]string{"a/web.yaml": webManifest})
	file := filepath.Join(s.dir, "example.com.zone")
	s.hosts("it is written", file, func(file, _ string) bool { return strings.Contains(file, "10.0.0.1") })
	if err := os.Remove(filepath.Join(s.dir, "a", "web.yaml")); err != nil {
		t.Fatal(err)
	}
	s.answers(globally, dns.TypeA, "NXDOMAIN")
	s.hosts("it is held", file, func(file, status string) bool {
		return strings.Contains(status, `"phase": "Held"`) && strings.Contains(file, "10.0.0.1")
	})
	s.fednsTold(1, `there is no provider "cloud"`, "release", "--provider", "cloud")
	s.fednsTold(0, "provider disk: deletions made", "release", "--provider", "disk")
	s.hosts("it is gone", file, func(file, status string) bool {
		return !strings.Contains(file, "10.0.0.1") && strings.Contains(status, `"owned": 0`)
	})
}

// TestRetireProvider: the configuration says that a provider is to go, a word that it
// may, and the API when it has. DNS answers on.
func TestRetireProvider(t *testing.T) {
	s := serveDaemon(t, exported, map[string]string{"a/web.yaml": webManifest})
	file := filepath.Join(s.dir, "example.com.zone")
	s.hosts("it is written", file, func(file, status string) bool {
		return strings.Contains(file, "10.0.0.1") && strings.Contains(status, `"phase": "InSync"`)
	})
	s.config(strings.Replace(exported, "name: disk", "name: disk, retire: true", 1))
	s.hosts("it is held", file, func(file, status string) bool {
		return strings.Contains(status, `"phase": "Held"`) && strings.Contains(status, `"retire": true`) && strings.Contains(file, "10.0.0.1")
	})
	s.fednsTold(0, "2 to delete, 2 of them held, 2 left", "plan")
	s.fednsTold(0, "held: nothing is wanted any longer", "plan")
	s.fednsTold(0, "deletions made", "release", "--provider", "disk")
	s.hosts("it is gone", file, func(file, status string) bool {
		return strings.Contains(status, `"phase": "Retired"`) && !strings.Contains(file, "10.0.0.1") && !strings.Contains(file, "_fedns")
	})
	s.answers(globally, dns.TypeA, "NOERROR 10.0.0.1")
	s.fednsTold(0, "nothing to do", "plan")
	s.config(strings.Split(exported, "providers:")[0])
	s.hosts("the entry is gone", file, func(_, status string) bool { return !strings.Contains(status, "disk") })
}

// manifest is webManifest of another Service and address.
func manifest(service, address string) string {
	return strings.ReplaceAll(strings.ReplaceAll(webManifest, "web", service), "10.0.0.1", address)
}

// TestClusterLeaves: the records and claims of a cluster that the configuration has no
// longer go, while the daemon runs or before it starts again. Those of one that it still
// has, and that is not heard of, stand.
func TestClusterLeaves(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	file := filepath.Join(dir, "example.com.zone")
	cfg := func(keep string, clusters ...string) string {
		return fmt.Sprintf("%sfederation: {name: prod, domain: example.com}\nclusters: [%s]\nproviders: [{name: disk, zones: [example.com], levels: [Global], zonefile: {dir: %s}}]\n",
			keep, strings.Join(clusters, ", "), dir)
	}
	member := func(name string) string { return fmt.Sprintf("{name: %s, manifests: %s}", name, name) }
	files := map[string]string{
		"a/web.yaml": webManifest, "b/web.yaml": manifest("web", "10.0.0.2"), "b/only.yaml": manifest("only", "10.0.0.3"),
		"c/last.yaml": manifest("last", "10.0.0.4"), "d/more.yaml": manifest("more", "10.0.0.5"), "none.kubeconfig": "",
	}
	has := func(s *served, clusters, not string) {
		t.Helper()
		s.hosts("claims of "+clusters, file, func(file, status string) bool {
			ok := strings.Contains(status, `"phase": "InSync"`)
			for _, c := range strings.Fields(clusters) {
				ok = ok && strings.Contains(file, "cluster="+c+",")
			}
			for _, c := range strings.Fields(not) {
				ok = ok && !strings.Contains(file, "cluster="+c+",")
			}
			return ok
		})
	}
	for _, tt := range []struct{ name, keep, c string }{
		{"all others are heard", "", member("c")},
		{"one is not, but was kept", "stateDir: " + state + "\n", "{name: c, kubeconfig: none.kubeconfig}"},
	} {
		t.Run("while it runs, "+tt.name, func(t *testing.T) {
			s := serveDaemon(t, cfg(tt.keep, member("a"), member("b"), member("c"), member("d")), files)
			has(s, "a b c d", "")
			s.config(cfg(tt.keep, member("a"), member("b"), member("c")))
			has(s, "a b c", "d")
		})
		t.Run("before it starts again, "+tt.name, func(t *testing.T) {
			s := serveDaemon(t, cfg(tt.keep, member("a"), tt.c), files)
			has(s, "a c", "b d")
			s.hosts("addresses", file, func(file, _ string) bool {
				return strings.Contains(file, "10.0.0.1") && strings.Contains(file, "10.0.0.4") && !strings.Contains(file, "10.0.0.2") && !strings.Contains(file, "10.0.0.3") && !strings.Contains(file, "10.0.0.5")
			})
		})
	}
}
