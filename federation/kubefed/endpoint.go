package kubefed

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	dnsv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/multiclusterdns/v1alpha1"
)

// defaultTTL is what records in DNSEndpoints have that do not state any, in seconds.
const defaultTTL = 180

// serviceLabel says, of names that do not have it, which Service they are of.
const serviceLabel = "serviceName"

// What names of DNSEndpoints have before those of their records.
const (
	servicePrefix = "service-"
	ingressPrefix = "ingress-"
)

// endpointOf is the name of the DNSEndpoint of a record.
func endpointOf(key reference) string {
	if key.kind == serviceRecordKind {
		return servicePrefix + key.name
	}
	return ingressPrefix + key.name
}

// rung is a level of a Service's names.
type rung struct {
	name, up string
	addrs    []netip.Addr
}

// serviceEndpoints are the records of a Service's names: addresses at each level
// that has any, aliases of the level above at the others. Where nothing is answered
// there are none.
func serviceEndpoints(n *naming, of *domain, shards []Shard) (all []*dnsv1alpha1.Endpoint) {
	base := cmp.Or(n.says.alias, n.name) + "." + n.namespace + "." + of.name + ".svc."
	rungs := map[string]*rung{}
	at := func(name, up string, addrs []netip.Addr) {
		if rungs[name] == nil {
			rungs[name] = &rung{name: name, up: up}
		}
		rungs[name].addrs = append(rungs[name].addrs, addrs...)
	}
	top := base + of.zone
	for _, s := range shards {
		at(top, "", s.Addresses)
		if s.Region == "" {
			continue
		}
		region := base + s.Region + "." + of.zone
		at(region, top, s.Addresses)
		for _, z := range s.Zones {
			at(base+z+"."+s.Region+"."+of.zone, region, s.Addresses)
		}
	}
	if rungs[top] == nil || len(rungs[top].addrs) == 0 {
		return nil
	}
	var labels map[string]string
	if n.says.alias != "" {
		labels = map[string]string{serviceLabel: n.name}
	}
	for _, r := range rungs {
		if len(r.addrs) == 0 {
			all = append(all, endpoint(r.name, "CNAME", []string{r.up}, n.says.ttl, labels))
		}
		all = append(all, addressEndpoints(r.name, r.addrs, n.says.ttl, labels)...)
	}
	if n.says.prefix != "" {
		all = append(all, endpoint(n.says.prefix+"."+of.zone, "CNAME", []string{top}, n.says.ttl, labels))
	}
	sortEndpoints(all)
	return all
}

// addressEndpoints are the A and AAAA records of a name.
func addressEndpoints(name string, addrs []netip.Addr, ttl int64, labels map[string]string) (all []*dnsv1alpha1.Endpoint) {
	addrs = slices.Clone(addrs)
	slices.SortFunc(addrs, netip.Addr.Compare)
	var v4, v6 []string
	for _, a := range slices.Compact(addrs) {
		if a.Is4() {
			v4 = append(v4, a.String())
		} else {
			v6 = append(v6, a.String())
		}
	}
	if len(v4) > 0 {
		all = append(all, endpoint(name, "A", v4, ttl, labels))
	}
	if len(v6) > 0 {
		all = append(all, endpoint(name, "AAAA", v6, ttl, labels))
	}
	return all
}

// addressesOf are all that a name leads to.
func addressesOf(shards []Shard) (all []netip.Addr) {
	for _, s := range shards {
		all = append(all, s.Addresses...)
	}
	return all
}

func endpoint(name, kind string, targets []string, ttl int64, labels map[string]string) *dnsv1alpha1.Endpoint {
	return &dnsv1alpha1.Endpoint{DNSName: name, RecordType: kind, Targets: targets, RecordTTL: dnsv1alpha1.TTL(cmp.Or(ttl, defaultTTL)), Labels: labels}
}

func sortEndpoints(all []*dnsv1alpha1.Endpoint) {
	slices.SortFunc(all, func(a, b *dnsv1alpha1.Endpoint) int {
		return cmp.Or(strings.Compare(a.DNSName, b.DNSName), strings.Compare(a.RecordType, b.RecordType))
	})
}
