package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fedns/fedns/discovery/inventory/inventorytest"
)

// TestCheckTriesProbesAndHost: what is probed is tried once, of clusters of
// inventories too, and the host is asked for the replicas' Leases.
func TestCheckTriesProbesAndHost(t *testing.T) {
	gateway, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.Close()
	server := inventorytest.NewAPIServer(t)
	var forbidden atomic.Bool
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if forbidden.Load() {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403}`)
			return
		}
		if q.URL.Path != "/apis/coordination.k8s.io/v1/namespaces/fedns-system/leases" || q.Method != http.MethodGet {
			http.NotFound(w, q)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"apiVersion": "coordination.k8s.io/v1", "kind": "LeaseList", "metadata": {"resourceVersion": "1"}, "items": []}`)
	}))
	defer host.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("host", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: "%s"}}]}`, host.URL))
	write("member", server.Kubeconfig())
	if err := os.Mkdir(filepath.Join(dir, "edge"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := func(host string) string {
		return fmt.Sprintf(`apiVersion: fedns.io/v1alpha1
kind: Config
host: {kubeconfig: %s}
clusters:
- {name: edge, manifests: edge, probes: [{tcp: "%s"}, {tcp: "127.0.0.1:1"}]}
inventories:
- kubeconfigs: {file: member}
  probes: [{tcp: "%s"}, {http: "http://{region}.example"}]
`, host, gateway.Addr(), gateway.Addr())
	}
	lines := func(file string) (all []string) {
		for _, f := range check(t.Context(), file) {
			all = append(all, fmt.Sprint(f.OK, " ", f.Subject, ": ", f.Text))
		}
		return all
	}
	got := lines(write("fedns.yaml", text("host")))
	for _, want := range []string{
		"true host: its Leases can be read",
		"true cluster edge: probe tcp " + gateway.Addr().String() + ": answers",
		"false cluster edge: probe tcp 127.0.0.1:1: connect: connection refused",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("not found: %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	for _, want := range []string{": probe tcp " + gateway.Addr().String() + ": answers", ": target http://{region}.example: nothing is known to stand for {region}"} {
		if !slices.ContainsFunc(got, func(line string) bool { return !strings.Contains(line, "edge") && strings.HasSuffix(line, want) }) {
			t.Errorf("of the inventory's cluster not found: %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	forbidden.Store(true) // as to whom only inventories are to be read
	got = lines(write("fedns.yaml", text("host")))
	if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "true host: can be reached; its Leases") }) {
		t.Errorf("Leases that may not be read are a fault:\n%s", strings.Join(got, "\n"))
	}
	got = lines(write("lost.yaml", text("nowhere")))
	if !slices.ContainsFunc(got, func(line string) bool {
		return strings.HasPrefix(line, "false host: ") && strings.Contains(line, "nowhere")
	}) {
		t.Errorf("a host that has no kubeconfig is not found:\n%s", strings.Join(got, "\n"))
	}
}
