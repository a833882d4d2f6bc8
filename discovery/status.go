package discovery

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
)

// ClusterStatus is how a member cluster stands. The JSON names are part of the API.
type ClusterStatus struct {
	ID        cluster.ID `json:"id"`
	Phase     string     `json:"phase"` // syncing, live, unreachable
	Since     time.Time  `json:"since,omitzero"`
	LastSync  time.Time  `json:"lastSync,omitzero"`  // never: left out
	Synced    bool       `json:"synced"`             // has been live since the daemon started
	Restored  bool       `json:"restored,omitempty"` // what was last known of it over a restart is answered
	Reason    string     `json:"reason,omitempty"`
	Region    string     `json:"region,omitempty"`
	Zones     []string   `json:"zones,omitempty"`
	Services  int        `json:"services"`
	Endpoints int        `json:"endpoints"`
	Findings  []string   `json:"findings,omitempty"`

	State           string      `json:"state"`                     // phase, or what the operator said: drained, evicted
	Standing        string      `json:"standing"`                  // how it is answered: first, behind, drained, evicted
	StandingSince   time.Time   `json:"standingSince,omitzero"`    // from the beginning: left out
	Stale           bool        `json:"stale,omitempty"`           // nobody can vouch for what is answered of it
	Held            bool        `json:"held,omitempty"`            // it would be behind, but too many clusters would
	Why             string      `json:"why,omitempty"`             // it stands like that
	Signals         Signals     `json:"signals"`                   // what is seen of it
	WithdrawalsHeld int         `json:"withdrawalsHeld,omitempty"` // Services
	Conditions      []Condition `json:"conditions,omitempty"`      // what wants the operator's attention
}

// Signals are what is seen of a cluster, each up, down or unknown. The JSON
// names are part of the API.
type Signals struct {
	API   string `json:"api"`
	Nodes string `json:"nodes"`
	Data  string `json:"data"`
}

// Condition is something that holds of a cluster, in the form that Kubernetes
// gives conditions. The JSON names are part of the API.
type Condition struct {
	Type    string    `json:"type"`
	Status  string    `json:"status"` // True
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Since   time.Time `json:"lastTransitionTime"`
}

// ServiceStatus is one Service over all clusters. The JSON names are part of the API.
type ServiceStatus struct {
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Type      string        `json:"type"` // of the oldest export: ClusterIP, Headless, LoadBalancer
	Healthy   bool          `json:"healthy"`
	Clusters  []ShardStatus `json:"clusters"`
	Findings  []string      `json:"findings,omitempty"`
}

// ShardStatus is one cluster's part of a Service.
type ShardStatus struct {
	Cluster     cluster.ID   `json:"cluster"`
	Type        string       `json:"type"`
	Healthy     bool         `json:"healthy"`
	Reason      string       `json:"reason,omitempty"` // why not: a synth reason
	Addresses   []netip.Addr `json:"addresses"`
	Ready       int          `json:"ready"` // endpoints
	Total       int          `json:"total"`
	Terminating bool         `json:"terminating,omitempty"` // only terminating endpoints are left, and serve
	ExportedBy  []string     `json:"exportedBy"`            // ServiceExport, Annotated, LoadBalancer
	Created     time.Time    `json:"created,omitzero"`
}

// Stats are plain numbers for metrics. Unsigned ones only grow.
type Stats struct {
	Services, Shards, Endpoints int // held now
	StoreBytes                  int // size of the packed Groups
	Hostnames                   int // of LoadBalancers, being resolved
	Refused                     int // Services whose records were refused and wait
	Stale                       int // Services that wait to be made anew for other names or places
	Findings                    int // Services with findings

	Groups, Withdrawn                        uint64 // Groups reported, and taken away
	HostnameChanges                          uint64
	SourceRuns, SourceFailures, SourcePanics uint64 // panics are failures too
	Panics                                   uint64 // other ones, all contained
	WithdrawalsHeld                          uint64 // withdrawals that were not made when they were reported
	Publishes, Edits, PublishErrors          uint64
	LastPublish                              time.Time // zero: never
}

// Clusters tells of all member clusters, sorted by ID.
func (e *Engine) Clusters() []ClusterStatus {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := make([]ClusterStatus, 0, len(e.members))
	for _, id := range slices.Sorted(maps.Keys(e.members)) {
		m := e.members[id]
		count, place := e.store.Count(id), m.place()
		out = append(out, ClusterStatus{
			State: cmp.Or(string(m.said()), m.state.Phase.String()), Standing: m.verdict.Standing.String(), StandingSince: m.judged,
			Stale: m.verdict.Stale, Held: m.verdict.Held, Why: m.verdict.Reason, WithdrawalsHeld: len(m.held), Conditions: m.conditions(),
			Signals: Signals{m.api.Signal.String(), m.nodes.Signal.String(), m.data.Signal.String()},
			ID:      id, Phase: m.state.Phase.String(), Since: m.state.Since, LastSync: m.state.LastSync, Synced: m.synced,
			Restored: m.kept.restored && !m.synced,
			Reason:   m.state.Reason, Region: place.Region, Zones: slices.Clone(place.Zones),
			Services: count.Services, Endpoints: count.Endpoints, Findings: slices.Concat(m.state.Faults, m.findings, m.topology.Findings),
		})
	}
	return out
}

