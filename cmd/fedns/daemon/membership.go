package daemon

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/client-go/rest"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/cmd/fedns/membership"
	"github.com/fedns/fedns/cmd/fedns/recordsync"
	"github.com/fedns/fedns/discovery/announce"
	"github.com/fedns/fedns/discovery/kubernetes"
)

// keeping is the membership.Keeper that runs, and what it was made of.
type keeping struct {
	made string
	stop context.CancelFunc // nil: none runs
}

// keepMembers has the statuses and tokens of MemberClusters kept, while the
// configuration has such an inventory; of several, the first one's. It is for Apply
// alone.
func (d *Daemon) keepMembers(cfg *config.Config) {
	made := ""
	n := slices.IndexFunc(cfg.Inventories, func(i config.Inventory) bool { return i.Kind == config.MemberClusters })
	if n >= 0 {
		i := cfg.Inventories[n]
		made = fmt.Sprintf("%+v %q %q %v", cfg.Host, cfg.Replica, i.Namespace, i.RenewBefore)
	}
	if made == d.keeping.made {
		return
	}
	if d.keeping.stop != nil {
		d.keeping.stop()
	}
	d.keeping = keeping{made: made}
	if made == "" {
		return
	}
	k := d.newKeeper(cfg, cfg.Inventories[n])
	d.keeping.stop = d.parts.run(func(ctx context.Context) {
		ctx, end := d.untilLeaving(ctx) // the successor has the same name, and leads under it
		defer end()
		k.Run(ctx)
	})
}

func (d *Daemon) newKeeper(cfg *config.Config, i config.Inventory) *membership.Keeper {
	host, log := cfg.Host, d.log
	access := func() (*rest.Config, error) { return hostAccess(host) }
	var tell func(warning bool, reason, message string)
	if d.announcer != nil {
		tell = func(warning bool, reason, message string) {
			d.announcer.Tell(announce.Notice{Warning: warning, Reason: reason, Message: message})
		}
	}
	return membership.New(membership.Config{
		Host:      kubernetes.Config{Kubeconfig: host.Kubeconfig, Context: host.Context, AllowExec: host.AllowExec, Log: log},
		Access:    access,
		Namespace: i.Namespace, RenewBefore: i.RenewBefore,
		Clusters: d.engine.Clusters, Finding: d.fleet.finding,
		Settled: d.fleet.decided,
		Lead:    recordsync.LeadBy(membership.LeaseName, access, host.Namespace, identity(cfg.Replica), log),
		Tell:    tell,
		Log:     log,
	})
}
