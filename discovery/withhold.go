package discovery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
	"github.com/fedns/fedns/discovery/synth"
)

// Release makes the withdrawals that are held of a cluster: the operator's word
// that they are meant. The error says that nothing is held, or not yet: what was
// held before a restart is told again by the cluster's first whole listing.
func (e *Engine) Release(id cluster.ID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, kept := e.members[id], e.attic[id]
	switch {
	case m == nil:
		return fmt.Errorf("there is no cluster %q", id)
	case len(m.held) == 0 && (m.kept.held != cluster.NoLoss || kept != nil && kept.Held != cluster.NoLoss):
		return fmt.Errorf("cluster %s: withdrawals were held before the restart, and it was not read whole since: try again when it is live", id)
	case len(m.held) == 0:
		return fmt.Errorf("cluster %s: no withdrawals are held", id)
	}
	e.desired.release = append(e.desired.release, id)
	e.nudge()
	return nil
}

// withhold looks for losses among what a cluster reports: Services that are
// answered from it, and would not be any more because objects went away. Where
// these are too many at a time they are kept for later, what is known stands, and
// groups is left without them. losing is how many the Source knows of, told in
// this Update or after it.
func (e *Engine) withhold(m *member, id cluster.ID, groups []cluster.Group, losing int) []cluster.Group {
	var lost []cluster.ServiceKey
	weakest, told := cluster.NoLoss, 0
	for i := range groups {
		g := &groups[i]
		if g.Withdrawn || g.Loss != cluster.NoLoss {
			told++
		}
		if loss := e.loss(id, g); loss != cluster.NoLoss {
			lost = append(lost, g.Service)
			weakest = max(weakest, loss)
		}
	}
	ahead := max(losing-told, 0)
	admitted := len(lost) == 0 || e.admit(m, id, lost, max(len(lost)+ahead-m.announced, 0), weakest)
	switch {
	case len(lost) > 0 && admitted:
		m.announced = ahead
	case told > 0:
		m.announced = min(m.announced, ahead)
	}
	if !admitted {
		gone := make(map[cluster.ServiceKey]bool, len(lost))
		for _, key := range lost {
			gone[key] = true
		}
		left := groups[:0:0]
		for i := range groups {
			if !gone[groups[i].Service] {
				left = append(left, groups[i])
				continue
			}
			e.hold(m, &groups[i], weakest)
		}
		groups = left
	}
	e.mend(m, groups)
	return groups
}

// untilSwept leaves out of a run's first reports those by which its lists lack what
// takes a Service out of the answers: they are made, or held, with what the lists lack
// altogether, when it is known how much that is.
func (e *Engine) untilSwept(m *member, id cluster.ID, groups []cluster.Group) []cluster.Group {
	if m.swept {
		return groups
	}
	var left []cluster.Group
	for i := range groups {
		g := &groups[i]
		delete(m.lacking, g.Service)
		if g.Withdrawn || g.Loss != cluster.Missing || e.loss(id, g) == cluster.NoLoss {
			if left != nil {
				left = append(left, *g)
			}
			continue
		}
		if left == nil {
			left = append(make([]cluster.Group, 0, len(groups)), groups[:i]...)
		}
		if m.lacking == nil {
			m.lacking = map[cluster.ServiceKey]cluster.Group{}
		}
		m.lacking[g.Service] = *g
	}
	if left == nil {
		return groups
	}
	return left
}

// loss says by which evidence a report takes a Service out of the answers;
// NoLoss: it does not, or the Service says itself that it is not ready.
func (e *Engine) loss(id cluster.ID, g *cluster.Group) cluster.Loss {
	by := g.Loss
	if g.Withdrawn {
		by = max(by, cluster.Deleted)
	}
	if by == cluster.NoLoss {
		return by
	}
	old, ok := e.store.Group(g.Service, id)
	if !ok || !synth.Assess(&old, e.resolve).Healthy || !g.Withdrawn && synth.Assess(g, e.resolve).Healthy {
		return cluster.NoLoss
	}
	return by
}

// admit asks the guards of the cluster and of all names together: whether what is
// lost now is too much of what is answered, and whether what will be lost, as far
// as the Source knows, is too much of what there is; news are those of the latter
// that were not announced before. While something is held of the cluster, so is
// everything else it loses: it would trickle away otherwise.
func (e *Engine) admit(m *member, id cluster.ID, lost []cluster.ServiceKey, news int, by cluster.Loss) bool {
	now := time.Now()
	if len(m.held) > 0 && guarantee.Holds(guarantee.NothingTricklesAway) {
		return false
	}
	if m.kept.held != cluster.NoLoss && !m.swept {
		e.withheld(m, id, len(lost), errors.New("they were held before the restart, or others of the cluster were"))
		return false
	}
	why := m.guard.Admit(e.loop.limits, now, len(lost), func(enough int) int { return e.answered(id, enough) }, by)
	if why == nil {
		// What was announced before is among those that went, and still answered.
		still := m.announced
		why = m.ahead.Admit(e.loop.limits, now, news, func(enough int) int {
			return max(e.answered(id, enough+still)-still, 0)
		}, by)
	}
	if why == nil {
		why = e.admitNames(id, lost, now)
	}
	if why == nil {
		return true
	}
	e.withheld(m, id, len(lost), why)
	return false
}

