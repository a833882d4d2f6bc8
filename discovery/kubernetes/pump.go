package kubernetes

import (
	"context"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/join"
)

// batch is the most Groups in one Update: enough that a message costs little a
// Group, few enough that a hundred clusters that are listed at a time hold little.
const batch = 32

// pump sends what Join and health hold. It is the only sender, and it may be
// blocked by the receiver for as long as that likes: meanwhile Join collects
// the names of what changes, each once.
type pump struct {
	id     cluster.ID
	join   *join.Join
	health *health
	nodes  *leases // nil: nobody looks at them
	up     chan<- cluster.Update
	tell   time.Duration // between two reports of LastSync or of another Reason

	told   cluster.State // the State last sent
	toldAt time.Time
	lived  bool   // a Live State was sent
	mark   uint64 // of join.Queued, when the cluster came to be Live; 0: none
}

// run sends until ctx is done.
func (p *pump) run(ctx context.Context) {
	ticker := time.NewTicker(p.tell)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if p.step(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
		case <-p.join.Wake():
		case <-p.health.wake:
		case <-ticker.C:
		}
	}
}

// step sends one Update if there is one, and says whether to look again at once.
func (p *pump) step(ctx context.Context) bool {
	state, complete := p.health.now()
	if state.Phase != cluster.Live {
		p.mark = 0
		if p.due(state) {
			return p.state(ctx, state)
		}
	} else if p.told.Phase != cluster.Live && p.mark == 0 {
		p.mark = p.join.Queued() + 1 // +1: never 0
	}
	if nodes := p.nodes.take(); nodes != nil {
		return p.send(ctx, cluster.Update{Cluster: p.id, Nodes: nodes})
	}
	if complete {
		if topology := p.join.TakeTopology(); topology != nil {
			return p.send(ctx, cluster.Update{Cluster: p.id, Topology: topology})
		}
	}
	// Live is said after all that had changed by the time it came true, and
	// does not wait for what changes meanwhile.
	if state.Phase == cluster.Live && p.join.Taken()+1 >= p.mark && p.due(state) {
		return p.state(ctx, state)
	}
	if !complete {
		return false
	}
	groups, more := p.join.Take(batch, state.Phase == cluster.Live)
	if len(groups) > 0 {
		p.doubt(groups)
		return p.send(ctx, cluster.Update{Cluster: p.id, Groups: groups, Losing: p.join.Losing(groups)})
	}
	return more || p.mark > 0
}

// due says that state is worth a message.
func (p *pump) due(state cluster.State) bool {
	if p.toldAt.IsZero() || state.Phase != p.told.Phase || !state.Since.Equal(p.told.Since) {
		return true
	}
	changed := state.Reason != p.told.Reason || state.LastSync.After(p.told.LastSync)
	return changed && time.Since(p.toldAt) >= p.tell
}

func (p *pump) state(ctx context.Context, state cluster.State) bool {
	p.told, p.toldAt, p.mark = state, time.Now(), 0
	u := cluster.Update{Cluster: p.id, State: &state}
	if state.Phase == cluster.Live {
		p.lived, u.Lacks = true, p.health.lacks()
	}
	return p.send(ctx, u)
}

// doubt marks Groups without endpoints as long as they rest on nothing but the first
// lists. A Service of which these have no EndpointSlice may only lack them, as others may
// be lacking altogether; that of a store that has gone back in time may have forgotten
// some. Where a Service has endpoints, the cluster vouches for them.
func (p *pump) doubt(groups []cluster.Group) {
	if p.lived {
		return
	}
	how := p.health.lacks()
	for i := range groups {
		if g := &groups[i]; len(g.Endpoints) == 0 && (how == cluster.Doubtful || !g.Withdrawn && p.join.LacksSlices(g.Service)) {
			g.Loss = max(g.Loss, how)
		}
	}
}

func (p *pump) send(ctx context.Context, u cluster.Update) bool {
	select {
	case p.up <- u:
		return true
	case <-ctx.Done():
		return false
	}
}
