package discovery

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/synth"
)

// Shard is a member cluster's part of a Service, or of a host.
type Shard struct {
	Cluster  cluster.ID
	Place    synth.Place // as names have it
	Answered bool        // names lead to it
	// Of one that is answered: where it is, addresses and hostnames, and all its
	// addresses, those of the hostnames among them.
	Ingress   []cluster.Ingress
	Addresses []netip.Addr
}

// Shards are those of all member clusters, by ID, also of clusters that have none.
// known says that they can be relied on: while a cluster is being read, or a
// hostname is being resolved, for the first time, they may lack something. It may be called from any
// goroutine, and is quick.
func (e *Engine) Shards(key cluster.ServiceKey) (all []Shard, known bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	known, best := true, ^uint8(0)
	ranks := map[cluster.ID]uint8{}
	groups := map[cluster.ID]cluster.Group{}
	for _, g := range e.store.Groups(nil, key) {
		for _, name := range hostnames(&g) {
			h := e.hosts[name]
			known = known && (h == nil || !h.acquired || h.answered || len(h.addrs) > 0)
		}
		m := e.members[g.Cluster]
		if m == nil || !synth.Assess(&g, e.resolve).Healthy || m.verdict.Standing == evidence.Evicted {
			continue
		}
		groups[g.Cluster], ranks[g.Cluster] = g, useOf(m.verdict).Rank
		best = min(best, ranks[g.Cluster])
	}
	for _, id := range slices.Sorted(maps.Keys(e.members)) {
		if m := e.members[id]; m.state.Phase == cluster.Syncing && !m.synced && !m.kept.restored {
			known = false
		}
		s := Shard{Cluster: id, Place: e.names.Place(id)}
		if g, healthy := groups[id]; healthy && ranks[id] == best {
			s.Answered, s.Addresses = true, synth.Assess(&g, e.resolve).Addresses
			s.Ingress = whereabouts(&g, s.Addresses)
		}
		all = append(all, s)
	}
	return all, known
}

// whereabouts are a Group's load balancers, or the addresses that it has otherwise.
func whereabouts(g *cluster.Group, addresses []netip.Addr) (all []cluster.Ingress) {
	if g.Type == cluster.LoadBalancer && len(g.Addresses) == 0 {
		return slices.Clone(g.Ingress)
	}
	for _, a := range addresses {
		all = append(all, cluster.Ingress{Addr: a})
	}
	return all
}
