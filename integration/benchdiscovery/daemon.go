package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fedns/fedns/integration/harness/process"
)

// daemon is a fedns under measurement.
type daemon struct {
	b         *bench
	dns, http string
	config    string
	name      string
	*process.Process
	began time.Time // just before the last exec
}

// newDaemon writes a configuration for some kubeconfigs; it starts nothing. more
// is appended to the configuration.
func (b *bench) newDaemon(ctx context.Context, name string, kubeconfigs []string, more string) (*daemon, error) {
	d := &daemon{b: b, name: name, config: filepath.Join(b.dir, name+".yaml")}
	var err error
	if d.dns, err = freePort(ctx); err != nil {
		return nil, err
	}
	if d.http, err = freePort(ctx); err != nil {
		return nil, err
	}
	state := filepath.Join(b.dir, name+".state")
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: fedns.io/v1alpha1\nkind: Config\nlisten: {dns: [%q], http: %q}\nstateDir: %s\nfederation: {clusterSet: clusterset.local}\n%s", d.dns, d.http, state, more)
	text.WriteString("clusters:\n")
	for _, file := range kubeconfigs {
		fmt.Fprintf(&text, "- {name: %s, kubeconfig: %s}\n", strings.TrimSuffix(filepath.Base(file), ".kubeconfig"), file)
	}
	return d, os.WriteFile(d.config, []byte(text.String()), 0o600)
}

func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// launch starts the daemon, and again after it ended.
func (d *daemon) launch() (err error) {
	d.began = time.Now()
	d.Process, err = d.b.spawner.Start(process.Command{Name: d.name, Path: d.b.fedns, Args: []string{"serve", "--config", d.config}, Log: d.log()})
	return err
}

func (d *daemon) log() string { return filepath.Join(d.b.logs, d.name+".log") }

// looks is how often /readyz is asked: a thousandth of the target.
const looks = 10 * time.Millisecond

// awaitReady waits for /readyz and says how long that was from exec.
func (d *daemon) awaitReady(ctx context.Context, limit time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(looks)
	defer ticker.Stop()
	var last error
	for {
		if _, last = d.get(ctx, "/readyz"); last == nil {
			return time.Since(d.began), nil
		}
		select {
		case <-d.Done():
			return 0, d.Err()
		case <-ctx.Done():
			return 0, fmt.Errorf("%s is not ready after %v: %w", d.name, limit, last)
		case <-ticker.C:
		}
	}
}

// get asks the daemon over HTTP; any status but 200 is an error.
func (d *daemon) get(ctx context.Context, path string) (string, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.http+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := d.b.client.Do(q)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status + ": " + strings.TrimSpace(string(text[:min(len(text), 500)])))
	}
	return string(text), err
}

// stop ends the daemon if it runs.
func (d *daemon) stop() {
	if d.Process != nil && d.Running() {
		_ = d.Kill() // it is only measured, and its state was written before
	}
}
