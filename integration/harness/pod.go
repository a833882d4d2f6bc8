package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// PodSpec says what a pod is like. Only Name must be set.
type PodSpec struct {
	// Name is unique among the cluster's Pods.
	Name string
	// Namespace leads the search path. Defaults to "default".
	Namespace string
	// DNS is the address of its name server, without port. Defaults to the
	// cluster's CoreDNS, which must have been started.
	DNS string
}

// Pod is a network namespace that plays a pod of a cluster: it has an address of
// the cluster's pod CIDR, which is what servers see it ask from, and a
// resolv.conf as a kubelet writes it. It reaches this host and nothing else. The
// API server does not know it.
type Pod struct {
	PodSpec
	Addr netip.Addr
	// Netns is the namespace's name, for `ip netns exec`.
	Netns string

	cluster *Cluster
	host    string // the host's end of its pair of interfaces
}

// NewPod makes a pod. Its fleet needs Options.Network.
func (c *Cluster) NewPod(ctx context.Context, spec PodSpec) (*Pod, error) {
	if !c.fleet.options.Network {
		return nil, fmt.Errorf("cluster %s: pod %s: the fleet has no network: set Options.Network", c.Name, spec.Name)
	}
	if spec.Namespace == "" {
		spec.Namespace = "default"
	}
	if spec.DNS == "" {
		host, _, err := net.SplitHostPort(c.DNSAddr())
		if err != nil {
			return nil, fmt.Errorf("cluster %s: pod %s: the cluster has no CoreDNS", c.Name, spec.Name)
		}
		spec.DNS = host
	}
	c.fleet.mu.Lock()
	c.fleet.pods++
	i := c.fleet.pods
	c.fleet.mu.Unlock()
	number := c.fleet.claim.number
	p := &Pod{
		PodSpec: spec, cluster: c,
		Addr:  c.net.podAddress(number, i),
		Netns: fmt.Sprintf("fedns-%d-%s-%s", number, c.Name, spec.Name),
		host:  fmt.Sprintf("fedns%dp%d", number, i), // at most 15 characters
	}
	if err := p.create(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cluster %s: pod %s: %w", c.Name, spec.Name, err), p.delete())
	}
	c.mu.Lock()
	c.pods = append(c.pods, p)
	c.mu.Unlock()
	return p, nil
}

// Command is a command that will run inside the pod; the caller runs it.
func (p *Pod) Command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", p.Netns}, args...)...)
}

// Run runs a command inside the pod and returns its standard output. The error
// carries its standard error.
func (p *Pod) Run(ctx context.Context, args ...string) ([]byte, error) {
	return output(p.Command(ctx, args...))
}

// Remove ends what runs in the pod and removes it.
func (p *Pod) Remove() error {
	p.cluster.mu.Lock()
	p.cluster.pods = slices.DeleteFunc(p.cluster.pods, func(other *Pod) bool { return other == p })
	p.cluster.mu.Unlock()
	return p.delete()
}

// create makes the namespace and its two files. It leaves a half-made one to
// delete.
func (p *Pod) create(ctx context.Context) error {
	// Written first: ip mounts the folder when it enters the namespace.
	if err := p.makeEtc(); err != nil {
		return err
	}
	resolv := fmt.Sprintf("search %s.svc.cluster.local svc.cluster.local cluster.local\nnameserver %s\noptions ndots:5\n",
		p.Namespace, p.DNS)
	if err := os.WriteFile(filepath.Join(p.etc(), "resolv.conf"), []byte(resolv), 0o644); err != nil {
		return err
	}
	bridge, gateway := p.cluster.fleet.bridge(), p.cluster.fleet.claim.gateway()
	inside := func(args ...string) []string { return append([]string{"-netns", p.Netns}, args...) }
	return ip(ctx,
		[]string{"netns", "add", p.Netns},
		[]string{"link", "add", p.host, "type", "veth", "peer", "name", "eth0", "netns", p.Netns},
		[]string{"link", "set", p.host, "master", bridge, "up"},
		[]string{"route", "replace", p.Addr.String() + "/32", "dev", bridge},
		inside("link", "set", "lo", "up"),
		inside("address", "add", p.Addr.String()+"/32", "dev", "eth0"),
		inside("link", "set", "eth0", "up"),
		inside("route", "add", gateway.String()+"/32", "dev", "eth0"),
		inside("route", "add", "default", "via", gateway.String()),
	)
}

// delete removes what create made, all of it or what there is. It is not bound
// to a context that may have ended.
func (p *Pod) delete() error {
	failed := []error{os.RemoveAll(p.etc())}
	ctx := context.Background()
	if _, err := os.Stat("/sys/class/net/" + p.host); err == nil {
		failed = append(failed, ip(ctx, []string{"link", "delete", p.host}))
	}
	if _, err := os.Stat("/run/netns/" + p.Netns); err == nil {
		pids, err := output(exec.CommandContext(ctx, "ip", "netns", "pids", p.Netns))
		failed = append(failed, err, killAll(pids), ip(ctx, []string{"netns", "delete", p.Netns}))
	}
	return errors.Join(failed...)
}

// makeEtc makes the folder of the namespace's files. The folder around it is every
// fleet's, and a janitor removes it whenever it is empty: then both are made again.
func (p *Pod) makeEtc() (err error) {
	for range 100 {
		if err = os.MkdirAll(p.etc(), 0o755); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// etc is where ip finds the files that a namespace sees in /etc.
func (p *Pod) etc() string { return "/etc/netns/" + p.Netns }
