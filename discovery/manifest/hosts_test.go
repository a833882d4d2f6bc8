package manifest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
)

// TestHostsOfAFolder: a folder's Ingresses have hosts as an API server's do.
func TestHostsOfAFolder(t *testing.T) {
	dir := t.TempDir()
	const text = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, annotations: {fedns.io/export: "true"}},
spec: {rules: [{host: example.com}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}`
	if err := os.WriteFile(filepath.Join(dir, "web.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Cluster: "edge", Dir: dir, Rules: cluster.ByIngress | cluster.ByAnnotation, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	up, ended := make(chan cluster.Update), make(chan error, 1)
	go func() { ended <- s.Run(ctx, up) }()
	for found := false; !found; {
		select {
		case u := <-up:
			for _, g := range u.Groups {
				found = g.Service == cluster.HostKey("example.com") && len(g.Ingress) == 1
			}
		case <-ctx.Done():
			t.Fatal("the host was not told")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
