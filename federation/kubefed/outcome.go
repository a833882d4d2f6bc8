package kubefed

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	dnsv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/multiclusterdns/v1alpha1"
)

// entry is a record with what its names are made of.
type entry struct {
	key      reference
	naming   *naming
	domain   *domain                    // nil: there is none, of a Service's
	endpoint *unstructured.Unstructured // its DNSEndpoint; nil: there is none
	served   bool                       // the host serves DNSEndpoints, and all were told
}

// anyDue says that a record, or its DNSEndpoint, changed.
func (d *desk) anyDue() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.due) > 0
}

// toRegister are all records: each may lead elsewhere now.
func (d *desk) toRegister() (all []entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.due)
	for key, n := range d.records {
		if n.says.empty() || n.object.GetDeletionTimestamp() != nil || !d.read[endpointKind] && !d.absent[endpointKind] || !d.read[domainKind] {
			continue
		}
		all = append(all, entry{key, n, d.domainOf(n), d.endpoints[reference{endpointKind, key.namespace, endpointOf(key)}], d.read[endpointKind]})
	}
	return all
}

// outcome is what a record was when all was written, and what it led to.
type outcome struct {
	naming   *naming
	domain   *domain
	endpoint *unstructured.Unstructured
	served   bool
	shards   [][]Shard
}

// of says that two outcomes are of the same objects.
func (o outcome) of(p *outcome) bool {
	return o.naming == p.naming && o.domain == p.domain && o.endpoint == p.endpoint && o.served == p.served
}

// shards are those of the Service, or of each host.
func (r *registrar) shards(e *entry) (all [][]Shard, known bool) {
	if e.key.kind == serviceRecordKind {
		of, known := r.cfg.Names.Service(e.key.namespace, e.key.name)
		return [][]Shard{of}, known
	}
	for _, host := range e.naming.says.hosts {
		of, known := r.cfg.Names.Host(host)
		if !known {
			return nil, false
		}
		all = append(all, of)
	}
	return all, true
}

// leadsTo is what a record leads to: its status, and the records.
func leadsTo(e *entry, shards [][]Shard) (status any, endpoints []*dnsv1alpha1.Endpoint) {
	if e.key.kind == serviceRecordKind {
		s := dnsv1alpha1.ServiceDNSRecordStatus{Domain: e.domain.zone}
		for _, c := range shards[0] {
			s.DNS = append(s.DNS, dnsv1alpha1.ClusterDNS{Cluster: c.Cluster, LoadBalancer: corev1.LoadBalancerStatus{Ingress: c.LoadBalancer}, Zones: c.Zones, Region: c.Region})
		}
		return s, serviceEndpoints(e.naming, e.domain, shards[0])
	}
	s := dnsv1alpha1.IngressDNSRecordStatus{}
	for i, host := range e.naming.says.hosts {
		for _, c := range shards[i] {
			if i == 0 { // all hosts are of one Ingress
				s.DNS = append(s.DNS, dnsv1alpha1.ClusterIngressDNS{Cluster: c.Cluster, LoadBalancer: corev1.LoadBalancerStatus{Ingress: c.LoadBalancer}})
			}
		}
		endpoints = append(endpoints, addressEndpoints(host, addressesOf(shards[i]), e.naming.says.ttl, nil)...)
	}
	sortEndpoints(endpoints)
	return s, endpoints
}
