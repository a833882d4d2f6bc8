//go:build unix

package config

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipesAreRefused: waiting for a pipe's writer would be waiting for ever.
func TestPipesAreRefused(t *testing.T) {
	dir := t.TempDir()
	pipe, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "fedns.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, "/dev/zero", dir} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path+": not a regular file") {
			t.Errorf("%s: got %v", path, err)
		}
	}
	write(t, filepath.Join(dir, "zone"), "$INCLUDE pipe\n")
	write(t, file, header+"clusters: [{name: a, kubeconfig: pipe}]\nzones: [{name: a, files: [pipe]}, {name: b, files: [zone]}]\n")
	c, err := Load(file)
	if err != nil || c.Digests[pipe] != "" {
		t.Errorf("got %+v, %v", c, err)
	}
}
