package join

import (
	"maps"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
)

// hosts is what is known of the objects that say where hosts are served. They are
// few beside Services, so they are kept as they were read. The Join's mu is held.
type hosts struct {
	claimed  map[object][]string // by who claims them, sorted
	gateways map[cluster.ServiceKey]Gateway
	routes   map[cluster.ServiceKey]Route
}

// PutIngress takes in an Ingress as it stands now.
func (j *Join) PutIngress(i Ingress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.putIngress(i)
}

func (j *Join) putIngress(i Ingress) {
	by := object{anIngress, i.Key.String()}
	if !i.exported(j.cfg.Rules) {
		j.claim(by, nil, claim{}, cluster.Deleted)
		return
	}
	j.claim(by, i.hosts, i.claim, cluster.Deleted)
}

// DeleteIngress takes note that an Ingress is seen to be gone.
func (j *Join) DeleteIngress(key cluster.ServiceKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.claim(object{anIngress, key.String()}, nil, claim{}, cluster.Deleted)
}

// ReplaceIngresses takes in all Ingresses, as ReplaceServices does Services.
func (j *Join) ReplaceIngresses(all []Ingress, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := make(map[object]bool, len(all))
	for _, i := range all {
		seen[object{anIngress, i.Key.String()}] = true
		j.putIngress(i)
	}
	for by := range j.hosts.claimed {
		if by.kind == anIngress && !seen[by] {
			j.claim(by, nil, claim{}, how)
		}
	}
}

// PutGateway takes in a Gateway as it stands now.
func (j *Join) PutGateway(g Gateway) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hosts.putGateway(g)
	j.reroute(func(r *Route) bool { return r.on(g.Key) }, cluster.Deleted)
}

func (h *hosts) putGateway(g Gateway) {
	if h.gateways == nil {
		h.gateways = map[cluster.ServiceKey]Gateway{}
	}
	h.gateways[g.Key] = g
}

// DeleteGateway takes note that a Gateway is seen to be gone; how is as of
// DeleteExport.
func (j *Join) DeleteGateway(key cluster.ServiceKey, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.hosts.gateways, key)
	j.reroute(func(r *Route) bool { return r.on(key) }, how)
}

// ReplaceGateways takes in all Gateways, as ReplaceServices does Services.
func (j *Join) ReplaceGateways(all []Gateway, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hosts.gateways = nil
	for _, g := range all {
		j.hosts.putGateway(g)
	}
	j.reroute(func(*Route) bool { return true }, how)
}

// PutRoute takes in an HTTPRoute as it stands now.
func (j *Join) PutRoute(r Route) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.putRoute(r, cluster.Deleted)
}

func (j *Join) putRoute(r Route, how cluster.Loss) {
	if j.hosts.routes == nil {
		j.hosts.routes = map[cluster.ServiceKey]Route{}
	}
	j.hosts.routes[r.Key] = r
	j.route(&r, how)
}

// DeleteRoute takes note that an HTTPRoute is seen to be gone; how is as of
// DeleteExport.
func (j *Join) DeleteRoute(key cluster.ServiceKey, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dropRoute(key, how)
}

func (j *Join) dropRoute(key cluster.ServiceKey, how cluster.Loss) {
	delete(j.hosts.routes, key)
	j.claim(object{aRoute, key.String()}, nil, claim{}, how)
}

// ReplaceRoutes takes in all HTTPRoutes, as ReplaceServices does Services.
func (j *Join) ReplaceRoutes(all []Route, how cluster.Loss) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen := make(map[cluster.ServiceKey]bool, len(all))
	for _, r := range all {
		seen[r.Key] = true
		j.putRoute(r, cluster.Deleted)
	}
	for key := range j.hosts.routes {
		if !seen[key] {
			j.dropRoute(key, how)
		}
	}
}

// reroute finds the hosts of HTTPRoutes anew.
func (j *Join) reroute(which func(*Route) bool, how cluster.Loss) {
	for _, r := range j.hosts.routes {
		if which(&r) {
			j.route(&r, how)
		}
	}
}

