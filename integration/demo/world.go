package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fedns/fedns/cmd/fedns/demo"
	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// How long things may take on a machine that is busy with other things: many
// times what they do.
const (
	startLimit = 3 * time.Minute
	stopGrace  = 10 * time.Second
)

// world is a demo.World of real clusters, and the fedns that follows them. It is
// not safe for concurrent use.
type world struct {
	fleet    *harness.Fleet
	spawner  *process.Spawner
	progress io.Writer
	fedns    *process.Process
	put      map[string]string // manifests, by member and name
}

// newWorld starts the clusters, which are empty. The caller closes it.
func newWorld(ctx context.Context, progress io.Writer) (*world, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	o := harness.Options{Progress: progress}
	for _, m := range demo.Members {
		// In this order: the cluster's place among them gives its IPv6 network,
		// which Member.IPv6 counts on.
		o.Clusters = append(o.Clusters, harness.Spec{
			Name: m.Name, Region: m.Region, Zones: []string{m.Zone},
			ServiceCIDR: m.ServiceCIDR(), IPv6: true, MCS: true,
		})
	}
	fleet, err := harness.New(ctx, o)
	if err != nil {
		return nil, err
	}
	return &world{fleet: fleet, spawner: process.NewSpawner(), progress: progress, put: map[string]string{}}, nil
}

// close ends everything and removes every file.
func (w *world) close() error {
	var killed error
	if w.fedns != nil {
		killed = w.fedns.Kill()
	}
	w.spawner.Close()
	return errors.Join(killed, w.fleet.Close())
}

// Put implements demo.World by server-side apply.
func (w *world) Put(ctx context.Context, member, name, manifest string) error {
	w.put[member+"/"+name] = manifest
	return w.fleet.Cluster(member).Apply(ctx, manifest)
}

// Delete implements demo.World. Namespaces stay: other manifests have objects in them.
func (w *world) Delete(ctx context.Context, member, name string) error {
	var rest []string
	for doc := range strings.SplitSeq(w.put[member+"/"+name], "\n---\n") {
		if !strings.Contains(doc, "kind: Namespace\n") {
			rest = append(rest, doc)
		}
	}
	return w.fleet.Cluster(member).Delete(ctx, strings.Join(rest, "\n---\n"))
}

// serve starts fedns on the clusters, and returns when it is ready.
func (w *world) serve(ctx context.Context, dns, http string) (*process.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	binary := w.path("fedns")
	if err := (binaries.Cache{Progress: w.progress}).Fedns(ctx, binary); err != nil {
		return nil, err
	}
	zoneFile, file := w.path("example.com.zone"), w.path("fedns.yaml")
	text := demo.Config(dns, http, zoneFile, func(m demo.Member) string {
		return "kubeconfig: " + w.fleet.Cluster(m.Name).Kubeconfig
	})
	if err := errors.Join(os.WriteFile(zoneFile, []byte(demo.Zone), 0o600), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	p, err := w.spawner.Start(process.Command{
		Name: "fedns", Path: binary, Args: []string{"serve", "--config", file}, Log: w.path("fedns.log"),
	})
	if err != nil {
		return nil, err
	}
	w.fedns = p
	return p, p.WaitReady(ctx, func(ctx context.Context) error { return ready(ctx, http) })
}

// ready asks the daemon's own opinion.
func ready(ctx context.Context, addr string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask fedns: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err // names the URL itself
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("fedns is not ready: %s", response.Status)
	}
	return nil
}

// path is a file in the fleet's folder, which goes with it.
func (w *world) path(name string) string { return filepath.Join(w.fleet.Dir, name) }
