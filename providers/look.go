package providers

import (
	"maps"
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

// look decides about the names that were published or touched, or about all.
func (w *writer) look() {
	job := w.take()
	if !w.takeOver(&job) {
		return
	}
	release := w.takeRelease()
	names := job.names
	if job.all || release {
		names = w.everyName(job)
	}
	now := time.Now()
	w.decided = job.snapshot
	waited := maps.Clone(w.held)
	w.round++
	for owner, since := range names {
		w.decide(job.snapshot, owner)
		if _, ok := w.backlog[owner]; ok && w.since[owner].IsZero() {
			if since.IsZero() {
				since = now
			}
			w.since[owner] = since
		}
	}
	w.poison.prune(names, w.round)
	if n := w.telling.others(); n > 0 {
		w.cfg.Log.Warn("further record sets are refused; /api/v1/providers has them", "number", n)
	}
	w.guard(waited, release)
	w.bins = nil
}

// everyName are the names of the zone, those that we hold in the hosted zone, and
// those of which anything was decided before: they may be neither any longer.
func (w *writer) everyName(job work) map[dnsname.Name]time.Time {
	names := make(map[dnsname.Name]time.Time, job.snapshot.Names())
	for r := range job.snapshot.All() {
		if _, ok := names[r.Owner]; !ok {
			names[r.Owner] = job.names[r.Owner]
		}
	}
	for k := range w.poison {
		names[k.Owner] = job.names[k.Owner]
	}
	for owner := range w.backlog {
		names[owner] = job.names[owner]
	}
	for owner := range w.held {
		names[owner] = job.names[owner]
	}
	for owner := range job.names {
		names[owner] = job.names[owner]
	}
	for owner, types := range w.model.names {
		for _, h := range types {
			if h.ours {
				names[owner] = job.names[owner]
			}
		}
	}
	return names
}

// decide puts what is to be written of a name into the backlog.
func (w *writer) decide(snapshot *zone.Snapshot, owner dnsname.Name) {
	wants := w.want(snapshot, owner)
	haves := w.model.haves(owner, wants)
	w.model.offer(owner, haves, w.adopting, w.isWanted)
	unit := w.cfg.Rules.Name(wants, haves, hosted.Key{Owner: owner})
	kept := unit.Actions[:0]
	together := aloneType(unit)
	refused := false
	if together {
		w.reopen(unit, wants)
	}
	for _, a := range unit.Actions {
		switch {
		case w.refused(a, wants[a.Key.Type]):
			refused = refused || a.Verb != plan.Refuse
		case len(a.Changes) > 0:
			kept = append(kept, a)
		}
	}
	if refused && together {
		kept = nil // what is to be deleted stays until what is to take its place can be made
	}
	unit.Actions = kept
	delete(w.held, owner)
	if len(kept) == 0 {
		delete(w.backlog, owner)
		delete(w.since, owner)
		return
	}
	w.backlog[owner] = unit
}

// reopen has a unit that goes together tried again when something else is wanted of
// a part of it: they were blamed together, and that part may be what was to blame.
func (w *writer) reopen(u plan.Unit, wants map[uint16]plan.Want) {
	comes := slices.ContainsFunc(u.Actions, func(a plan.Action) bool { return a.Verb == plan.Create || a.Verb == plan.Replace })
	changed := slices.ContainsFunc(u.Actions, func(a plan.Action) bool {
		if a.Verb == plan.Refuse || comes && a.Verb == plan.Delete || len(a.Changes) == 0 {
			return false
		}
		p, was := w.poison[a.Key]
		return !was || p.known || !p.wanted.Equal(wants[a.Key.Type].Entry)
	})
	if !changed {
		return
	}
	for _, a := range u.Actions {
		if p, was := w.poison[a.Key]; was && !p.known {
			p.again = true
			w.poison[a.Key] = p
		}
	}
}

// refused keeps account of what cannot be written, and says that an Action is not
// to be tried.
func (w *writer) refused(a plan.Action, want plan.Want) bool {
	old, was := w.poison[a.Key]
	if was {
		old.round = w.round
		w.poison[a.Key] = old
	}
	switch {
	case a.Verb == plan.Refuse:
		if !was || old.Reason != a.Reason || !old.known {
			w.refuse(a.Key, want, a.Reason, true)
		}
		return true
	case was && !old.known && old.wanted.Equal(want.Entry) && len(a.Changes) > 0:
		return !old.again
	case was:
		delete(w.poison, a.Key)
	}
	return false
}

func (w *writer) refuse(k hosted.Key, want plan.Want, reason string, known bool) {
	now := poison{Refusal{hosted.KeyString(k), objects(want), reason, time.Now()}, want.Entry, known, false, w.round}
	old, was := w.poison[k]
	if was = was && old.Reason == reason && old.wanted.Equal(want.Entry); was {
		now.Since = old.Since
	}
	w.poison[k] = now
	if was {
		return // it has been told
	}
	if !w.telling.refusal(k, reason, time.Now()) {
		return
	}
	w.cfg.Observer.Refused(k, objects(want), reason)
	w.cfg.Log.Warn("record set is refused", "record", hosted.KeyString(k), "reason", reason)
}

// aloneType says that the Actions of a unit cannot be made one by one: a CNAME is
// among them, which stands alone (RFC 1034 §3.6.2).
func aloneType(u plan.Unit) bool {
	return slices.ContainsFunc(u.Changes(), func(c hosted.Change) bool { return c.Key().Type == zone.TypeCNAME })
}
