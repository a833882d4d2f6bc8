package daemon

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"

	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/kubernetes"
	"github.com/fedns/fedns/discovery/probe"
	"github.com/fedns/fedns/discovery/quorum"
)

// probes finds out whether clusters' data planes work, as the replicas agree.
//
//	prober ─ what this replica sees ─► agreement ─ what the replicas agree on ─► report
type probes struct {
	prober    *probe.Prober
	agreement *quorum.Agreement
	host      config.Host // as it was at the start, with replica
	replica   string
	log       *slog.Logger

	mu    sync.Mutex
	known map[cluster.ID]bool // member clusters
}

// newProbes probes nothing yet. report hears of each change of what the replicas
// agree on; it is called by run, one call at a time.
func newProbes(cfg *config.Config, log *slog.Logger, report func(cluster.ID, quorum.Agreed)) *probes {
	p := &probes{host: cfg.Host, replica: cfg.Replica, log: log}
	qc := quorum.Config{Identity: identity(cfg.Replica), Report: report, Log: log}
	if cfg.Host.Configured() {
		qc.Connect = func() (quorum.Leases, error) {
			rc, err := hostAccess(cfg.Host)
			if err != nil {
				return nil, err
			}
			return quorum.Connect(rc, cfg.Host.Namespace)
		}
	}
	p.agreement = quorum.New(qc)
	p.prober = probe.New(probe.Config{Report: p.see, Log: log})
	return p
}

// hostAccess reads how the host cluster is reached, anew each time.
func hostAccess(h config.Host) (*rest.Config, error) {
	return kubernetes.RESTConfig(kubernetes.Config{Kubeconfig: h.Kubeconfig, Context: h.Context, AllowExec: h.AllowExec})
}

// apply takes a configuration up.
func (p *probes) apply(cfg *config.Config) {
	if cfg.Host != p.host || cfg.Replica != p.replica {
		p.log.Warn("a change of host or replica takes effect at the next start only")
	}
}

// set says which member clusters there are, all of them, and what is probed of
// each. Of a cluster that is no longer probed it is said that nothing is known; of
// one that is not there any more nothing is said. It does not block.
func (p *probes) set(all []probe.Cluster) {
	known := map[cluster.ID]bool{}
	for _, c := range all {
		known[c.ID] = true
	}
	p.mu.Lock()
	gone := p.known
	p.known = known
	p.mu.Unlock()
	p.prober.Set(all)
	for id := range gone {
		if !known[id] {
			p.agreement.Forget(id)
		}
	}
}

// see takes in what this replica sees of a cluster. The prober may tell of one that
// has just been taken out of the configuration.
func (p *probes) see(id cluster.ID, l cluster.Liveness) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[id] {
		p.agreement.SetData(id, l)
	}
}

// setAPI says whether this replica reaches a cluster's API server.
func (p *probes) setAPI(id cluster.ID, l cluster.Liveness) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[id] {
		p.agreement.SetAPI(id, l)
	}
}

// run probes and agrees until ctx is done.
func (p *probes) run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { p.prober.Run(ctx) })
	running.Go(func() { p.agreement.Run(ctx) })
	running.Wait()
}

var notLabel = regexp.MustCompile(`[^a-z0-9]+`)

// identity is a replica's name: what the configuration says, else the host name
// as a DNS label. A Pod's is the Pod's name.
func identity(name string) string {
	if name == "" {
		name, _ = os.Hostname()
		name = strings.Trim(notLabel.ReplaceAllString(strings.ToLower(name), "-"), "-")
		// Behind the prefix it has to be a Lease's name.
		name = strings.TrimRight(name[:min(len(name), 63)], "-")
	}
	return cmp.Or(name, "fedns")
}
