package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/fedns/fedns/integration/harness"
	"github.com/fedns/fedns/integration/harness/binaries"
	"github.com/fedns/fedns/integration/harness/process"
)

// The competitors of stage small, in the order of their rows.
const (
	bareWatch = "a bare watch"
	coreDNS   = "CoreDNS"
	fedns     = "fedns"
)

// competitor is one way in which a change is seen.
type competitor struct {
	name   string
	domain string // that Services' names end in
	dns    string // where it is asked; empty: it is not, for it is the bare watch
	*process.Process

	prober       *prober
	took, behind []time.Duration // of the round that is on: see race.change
	lost         int
	rounds       []round // by took
	after        []round // by behind
}

// begin forgets the round before.
func (x *competitor) begin() { x.took, x.behind, x.lost = nil, nil, 0 }

// question is what x is asked for a slice's addresses.
func (x *competitor) question(s *discoveryv1.EndpointSlice) []byte {
	return questionIn(x.domain, s.Namespace, s.Labels[discoveryv1.LabelServiceName])
}

// corefile has no cache and nothing else that would make CoreDNS slower to tell.
const corefile = `.:%s {
    bind %s
    errors
    kubernetes cluster.local {
        kubeconfig %s %s
        ttl 0
    }
}
`

// startCoreDNS starts one beside the daemon, before the same API server.
func (b *bench) startCoreDNS(ctx context.Context, c *harness.Cluster) (*competitor, error) {
	program, err := (binaries.Cache{Progress: os.Stderr}).Path(ctx, binaries.CoreDNS)
	if err != nil {
		return nil, err
	}
	listen, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.dir, "Corefile")
	if err := os.WriteFile(file, fmt.Appendf(nil, corefile, port, host, c.Kubeconfig, c.Name), 0o600); err != nil {
		return nil, err
	}
	x := &competitor{name: coreDNS, domain: "cluster.local", dns: listen}
	x.Process, err = b.spawner.Start(process.Command{Name: "coredns", Path: program, Args: []string{"-conf", file}, Log: filepath.Join(b.logs, "coredns.log")})
	return x, err
}

// running has the one whose turn it is run, and the others stand still: they
// would take processors away from it for changes that they are not asked for.
func running(all []*competitor, turn *competitor) error {
	for _, x := range all {
		if x.Process == nil || x == turn {
			continue
		}
		if err := x.Pause(); err != nil {
			return err
		}
	}
	if turn == nil || turn.Process == nil {
		return nil
	}
	return turn.Resume()
}
