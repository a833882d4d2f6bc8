//go:build unix

package daemon

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery/cluster"
)

const withPlugin = `apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: "https://192.0.2.1"}}]
users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: get-token, interactiveMode: Never}}}]
`

// TestNewSourceTellsWhatToDo: in the words of the configuration.
func TestNewSourceTellsWhatToDo(t *testing.T) {
	dir := t.TempDir()
	plugin, pipe := filepath.Join(dir, "plugin"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(plugin, []byte(withPlugin), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	const hint = ", or allowExec: true for this cluster in the configuration"
	for _, tt := range []struct {
		c    config.Cluster
		says string // empty: nothing is wrong
	}{
		{config.Cluster{Name: "a", Kubeconfig: plugin}, hint},
		{config.Cluster{Name: "a", Kubeconfig: plugin, AllowExec: true}, ""},
		{config.Cluster{Name: "a", Kubeconfig: plugin, Context: "b"}, `want a context named "b": it has a`},
		{config.Cluster{Name: "a", Kubeconfig: pipe}, "cluster a: kubeconfig " + pipe + ": not a regular file"},
		{config.Cluster{Name: "a", Kubeconfig: plugin + "s"}, "no such file or directory"},
	} {
		src, err := NewSource(tt.c, cluster.ByAnnotation, slog.New(slog.DiscardHandler))
		switch {
		case tt.says == "" && err != nil, tt.says != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.says)):
			t.Errorf("%+v: got %v, want %q", tt.c, err, tt.says)
		case err != nil && src != nil:
			t.Errorf("%+v: a Source beside %v", tt.c, err)
		}
	}
}