// conditions are what wants the operator's attention.
func (m *member) conditions() (list []Condition) {
	if len(m.held) > 0 {
		list = append(list, Condition{"WithdrawalsHeld", "True", "TooManyAtOnce", m.heldWhy, m.heldSince})
	}
	if m.verdict.Held {
		list = append(list, Condition{"StandingHeld", "True", "TooManyClustersLost", m.verdict.Reason, m.judged})
	}
	return list
}

// statusChunk is how many Services are described under one lock.
const statusChunk = 256

// Services tells of all Services, sorted. It unpacks everything that is held,
// which takes some time, but does not hold up the loop for long.
func (e *Engine) Services() []ServiceStatus {
	e.mu.RLock()
	keys := e.store.Keys()
	e.mu.RUnlock()
	out := make([]ServiceStatus, 0, len(keys))
	for chunk := range slices.Chunk(keys, statusChunk) {
		out = e.describe(out, chunk)
	}
	return out
}

// describe adds what there is to tell of some Services.
func (e *Engine) describe(out []ServiceStatus, keys []cluster.ServiceKey) []ServiceStatus {
	e.mu.RLock()
	defer e.mu.RUnlock() // given back by a panic, too
	for _, key := range keys {
		if s, ok := e.service(key); ok {
			out = append(out, s)
		}
	}
	return out
}

// service describes one Service; mu is held for reading.
func (e *Engine) service(key cluster.ServiceKey) (ServiceStatus, bool) {
	groups := e.store.Groups(nil, key)
	if len(groups) == 0 {
		return ServiceStatus{}, false
	}
	s := ServiceStatus{Namespace: key.Namespace, Name: key.Name}
	oldest := &groups[0]
	for i := range groups {
		g := &groups[i]
		if synth.Older(g, oldest) < 0 {
			oldest = g
		}
		v := synth.Assess(g, e.resolve)
		s.Healthy = s.Healthy || v.Healthy
		s.Clusters = append(s.Clusters, ShardStatus{
			Cluster: g.Cluster, Type: g.Type.String(), Healthy: v.Healthy, Reason: v.Reason, Addresses: append([]netip.Addr{}, v.Addresses...),
			Ready: v.Ready, Total: v.Total, Terminating: v.Terminating, ExportedBy: exportedBy(g.Export), Created: g.Created,
		})
		for _, name := range hostnames(g) {
			if h := e.hosts[name]; h != nil && h.finding != "" {
				s.Findings = append(s.Findings, string(g.Cluster)+": "+h.finding)
			}
		}
	}
	s.Type = oldest.Type.String()
	for _, f := range e.findings[key] {
		s.Findings = append(s.Findings, f.String())
	}
	if r := e.refused[key]; r != nil {
		s.Findings = append(s.Findings, "records refused: "+r.err)
	}
	return s, true
}

// exportedBy is the export rules in the words of the configuration.
func exportedBy(x cluster.Export) []string {
	out := []string{}
	for _, rule := range []struct {
		bit  cluster.Export
		name string
	}{{cluster.ByServiceExport, "ServiceExport"}, {cluster.ByAnnotation, "Annotated"}, {cluster.ByLoadBalancer, "LoadBalancer"}, {cluster.ByIngress, "Ingress"}, {cluster.ByGateway, "Gateway"}} {
		if x&rule.bit != 0 {
			out = append(out, rule.name)
		}
	}
	return out
}

// Ready names the clusters that were never live since the daemon started, and of
// which nothing whole was kept; none missing: what is answered rests on every
// cluster's own word.
func (e *Engine) Ready() (missing []string) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for id, m := range e.members {
		if !m.synced && !m.kept.restored {
			missing = append(missing, string(id))
		}
	}
	slices.Sort(missing)
	return missing
}

// Decided says that no cluster is still syncing: each is live or unreachable.
func (e *Engine) Decided() bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, m := range e.members {
		if m.state.Phase == cluster.Syncing {
			return false
		}
	}
	return true
}

// Unresolved names the load balancer hostnames of which nobody knows yet what
// they resolve to: Services may lack addresses for that alone.
func (e *Engine) Unresolved() (hostnames []string) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for name, h := range e.hosts {
		if h.acquired && !h.answered && len(h.addrs) == 0 {
			hostnames = append(hostnames, name)
		}
	}
	slices.Sort(hostnames)
	return hostnames
}

// Stats are the numbers as they stand.
func (e *Engine) Stats() Stats {
	e.mu.RLock()
	defer e.mu.RUnlock()
	s := e.stats
	s.Services, s.StoreBytes = e.store.Len(), e.store.Bytes()
	for id := range e.members {
		c := e.store.Count(id)
		s.Shards += c.Services
		s.Endpoints += c.Endpoints
	}
	s.Hostnames, s.Refused, s.Findings = len(e.hosts), len(e.refused), len(e.findings)
	return s
}
