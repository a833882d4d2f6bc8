package daemon

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/federate"
	"github.com/fedns/fedns/cmd/fedns/heap"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/announce"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/kubernetes"
	federated "github.com/fedns/fedns/federation/cluster"
)

// federating is the Federation that runs, and what it was made of.
type federating struct {
	made string
	stop context.CancelFunc // nil: none runs
}

// federate has templates propagated while the configuration says so. It is for
// Apply alone.
func (d *Daemon) federate(cfg *config.Config) {
	made := ""
	if cfg.Propagation.Enabled {
		made = fmt.Sprintf("%+v %q %+v %v", cfg.Host, cfg.Replica, cfg.Propagation, zonesOf(cfg))
	}
	if made == d.federating.made {
		return
	}
	if d.federating.stop != nil {
		d.federating.stop()
	}
	d.federating = federating{made: made}
	heap.Bursts(made != "")
	if made == "" {
		d.federation.Store(nil)
		return
	}
	f := d.newFederation(cfg)
	d.federation.Store(f)
	d.federating.stop = d.parts.run(func(ctx context.Context) {
		ctx, end := d.untilLeaving(ctx)
		defer end()
		f.Run(ctx)
	})
}

func (d *Daemon) newFederation(cfg *config.Config) *federate.Federation {
	host := cfg.Host
	fc := federate.Config{
		Propagation: cfg.Propagation, Host: func() (*rest.Config, error) { return hostAccess(host) }, Namespace: host.Namespace, Replica: identity(cfg.Replica),
		Members: d.members, Access: d.fleet.access, Log: d.log,
		Names: names{d.engine}, Zones: zonesOf(cfg),
	}
	if d.announcer != nil {
		fc.Tell = func(warning bool, reason, message string) {
			d.announcer.Tell(announce.Notice{Warning: warning, Reason: reason, Message: message})
		}
	}
	return federate.New(fc)
}

// Federation is what propagates; nil: the configuration has none (api.Sources).
func (d *Daemon) Federation() *federate.Federation { return d.federation.Load() }

// members are the clusters that can be propagated to. There may be others until
// every inventory was read and every cluster heard of, or given up.
func (d *Daemon) members() (all []federate.Member, complete bool) {
	stated := d.fleet.reachable()
	for _, c := range d.engine.Clusters() {
		r, ok := stated[c.ID]
		if !ok {
			continue
		}
		standing, since := standing(c)
		all = append(all, federate.Member{
			Name: string(c.ID), Region: c.Region, Zones: c.Zones, Labels: r.labels, Taints: r.taints, Standing: standing, Since: since, Access: r.print(),
		})
	}
	return all, d.decided() && len(d.fleet.unread()) == 0
}

// standing is what federation makes of a cluster's evidence. Who answers nobody,
// and of whom discovery has given up waiting for other signs, is lost; before that,
// and while discovery holds it for too many were lost at once, it gets nothing new.
func standing(c discovery.ClusterStatus) (federated.Standing, time.Time) {
	api, data := c.Signals.API, c.Signals.Data
	switch {
	case c.Standing == evidence.Drained.String():
		return federated.Drained, c.StandingSince
	case c.Standing == evidence.Evicted.String():
		return federated.Evicted, c.StandingSince
	case c.Standing == evidence.Behind.String() && !c.Held && api == cluster.Down.String() && data != cluster.Up.String():
		return federated.Unreachable, c.StandingSince
	case api == cluster.Down.String() || data == cluster.Down.String():
		return federated.Degraded, c.Since
	case !c.Synced:
		return federated.Syncing, c.Since
	}
	return federated.Live, time.Time{}
}

// reachable is how a member with an API server is reached, and what is said of it.
type reachable struct {
	kubernetes.Config
	labels map[string]string
	taints []string
}

// print changes when the member is reached otherwise than before.
func (r reachable) print() string {
	if r.Credentials != nil {
		return fmt.Sprintf("%x", sha256.Sum256(r.Credentials.Kubeconfig()))
	}
	s := fmt.Sprintf("%s %s %v", r.Kubeconfig, r.Context, r.AllowExec)
	if info, err := os.Stat(r.Kubeconfig); err == nil {
		s += fmt.Sprintf(" %d %d", info.Size(), info.ModTime().UnixNano())
	}
	return s
}

// reachableOf are the configuration's clusters that have an API server.
func reachableOf(cfg *config.Config) map[cluster.ID]reachable {
	all := map[cluster.ID]reachable{}
	for _, c := range cfg.Clusters {
		if c.Manifests == "" {
			all[c.Name] = reachable{Config: kubernetes.Config{Cluster: c.Name, Kubeconfig: c.Kubeconfig, Context: c.Context, AllowExec: c.AllowExec}}
		}
	}
	return all
}

// reachable are all members that have an API server. Nobody changes the result.
func (f *fleet) reachable() map[cluster.ID]reachable {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reach
}

// access reads how a member is reached, anew each time.
func (f *fleet) access(name string) (*rest.Config, error) {
	r, ok := f.reachable()[cluster.ID(name)]
	if !ok {
		return nil, fmt.Errorf("cluster %s is no member", name)
	}
	return kubernetes.RESTConfig(r.Config)
}
