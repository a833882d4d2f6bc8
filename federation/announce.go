package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/work"
)

// Events tell people what becomes of the object that they wrote. They are for what is
// out of the ordinary and its end, each once, and no more than these in all: in a
// disaster of a thousand templates the host has better things to do. Statuses have
// all of it.
const (
	mostAtOnce = 200
	afterThat  = time.Second // for each one more
)

// announcing counts what may be told yet; Engine.mu guards it.
type announcing struct {
	left float64
	at   time.Time
	lost int // that were not told
}

// admits says that one more may be told.
func (a *announcing) admits(now time.Time) bool {
	if a.at.IsZero() {
		a.left = mostAtOnce
	} else {
		a.left = min(mostAtOnce, a.left+float64(now.Sub(a.at))/float64(afterThat))
	}
	a.at = now
	if a.left < 1 {
		a.lost++
		return false
	}
	a.left--
	return true
}

// announce tells people of a Key; mu is held.
func (e *Engine) announce(of work.Reference, warning bool, reason, format string, args ...any) {
	if of.Name == "" || e.cfg.DryRun || !e.announcing.admits(time.Now()) {
		return
	}
	e.cfg.Tell(of, warning, reason, fmt.Sprintf(format, args...))
}

// source is what people wrote of a Key, or of what it goes along with; mu is held.
func (e *Engine) source(known *entry) work.Reference {
	if o := known.winner(); o != nil {
		return o.Source
	}
	if known.placed != nil {
		return known.placed.Source
	}
	for _, name := range slices.Sorted(maps.Keys(known.taken)) {
		return known.taken[name].Source
	}
	for _, of := range sortedKeys(slices.Collect(maps.Keys(known.needed))) {
		if parent := e.entries[of]; parent != nil && parent.winner() != nil {
			return parent.winner().Source
		}
	}
	return work.Reference{}
}

// once says that something is another than what was told of last under a name; empty
// is what needs no telling.
func (e *entry) once(name, what string) (changed bool, before string) {
	before = e.announced[name]
	if what == before {
		return false, before
	}
	if what == "" {
		delete(e.announced, name)
		return true, before
	}
	if e.announced == nil {
		e.announced = map[string]string{}
	}
	e.announced[name] = what
	return true, before
}

// announceOutcome tells of a cluster that does not take it, of one that now does, and
// of what was kept there; mu is held. That a cluster cannot be reached is not told
// for each object in it.
func (e *Engine) announceOutcome(known *entry, o work.Outcome) {
	trouble := ""
	switch {
	case o.Phase == work.Failed && !slices.Contains([]string{unreachable, "Unauthorized", "NoAccess", "Timeout", "Outrun"}, o.Reason),
		o.Phase == work.Removing && o.Reason == "Refused":
		trouble = o.Reason
	case o.Phase == work.Applied && o.Reason == altered:
		trouble = altered
	case o.Phase != work.Applied && o.Phase != work.Removed && o.Phase != work.Abandoned:
		return // it is not known yet
	}
	changed, before := known.once("cluster "+o.Cluster, trouble)
	kept := o.Phase == work.Removed && (o.Reason == "Host" || o.Reason == "Template" || o.Reason == "NotOurs")
	if !changed && !kept {
		return
	}
	of := e.source(known)
	switch {
	case kept:
		e.announce(of, false, "Kept", "%s in cluster %s: %s", known.key, o.Cluster, o.Message)
	case trouble == altered:
		e.announce(of, true, "Altered", "%s in cluster %s: %s", known.key, o.Cluster, o.Message)
	case trouble == "Conflict", trouble == "Template", trouble == "Contended":
		e.announce(of, true, "Conflict", "%s in cluster %s: %s", known.key, o.Cluster, o.Message)
	case trouble != "":
		e.announce(of, true, "Refused", "%s in cluster %s: %s: %s", known.key, o.Cluster, o.Reason, o.Message)
	case before != "" && o.Phase == work.Applied:
		e.announce(of, false, "Applied", "%s in cluster %s: it is as it is to be", known.key, o.Cluster)
	}
}

// announceClusters tells those who have something there that a cluster is lost, or is
// back; mu is held.
func (e *Engine) announceClusters(known *entry, others []changedCluster) {
	for _, c := range others {
		if c.was == nil || c.now == nil || lostNow(c.was) == lostNow(c.now) || known.placed == nil {
			continue
		}
		if _, has := known.placed.Has(c.name); !has {
			continue
		}
		if lostNow(c.now) {
			e.announce(known.placed.Source, true, "ClusterLost", "%s in cluster %s: neither its API server nor its data path answers", known.key, c.name)
		} else {
			e.announce(known.placed.Source, false, "ClusterBack", "%s in cluster %s: it can be reached again", known.key, c.name)
		}
	}
}

// announceMoves tells where a template leaves from, has left, and is back; mu is held.
func (e *Engine) announceMoves(known *entry, was, next *Binding) {
	for _, l := range next.Leaving {
		if was == nil || was.Leaver(l.Cluster) == nil {
			e.stats.Moves++
			e.announce(next.Source, true, "Leaving", "%s leaves cluster %s: %s", known.key, l.Cluster, l.Why)
		}
	}
	if was == nil || next.Deleted {
		return
	}
	for _, l := range was.Leaving {
		if _, has := next.Has(l.Cluster); !has {
			e.announce(next.Source, false, "Moved", "%s has left cluster %s: it is in %s", known.key, l.Cluster, names(next))
		}
	}
	for _, t := range next.Targets {
		away := slices.ContainsFunc(was.Away, func(a failover.Away) bool { return a.Cluster == t.Cluster })
		if (away || was.Leaver(t.Cluster) != nil) && was.Target(t.Cluster) == nil {
			e.announce(next.Source, false, "Returned", "%s is placed in cluster %s again", known.key, t.Cluster)
		}
	}
}

// names are the clusters that a Binding is for, as far as people read.
func names(b *Binding) string {
	const most = 10
	var all []string
	for i, t := range b.Targets {
		if i == most {
			all = append(all, "…")
			break
		}
		all = append(all, t.Cluster)
	}
	return strings.Join(all, ", ")
}

// announceOrder tells what is wrong with an order, and that nothing is any more; mu is held.
func (e *Engine) announceOrder(known *entry, of work.Reference, name string, err error) {
	changed, before := known.once(name, errText(err))
	switch {
	case !changed:
	case err != nil:
		e.announce(of, true, "NotPlaced", "%s; what was placed before stands", errText(err))
	case before != "":
		e.announce(of, false, "Placed", "%s: it can be placed again", known.key)
	}
}
