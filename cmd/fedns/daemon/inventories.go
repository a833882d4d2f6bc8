package daemon

import (
	"fmt"
	"log/slog"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery/inventory"
	"github.com/fedns/fedns/discovery/inventory/clusterprofile"
	"github.com/fedns/fedns/discovery/inventory/host"
	"github.com/fedns/fedns/discovery/inventory/karmada"
	"github.com/fedns/fedns/discovery/inventory/kubeconfigs"
	"github.com/fedns/fedns/discovery/inventory/kubefed"
	"github.com/fedns/fedns/discovery/inventory/membercluster"
	"github.com/fedns/fedns/discovery/inventory/secrets"
	"github.com/fedns/fedns/discovery/kubernetes"
)

// NewInventory makes the Source of one configured inventory.
func NewInventory(h config.Host, i config.Inventory, log *slog.Logger) (inventory.Source, error) {
	hc := host.Config{
		Connect:   kubernetes.Config{Kubeconfig: h.Kubeconfig, Context: h.Context, AllowExec: h.AllowExec, Log: log.With("inventory", i.Name)},
		AllowExec: i.AllowExec, HoldShare: i.HoldShare,
	}
	switch i.Kind {
	case config.Kubeconfigs:
		return kubeconfigs.New(kubeconfigs.Config{File: i.File, Dir: i.Dir, Contexts: i.Contexts, AllowExec: i.AllowExec, HoldShare: i.HoldShare}), nil
	case config.Secrets:
		return secrets.New(secrets.Config{Config: hc, Namespace: i.Namespace, Formats: i.Formats})
	case config.ClusterProfiles:
		c := clusterprofile.Config{Config: hc, Namespace: i.Namespace}
		if i.Providers != "" {
			var err error
			if c.Providers, err = clusterprofile.ReadProviders(i.Providers); err != nil {
				return nil, err
			}
		}
		return clusterprofile.New(c), nil
	case config.Karmada:
		return karmada.New(karmada.Config{Config: hc, Namespace: i.Namespace}), nil
	case config.KubeFed:
		return kubefed.New(kubefed.Config{Config: hc, Namespace: i.Namespace}), nil
	case config.MemberClusters:
		return membercluster.New(membercluster.Config{Config: hc, Namespace: i.Namespace}), nil
	}
	return nil, fmt.Errorf("inventory %s: unknown kind %q", i.Name, i.Kind)
}

// made is equal for two configurations that make the same Source of an inventory.
func made(cfg *config.Config, i config.Inventory) string {
	i.Members, i.RenewBefore = config.Members{}, 0 // the Source does not know of them
	s := fmt.Sprintf("%+v %s", i, cfg.Digests[i.Providers])
	if i.Hosted() {
		s += fmt.Sprintf(" %+v", cfg.Host)
	}
	return s
}
