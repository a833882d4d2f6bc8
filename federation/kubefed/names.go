package kubefed

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
)

// Names tell what is answered, by cluster. known says that it can be relied on: what
// is not known yet must take nothing back. They may be called from any goroutine, and
// must return soon.
type Names interface {
	// Service is what names of a Service lead to, in all clusters there are.
	Service(namespace, name string) (all []Shard, known bool)
	// Host is what a host leads to.
	Host(name string) (all []Shard, known bool)
}

// Shard is a cluster's part of what a name leads to.
type Shard struct {
	Cluster string
	Region  string   // in lower case; empty: unknown
	Zones   []string // in lower case, sorted
	// LoadBalancer is where clients are sent; empty: names do not lead to the cluster.
	LoadBalancer []corev1.LoadBalancerIngress
	// Addresses are all of those, hostnames resolved.
	Addresses []netip.Addr
}

// Zone is what the configuration makes names of: those of Services are
// <svc>.<ns>.<Federation>.svc.<Domain>, without the dots at the end.
type Zone struct{ Federation, Domain string }
