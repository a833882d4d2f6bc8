package harness

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// etcd returns the URL of the one etcd that holds every cluster's objects. The
// first cluster starts it.
func (f *Fleet) etcd(ctx context.Context) (string, error) {
	f.etcdMu.Lock()
	defer f.etcdMu.Unlock()
	if f.etcdURL != "" {
		return f.etcdURL, nil
	}
	url, err := f.startEtcd(ctx)
	if err != nil {
		return "", err
	}
	f.etcdURL = url
	return url, nil
}

func (f *Fleet) startEtcd(ctx context.Context) (string, error) {
	path, err := f.programs.Path(ctx, binaries.Etcd)
	if err != nil {
		return "", err
	}
	client, err := f.claim.port()
	if err != nil {
		return "", err
	}
	peer, err := f.claim.port()
	if err != nil {
		return "", err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", client)
	peerURL := fmt.Sprintf("http://127.0.0.1:%d", peer)
	p, err := f.run(process.Command{Name: "etcd", Path: path, Log: filepath.Join(f.Dir, "etcd.log"), Args: []string{
		"--name=fleet", "--data-dir=" + filepath.Join(f.Dir, "etcd"),
		"--listen-client-urls=" + url, "--advertise-client-urls=" + url,
		"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=fleet=" + peerURL,
		"--unsafe-no-fsync", // the data does not outlive the test
		"--log-level=warn",
	}})
	if err != nil {
		return "", err
	}
	return url, p.WaitReady(ctx, func(ctx context.Context) error { return get(ctx, url+"/readyz") })
}

// get asks for a URL and wants status 200.
func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err // names the URL itself
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return fmt.Errorf("%s said %s: %s", url, response.Status, said)
	}
	return nil
}
