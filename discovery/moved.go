package discovery

import (
	"iter"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// A Follower keeps something by Origins, and not by records alone. Its methods are
// called by Run's goroutine, and must return soon.
type Follower interface {
	// Follows says whether there is anything to keep now.
	Follows() bool
	// Moved hears of owner names whose Origin may be another, whether their records are
	// or not, once those are published. nil: any name's may. owners is good until Moved
	// returns, and may repeat itself.
	Moved(owners iter.Seq[dnsname.Name])
}

// follows says that somebody wants to know of Origins.
func (e *Engine) follows() bool { return e.cfg.Follower != nil && e.cfg.Follower.Follows() }

// tellMoved tells of the Services among changes whose Origins may be others.
func (e *Engine) tellMoved(changes []change) {
	if !slices.ContainsFunc(changes, func(c change) bool { return c.moved }) || !e.follows() {
		return
	}
	e.cfg.Follower.Moved(func(yield func(dnsname.Name) bool) {
		for i := range changes {
			c := &changes[i]
			switch {
			case !c.moved:
				continue
			case c.brief:
				c.now = e.records(e.loop.synth, c.key)
			}
			for _, r := range c.now.Sets {
				if !yield(r.Owner) {
					return
				}
			}
		}
	})
}

// otherOrigin says that the Origin of a Service's names is another by its Groups now than
// by those before, both sorted by cluster.
func otherOrigin(before, now []cluster.Group, resolve synth.Resolve) bool {
	return !slices.EqualFunc(before, now, func(a, b cluster.Group) bool {
		if a.Cluster != b.Cluster || a.Weight != b.Weight || a.Policy != b.Policy || !a.Created.Equal(b.Created) || !slices.Equal(hostnames(&a), hostnames(&b)) {
			return false
		}
		if sameEndpoints(&a, &b) {
			return true
		}
		v, w := synth.Assess(&a, resolve), synth.Assess(&b, resolve)
		return v.Healthy == w.Healthy && slices.Equal(v.Addresses, w.Addresses)
	})
}

// sameEndpoints says that nothing differs by which a cluster's part is judged.
func sameEndpoints(a, b *cluster.Group) bool {
	return a.Type == b.Type && a.PublishNotReady == b.PublishNotReady && a.WithoutEndpoints == b.WithoutEndpoints && a.Export == b.Export &&
		slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.ClusterIPs, b.ClusterIPs) && slices.Equal(a.Ingress, b.Ingress) &&
		slices.EqualFunc(a.Endpoints, b.Endpoints, func(x, y cluster.Endpoint) bool {
			return x.Addr == y.Addr && x.Ready == y.Ready && x.Serving == y.Serving && x.Terminating == y.Terminating
		})
}
