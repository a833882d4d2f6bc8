package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	federated "github.com/fedns/fedns/federation/cluster"
)

// vanish looks which clusters that have something are members no more; mu is held.
// Nobody ordered anything to leave them, so that many of them at once are held: what
// was placed stands, and comes with them when they are back.
func (e *Engine) vanish() {
	if !e.opened || !e.complete {
		return
	}
	here := map[string]bool{} // clusters that are targets, and whether they are members
	for _, known := range e.entries {
		if known.placed == nil {
			continue
		}
		for _, t := range known.placed.Targets {
			here[t.Cluster] = e.byName[t.Cluster] != nil
		}
	}
	var gone []string
	members := 0
	for name, member := range here {
		switch {
		case member:
			members++
		case e.ghosts[name] == "" && !e.parted[name]:
			gone = append(gone, name)
		}
	}
	e.back(here)
	if len(gone) == 0 {
		return
	}
	slices.Sort(gone)
	left := func(int) int { return members + len(e.ghosts) + len(gone) }
	err := e.inventory.Admit(e.cfg.Withdrawals, time.Now(), len(gone), left, cluster.Missing)
	for _, name := range gone {
		if err == nil {
			e.parted[name] = true
		} else {
			e.ghosts[name] = fmt.Sprintf("cluster %s is not a member any more", name)
		}
	}
	if err != nil {
		e.log.Warn("clusters are no members any more, and what was placed in them is held", "clusters", strings.Join(gone, " "), "error", err)
	}
}

// back forgets clusters that are members again, or that have nothing; mu is held.
func (e *Engine) back(here map[string]bool) {
	over := func(name string) bool {
		member, target := here[name]
		return member || !target
	}
	for name := range e.ghosts {
		if over(name) {
			delete(e.ghosts, name)
		}
	}
	maps.DeleteFunc(e.parted, func(name string, _ bool) bool { return over(name) })
}

// haunted says which cluster that vanished holds a placement; empty: none. mu is held.
func (e *Engine) haunted(known *entry) string {
	if known.placed == nil || len(e.ghosts) == 0 {
		return ""
	}
	for _, t := range known.placed.Targets {
		if why := e.ghosts[t.Cluster]; why != "" {
			return why
		}
	}
	return ""
}

// stands says why a placement stands although another was decided; empty: it does
// not. A template that would be nowhere is withdrawn, whatever the cause, and a
// withdrawal is guarded.
func (e *Engine) stands(known *entry, s situation, v verdict) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	why := e.haunted(known)
	known.haunted = why != "" || known.haunted && known.standing != ""
	switch {
	case why != "":
	case !v.planned:
		return known.standing
	case !v.empties(s):
		known.vacant, known.standing, known.haunted = false, "", false
		return ""
	case known.vacant:
		known.standing = ""
		return ""
	case known.standing != "" && !known.haunted:
		return known.standing // until it is released, or there are clusters again
	case !e.allSynced():
		known.stale = true // Synced has it looked at again, when all are known that share its fate
		return "no cluster is left for it, and not all orders are known yet"
	case s.order.revision != known.decided && known.decided != 0:
		err := e.admit(1, cluster.Deleted)
		if known.vacant = err == nil; known.vacant {
			return ""
		}
		why = err.Error()
	default:
		why = e.vacate(known)
		if why == "" {
			return ""
		}
	}
	known.haunted = known.haunted && e.haunted(known) != ""
	e.stand(known, why)
	return known.standing
}

// stand keeps a placement; mu is held.
func (e *Engine) stand(known *entry, why string) {
	text := "held until fedns release --federation: " + why
	if known.standing == text {
		return
	}
	if known.standing == "" {
		e.stats.WithdrawalsHeld++
		e.log.Warn("a template would leave its clusters, and is held", "object", known.key.String(), "error", why)
		e.cfg.Tell(known.placed.Source, true, "WithdrawalHeld", fmt.Sprintf("%s stays in its clusters: %s", known.key, text))
	}
	known.standing = text
	known.changes++
}

// vacate asks the guard for a template that no cluster is selected for any more,
// and for all that are as it is: the clusters have changed, so it is all of them or
// none. It says why not; mu is held.
func (e *Engine) vacate(known *entry) string {
	all := []*entry{known}
	for _, other := range e.entries {
		if other != known && !other.vacant && other.standing == "" && e.forlorn(other) {
			all = append(all, other)
		}
	}
	err := e.admit(len(all), cluster.Missing)
	for _, other := range all {
		if other.vacant = err == nil; other.vacant {
			continue
		}
		e.stand(other, "no cluster is left for it, and "+err.Error())
		if other != known {
			other.stale = true
			e.queue.Add(other.key)
		}
	}
	return errText(err)
}

// forlorn says that something is placed that no member is selected for, or that none
// serves; mu is held.
func (e *Engine) forlorn(known *entry) bool {
	o := known.winner()
	return o != nil && o.Template != nil && known.placed != nil && !known.placed.Deleted && len(known.placed.Targets) > 0 &&
		!slices.ContainsFunc(e.clusters, func(c *federated.Cluster) bool { return c.Serves(o.placement.Kind) && o.canBeIn(c) })
}

// empties says that a verdict leaves a template nowhere that is somewhere.
func (v verdict) empties(s situation) bool {
	return v.err == nil && s.placed != nil && !s.placed.Deleted && len(s.placed.Targets) > 0 && len(v.next.Targets) == 0
}
