package discovery

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/ingress"
)

// host is a LoadBalancer hostname that some Service has.
type host struct {
	addrs    []netip.Addr
	finding  string
	acquired bool
	answered bool // since the start: it is known what it resolves to, if only to nothing
	users    map[user]bool
}

// user is a cluster's Group that has a hostname.
type user struct {
	key cluster.ServiceKey
	id  cluster.ID
}

// takeGroup keeps what a cluster reports of one Service.
func (e *Engine) takeGroup(id cluster.ID, run uint32, reported *cluster.Group) {
	own := *reported
	own.Cluster = id // a Source speaks for its own cluster only
	g := &own
	if g.Withdrawn {
		e.withdraw(g.Service, id)
		return
	}
	var same bool
	e.locked(func() {
		if same = e.store.Renew(g, run); same {
			e.stats.Groups++
		}
	})
	if same {
		e.held(id, g)
		return
	}
	if !e.gather(g.Service) {
		e.touch(g.Service)
	}
	var before []string
	if e.store.Is(g.Service, id, cluster.LoadBalancer) {
		old, _ := e.store.Group(g.Service, id)
		before = hostnames(&old)
	}
	e.locked(func() {
		e.store.Replace(g, run)
		e.stats.Groups++
	})
	e.held(id, g)
	e.keep(g.Service, id)
	e.setHosts(user{g.Service, id}, before, hostnames(g))
	e.commitFull()
}

// withdraw forgets what a cluster held of one Service.
func (e *Engine) withdraw(key cluster.ServiceKey, id cluster.ID) {
	old, ok := e.store.Group(key, id)
	if !ok {
		return
	}
	e.touch(key)
	e.locked(func() {
		e.store.Remove(key, id)
		e.stats.Withdrawn++
	})
	e.keep(key, id)
	e.setHosts(user{key, id}, hostnames(&old), nil)
	e.commitFull()
}

// hostnames are those that g's addresses depend on.
func hostnames(g *cluster.Group) (names []string) {
	if g.Type != cluster.LoadBalancer || len(g.Addresses) > 0 {
		return nil
	}
	for _, in := range g.Ingress {
		if in.Hostname != "" && !slices.Contains(names, in.Hostname) {
			names = append(names, in.Hostname)
		}
	}
	return names
}

// setHosts keeps count of who needs which hostname, so that it is resolved while anybody does.
func (e *Engine) setHosts(u user, old, now []string) {
	if len(old) == 0 && len(now) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range now {
		h := e.hosts[name]
		if h == nil {
			h = &host{users: map[user]bool{}, addrs: e.hostsBefore[name]}
			delete(e.hostsBefore, name)
			e.hosts[strings.Clone(name)] = h
			e.acquire(name, h)
		}
		h.users[u] = true
	}
	for _, name := range old {
		h := e.hosts[name]
		if h == nil || slices.Contains(now, name) {
			continue
		}
		if delete(h.users, u); len(h.users) > 0 {
			continue
		}
		delete(e.hosts, name)
		if h.acquired {
			e.cfg.Resolver.Release(name)
		}
	}
}

func (e *Engine) acquire(name string, h *host) {
	if e.cfg.Resolver == nil {
		h.finding = "load balancer hostname " + name + ": there is no resolver"
		return
	}
	if err := e.cfg.Resolver.Acquire(name, h.addrs...); err != nil {
		h.finding = err.Error()
		return
	}
	h.acquired = true
}

// takeAddresses takes in what a hostname resolves to now.
func (e *Engine) takeAddresses(c ingress.Change) {
	h := e.hosts[c.Hostname]
	if h == nil {
		return // nobody wants it any more
	}
	for u := range h.users {
		e.touch(u.key)
	}
	if c.Finding != "" && c.Finding != h.finding {
		e.log.Warn("load balancer hostname cannot be resolved, its last addresses stand", "hostname", c.Hostname, "finding", c.Finding)
	}
	e.locked(func() {
		h.addrs, h.finding, h.answered = c.Addrs, c.Finding, h.answered || !c.Open
		e.stats.HostnameChanges++
	})
}