// route claims the hosts that an HTTPRoute has on Gateways. One that several
// Gateways have is at the addresses of all of them.
func (j *Join) route(r *Route, how cluster.Loss) {
	c := r.claim
	at := map[string][]cluster.Ingress{}
	for _, p := range r.parents {
		g, ok := j.hosts.gateways[p.gateway]
		if !ok || !r.exported(j.cfg.Rules) && !g.exported(j.cfg.Rules) || r.optOut || g.optOut {
			continue
		}
		c.findings = c.findings.and(g.findings)
		for _, host := range g.meeting(p, r.hosts) {
			at[host] = append(at[host], g.ingress...)
		}
	}
	by := object{aRoute, r.Key.String()}
	j.release(by, at, how)
	for _, host := range slices.Sorted(maps.Keys(at)) {
		if len(r.claim.ingress) == 0 {
			c.ingress = at[host]
		}
		j.assert(by, host, c)
	}
}

// claim takes note that an object says of all hosts, and no others, that they are
// where c says; how is the evidence for what is not so any more.
func (j *Join) claim(by object, all []string, c claim, how cluster.Loss) {
	at := make(map[string][]cluster.Ingress, len(all))
	for _, host := range all {
		at[host] = nil
	}
	j.release(by, at, how)
	for _, host := range all {
		j.assert(by, host, c)
	}
}

// release drops what an object claimed and does not any more.
func (j *Join) release(by object, now map[string][]cluster.Ingress, how cluster.Loss) {
	var left []string
	for _, host := range j.hosts.claimed[by] {
		if _, still := now[host]; still {
			left = append(left, host)
			continue
		}
		key := cluster.HostKey(host)
		e := j.services[key]
		if len(e.claims[by].ingress) > 0 { // else nothing rested on it
			e.lose(by, how)
		}
		delete(e.claims, by)
		j.touch(key, e)
	}
	if len(left) == 0 {
		delete(j.hosts.claimed, by)
		return
	}
	j.hosts.claimed[by] = left
}

func (j *Join) assert(by object, host string, c claim) {
	if j.hosts.claimed == nil {
		j.hosts.claimed = map[object][]string{}
	}
	if all := j.hosts.claimed[by]; !slices.Contains(all, host) {
		j.hosts.claimed[by] = append(all, host)
	}
	key := cluster.HostKey(host)
	e := j.entry(key)
	if e.claims == nil {
		e.claims = map[object]claim{}
	}
	e.claims[by] = c
	delete(e.lost, by)
	j.touch(key, e)
}

// claimedBy is the set of rules by which a host is exported.
func (e *entry) claimedBy() (x cluster.Export) {
	for _, c := range e.claims {
		x |= c.export
	}
	return x
}

// host puts what objects say of a host together: it is wherever one of them says;
// of the rest the oldest decides.
func (e *entry) host(id cluster.ID, key cluster.ServiceKey, export cluster.Export) cluster.Group {
	g := cluster.Group{Cluster: id, Service: key, Export: export, Type: cluster.LoadBalancer}
	var found []findings
	order := slices.SortedFunc(maps.Keys(e.claims), func(x, y object) int {
		if c := e.claims[x].created.Compare(e.claims[y].created); c != 0 {
			return c
		}
		return strings.Compare(x.name, y.name)
	})
	for n, by := range order {
		c := e.claims[by]
		if n == 0 {
			g.Created, g.Policy, g.Weight = c.created, c.policy, c.weight
		}
		if c.ttl != 0 && (g.TTL == 0 || c.ttl < g.TTL) {
			g.TTL = c.ttl
		}
		g.Ingress = append(g.Ingress, c.ingress...)
		found = append(found, c.findings)
	}
	slices.SortFunc(g.Ingress, compareIngress)
	g.Ingress, g.Findings = slices.Compact(g.Ingress), union(found...)
	return g
}
