package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// etcd is one that holds clusters' objects.
type etcd struct {
	dir       string // of its data
	url, peer string
	process   *process.Process
}

// etcd returns the URL of the one etcd that holds every cluster's objects. The
// first cluster starts it.
func (f *Fleet) etcd(ctx context.Context) (string, error) {
	f.etcdMu.Lock()
	defer f.etcdMu.Unlock()
	if f.shared != nil {
		return f.shared.url, nil
	}
	e, err := f.newEtcd(filepath.Join(f.Dir, "etcd"))
	if err != nil {
		return "", err
	}
	if err := f.startEtcd(ctx, e); err != nil {
		return "", err
	}
	f.shared = e
	return e.url, nil
}

// etcdURL is where c's objects are.
func (c *Cluster) etcdURL(ctx context.Context) (string, error) {
	if !c.OwnEtcd {
		return c.fleet.etcd(ctx)
	}
	if c.etcd == nil {
		e, err := c.fleet.newEtcd(c.file("etcd"))
		if err != nil {
			return "", err
		}
		c.etcd = e
	}
	if p := c.etcd.process; p != nil && p.Running() {
		return c.etcd.url, nil
	}
	return c.etcd.url, c.fleet.startEtcd(ctx, c.etcd)
}

// ReplaceData ends the API server and the cluster's own etcd, puts the data of
// another time in place of what is there, and starts both. from is what an earlier
// call gave; empty: there is no data at all, as after a disk was lost. What was
// there before is given, to be put back.
func (c *Cluster) ReplaceData(ctx context.Context, from string) (was string, err error) {
	if c.etcd == nil {
		return "", fmt.Errorf("cluster %s has no etcd of its own", c.Name)
	}
	if err := errors.Join(c.StopAPIServer(), c.etcd.process.Kill()); err != nil {
		return "", err
	}
	c.saved++
	was = fmt.Sprintf("%s.%d", c.etcd.dir, c.saved)
	if err := os.Rename(c.etcd.dir, was); err != nil {
		return "", err
	}
	if from != "" {
		if err := os.Rename(from, c.etcd.dir); err != nil {
			return "", err
		}
	}
	return was, c.StartAPIServer(ctx)
}

// CopyData is a backup of the cluster's data as of now, for ReplaceData. The cluster
// runs on; its etcd stands still for as long as the copy takes.
func (c *Cluster) CopyData() (backup string, err error) {
	if c.etcd == nil {
		return "", fmt.Errorf("cluster %s has no etcd of its own", c.Name)
	}
	if err := c.etcd.process.Pause(); err != nil {
		return "", err
	}
	c.saved++
	backup = fmt.Sprintf("%s.%d", c.etcd.dir, c.saved)
	return backup, errors.Join(os.CopyFS(backup, os.DirFS(c.etcd.dir)), c.etcd.process.Resume())
}

func (f *Fleet) newEtcd(dir string) (*etcd, error) {
	e := &etcd{dir: dir}
	for _, url := range []*string{&e.url, &e.peer} {
		port, err := f.claim.port()
		if err != nil {
			return nil, err
		}
		*url = fmt.Sprintf("http://127.0.0.1:%d", port)
	}
	return e, nil
}

func (f *Fleet) startEtcd(ctx context.Context, e *etcd) error {
	path, err := f.programs.Path(ctx, binaries.Etcd)
	if err != nil {
		return err
	}
	p, err := f.run(process.Command{Name: "etcd", Path: path, Log: e.dir + ".log", Args: []string{
		"--name=fleet", "--data-dir=" + e.dir,
		"--listen-client-urls=" + e.url, "--advertise-client-urls=" + e.url,
		"--listen-peer-urls=" + e.peer, "--initial-advertise-peer-urls=" + e.peer,
		"--initial-cluster=fleet=" + e.peer,
		"--unsafe-no-fsync", // the data does not outlive the test
		"--log-level=warn",
	}})
	if err != nil {
		return err
	}
	e.process = p
	return p.WaitReady(ctx, func(ctx context.Context) error { return get(ctx, e.url+"/readyz") })
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
