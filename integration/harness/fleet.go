package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// Options configure a Fleet. The zero value is a fleet without clusters.
type Options struct {
	// Clusters are started together.
	Clusters []Spec
	// Network gives the fleet a network of its own, which NewPod needs and on
	// which CoreDNS then listens, at port 53. It takes root and the ip command.
	Network bool
	// Progress is told what is being built. Defaults to standard error.
	Progress io.Writer

	// highest is for tests that look for what is left of a fleet once its number is
	// anybody's again: other fleets begin at the lowest.
	highest bool
}

// Fleet is a set of clusters. Its methods may be called concurrently.
type Fleet struct {
	// Dir holds kubeconfigs, certificates, logs and etcd's data. It goes with the
	// fleet.
	Dir string

	options  Options
	programs binaries.Cache
	claim    *claim
	janitor  *janitor
	spawner  *process.Spawner

	mu        sync.Mutex
	clusters  []*Cluster
	born      int // clusters ever added; a removed one's place is not given again
	pods      int // network namespaces ever made
	daemons   int // ever made
	processes []*process.Process

	etcdMu sync.Mutex
	shared *etcd // nil before the first cluster

	building sync.Mutex // held while fedns is built
}

// New starts a fleet. ctx limits only the start. The caller must Close the
// fleet; tests call Start instead.
func New(ctx context.Context, o Options) (*Fleet, error) {
	claim, err := newClaim(o.highest)
	if err != nil {
		return nil, err
	}
	f, err := newFleet(claim, o)
	if err != nil {
		claim.socket.Close()
		return nil, err
	}
	if err := f.start(ctx); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func newFleet(claim *claim, o Options) (*Fleet, error) {
	if err := claim.sweep(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", fmt.Sprintf("fedns-%d-", claim.number))
	if err != nil {
		return nil, fmt.Errorf("make fleet's folder: %w", err)
	}
	janitor, err := newJanitor(claim)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &Fleet{
		Dir: dir, options: o, claim: claim, janitor: janitor,
		programs: binaries.Cache{Progress: o.Progress},
		spawner:  process.NewSpawner(),
	}, nil
}

func (f *Fleet) start(ctx context.Context) error {
	if f.options.Network {
		if err := f.startNetwork(ctx); err != nil {
			return err
		}
	}
	var starts errgroup.Group
	for _, spec := range f.options.Clusters {
		// Registered here, so that the order in Options numbers them.
		c, err := f.register(spec)
		if err != nil {
			return err
		}
		starts.Go(func() error { return c.Start(ctx) })
	}
	return starts.Wait()
}

// AddCluster starts one more cluster and returns it when its nodes are ready.
func (f *Fleet) AddCluster(ctx context.Context, spec Spec) (*Cluster, error) {
	c, err := f.register(spec)
	if err != nil {
		return nil, err
	}
	if err := c.Start(ctx); err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

func (f *Fleet) register(spec Spec) (*Cluster, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.ContainsFunc(f.clusters, func(c *Cluster) bool { return c.Name == spec.Name }) {
		return nil, fmt.Errorf("the fleet has a cluster %s already", spec.Name)
	}
	f.born++
	c, err := newCluster(f, f.born, spec)
	if err != nil {
		return nil, err
	}
	f.clusters = append(f.clusters, c)
	return c, nil
}

// forget takes a cluster, and what it ran, off the fleet's lists.
func (f *Fleet) forget(c *Cluster) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clusters = slices.DeleteFunc(f.clusters, func(other *Cluster) bool { return other == c })
	f.processes = slices.DeleteFunc(f.processes, func(p *process.Process) bool { return filepath.Dir(p.Log) == c.dir })
}

// Cluster returns the cluster of that name, nil when there is none.
func (f *Fleet) Cluster(name string) *Cluster {
	for _, c := range f.Clusters() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Clusters returns the clusters in the order in which they were added.
func (f *Fleet) Clusters() []*Cluster {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.clusters)
}

// HostIP is this host's address as the fleet's pods reach it, where a daemon
// has to listen to be asked by them. It exists only with Options.Network.
func (f *Fleet) HostIP() netip.Addr { return f.claim.gateway() }

// Close ends every process and removes every file, interface and namespace of
// the fleet. It returns when they are gone.
func (f *Fleet) Close() error {
	f.mu.Lock()
	processes := f.processes
	f.processes = nil
	f.mu.Unlock()
	var failed []error
	for _, p := range slices.Backward(processes) {
		// At once: nothing here is worth the seconds a graceful end takes.
		failed = append(failed, p.Kill())
	}
	failed = append(failed, f.janitor.finish())
	f.spawner.Close()
	f.claim.socket.Close()
	return errors.Join(failed...)
}

// run starts a program as a child of the fleet.
func (f *Fleet) run(c process.Command) (*process.Process, error) {
	p, err := f.spawner.Start(c)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	// One that ended stays, for its log is of interest when a test fails, until
	// another is started in its place.
	f.processes = append(slices.DeleteFunc(f.processes, func(old *process.Process) bool { return old.Log == p.Log }), p)
	return p, nil
}
