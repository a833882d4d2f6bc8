package daemon

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/federation/kubefed"
)

// names tell federation what discovery has answered (kubefed.Names).
type names struct {
	from interface {
		Shards(key cluster.ServiceKey) ([]discovery.Shard, bool)
	}
}

// Service implements kubefed.Names.
func (n names) Service(namespace, name string) ([]kubefed.Shard, bool) {
	return n.of(cluster.ServiceKey{Namespace: namespace, Name: name})
}

// Host implements kubefed.Names.
func (n names) Host(name string) ([]kubefed.Shard, bool) { return n.of(cluster.HostKey(name)) }

func (n names) of(key cluster.ServiceKey) (all []kubefed.Shard, known bool) {
	shards, known := n.from.Shards(key)
	for _, s := range shards {
		to := kubefed.Shard{Cluster: string(s.Cluster), Region: s.Place.Region, Zones: s.Place.Zones, Addresses: s.Addresses}
		for _, in := range s.Ingress {
			point := corev1.LoadBalancerIngress{Hostname: in.Hostname}
			if in.Addr.IsValid() {
				point.IP = in.Addr.String()
			}
			to.LoadBalancer = append(to.LoadBalancer, point)
		}
		all = append(all, to)
	}
	return all, known
}

// zonesOf are what the configuration makes names of Services of.
func zonesOf(cfg *config.Config) (all []kubefed.Zone) {
	text := func(n dnsname.Name) string { return strings.TrimSuffix(n.String(), ".") }
	if f := cfg.Federation; !f.Domain.IsZero() {
		all = append(all, kubefed.Zone{Federation: text(f.Name), Domain: text(f.Domain)})
	}
	for _, o := range cfg.Federation.Others {
		all = append(all, kubefed.Zone{Federation: text(o.Name), Domain: text(o.Domain)})
	}
	return all
}