// admitNames asks the guard of all names, which counts those that nobody else
// answers for.
func (e *Engine) admitNames(id cluster.ID, lost []cluster.ServiceKey, now time.Time) error {
	if !guarantee.Holds(guarantee.NamesAreLimited) {
		return nil
	}
	if why := e.loop.guard.Admit(e.loop.limits, now, e.onlyIn(id, lost), e.answeredByAnyone, cluster.Deleted); why != nil {
		return fmt.Errorf("of all names, %w", why)
	}
	return nil
}

// withheld tells that withdrawals are held.
func (e *Engine) withheld(m *member, id cluster.ID, services int, why error) {
	e.log.Warn("withdrawals are held, what was known stands: release them if they are meant", "cluster", id, "services", services, "why", why)
	e.notify(Notice{id, true, "WithdrawalsHeld", fmt.Sprintf("cluster %s: %v. What was known is answered until `fedns release %s`, or until enough of it is back", id, why, id)})
	e.locked(func() { m.heldWhy, m.heldSince = why.Error(), time.Now() })
}

// onlyIn counts the Services that no other cluster has a healthy shard of.
func (e *Engine) onlyIn(id cluster.ID, keys []cluster.ServiceKey) (n int) {
	var groups []cluster.Group
	for _, key := range keys {
		groups = e.store.Groups(groups[:0], key)
		if !slices.ContainsFunc(groups, func(g cluster.Group) bool {
			return g.Cluster != id && synth.Assess(&g, e.resolve).Healthy
		}) {
			n++
		}
	}
	return n
}

// answered counts the Services that a cluster has a healthy shard of, up to enough.
func (e *Engine) answered(id cluster.ID, enough int) (n int) {
	for _, key := range e.store.Of(id) {
		if g, ok := e.store.Group(key, id); ok && synth.Assess(&g, e.resolve).Healthy {
			if n++; n >= enough {
				break
			}
		}
	}
	return n
}

// answeredByAnyone counts the Services that any cluster has a healthy shard of, up
// to enough.
func (e *Engine) answeredByAnyone(enough int) (n int) {
	var groups []cluster.Group
	for key := range e.store.Services() {
		groups = e.store.Groups(groups[:0], key)
		if slices.ContainsFunc(groups, func(g cluster.Group) bool { return synth.Assess(&g, e.resolve).Healthy }) {
			if n++; n >= enough {
				break
			}
		}
	}
	return n
}

// hold keeps a report for later.
func (e *Engine) hold(m *member, g *cluster.Group, by cluster.Loss) {
	by = max(by, m.kept.held)
	m.heldAt = time.Now()
	e.locked(func() {
		if m.held == nil {
			m.held = map[cluster.ServiceKey]cluster.Group{}
		}
		if _, ok := m.held[g.Service]; !ok {
			e.stats.WithdrawalsHeld++
		}
		m.held[g.Service] = *g
		m.heldBy, m.heldMost = max(m.heldBy, by), max(m.heldMost, len(m.held))
	})
}

// release makes what is held of a cluster.
func (e *Engine) release(m *member, why string) {
	var held []cluster.Group
	for _, key := range slices.SortedFunc(maps.Keys(m.held), cluster.ServiceKey.Compare) {
		held = append(held, m.held[key])
	}
	e.locked(func() { m.held, m.heldBy, m.heldMost, m.heldWhy = nil, cluster.NoLoss, 0, "" })
	e.notify(Notice{m.ID, false, "WithdrawalsMade", fmt.Sprintf("cluster %s: %d Services that were held are withdrawn: %s", m.ID, len(held), why)})
	e.log.Info("withdrawals that were held are made", "cluster", m.ID, "services", len(held), "why", why)
	for i := range held {
		e.takeGroup(m.ID, m.run, &held[i])
	}
}

// sweep withdraws what a cluster holds and did not report in a run that has told
// everything; by is the evidence for that.
func (e *Engine) sweep(m *member, id cluster.ID, by cluster.Loss) {
	var gone []cluster.Group
	for _, key := range e.store.NotOf(id, m.run) {
		if g, lacking := m.lacking[key]; lacking {
			g.Loss = max(by, g.Loss)
			gone = append(gone, g)
		} else if _, held := m.held[key]; !held {
			gone = append(gone, cluster.Group{Service: key, Withdrawn: true, Loss: max(by, cluster.Missing)})
		}
	}
	m.lacking = nil
	gone = e.withhold(m, id, gone, 0)
	for i := range gone {
		e.takeGroup(id, m.run, &gone[i])
	}
	m.swept = true
	e.locked(func() { m.kept.held = cluster.NoLoss })
}
