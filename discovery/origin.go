package discovery

import (
	"net/netip"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Origin is which Service an owner name is of, and what each cluster puts there.
type Origin struct {
	Service cluster.ServiceKey
	Level   synth.Level
	Policy  string // fedns.io/policy of the oldest export; empty: not set
	Shards  []OriginShard
}

// OriginShard is one healthy cluster's part of a Service.
type OriginShard struct {
	Cluster   cluster.ID
	Region    string
	Weight    uint32 // fedns.io/weight; 0: not set
	Addresses []netip.Addr
	Hostnames []string // of load balancers; their addresses are among Addresses
}

// Origin tells where the records of an owner name come from; false: of no Service
// that is known. It may be called from any goroutine, and is quick.
func (e *Engine) Origin(owner dnsname.Name) (o Origin, ok bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if o.Service, o.Level, ok = e.names.Origin(owner); !ok {
		return o, false
	}
	groups := e.store.Groups(nil, o.Service)
	var oldest *cluster.Group
	for i := range groups {
		g := &groups[i]
		if oldest == nil || synth.Older(g, oldest) < 0 {
			oldest = g
		}
		v := synth.Assess(g, e.resolve)
		if !v.Healthy {
			continue
		}
		shard := OriginShard{Cluster: g.Cluster, Weight: g.Weight, Addresses: v.Addresses, Hostnames: hostnames(g)}
		if m := e.members[g.Cluster]; m != nil {
			shard.Region = m.place().Region
		}
		o.Shards = append(o.Shards, shard)
	}
	if oldest != nil {
		o.Policy = oldest.Policy
	}
	return o, oldest != nil
}
