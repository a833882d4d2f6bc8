package providers

import (
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

// look decides about the names that were published or touched, or about all.
func (w *writer) look() {
	job := w.take()
	release := w.takeRelease()
	names := job.names
	if job.all || release {
		names = w.everyName(job)
	}
	now := time.Now()
	for owner, since := range names {
		w.decide(job.snapshot, owner)
		if _, ok := w.backlog[owner]; ok && w.since[owner].IsZero() {
			if since.IsZero() {
				since = now
			}
			w.since[owner] = since
		}
	}
	w.guard(release)
	w.bins = nil
}

// everyName are the names of the zone and those that we hold in the hosted zone.
func (w *writer) everyName(job work) map[dnsname.Name]time.Time {
	names := make(map[dnsname.Name]time.Time, job.snapshot.Names())
	for r := range job.snapshot.All() {
		if _, ok := names[r.Owner]; !ok {
			names[r.Owner] = job.names[r.Owner]
		}
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
	haves := w.model.haves(owner)
	unit := w.cfg.Rules.Name(wants, haves, hosted.Key{Owner: owner})
	kept := unit.Actions[:0]
	for _, a := range unit.Actions {
		if w.refused(a, wants[a.Key.Type]) || len(a.Changes) == 0 {
			continue
		}
		kept = append(kept, a)
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

// refused keeps account of what cannot be written, and says that an Action is not
// to be tried.
func (w *writer) refused(a plan.Action, want plan.Want) bool {
	old, was := w.poison[a.Key]
	switch {
	case a.Verb == plan.Refuse:
		if !was || old.Reason != a.Reason || !old.known {
			w.refuse(a.Key, want, a.Reason, true)
		}
		return true
	case was && !old.known && old.wanted.Equal(want.Entry) && len(a.Changes) > 0 && a.Verb != plan.Delete:
		return true
	case was:
		delete(w.poison, a.Key)
	}
	return false
}

func (w *writer) refuse(k hosted.Key, want plan.Want, reason string, known bool) {
	w.poison[k] = poison{Refusal{hosted.KeyString(k), objects(want), reason, time.Now()}, want.Entry, known}
	w.cfg.Observer.Refused(k, objects(want), reason)
	w.cfg.Log.Warn("record set is refused", "record", hosted.KeyString(k), "reason", reason)
}

func (w *writer) takeRelease() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.released
	w.released = false
	return r
}

// guard holds the units that would lose too much, as long as they do; each counts
// once. release lets all of them pass.
func (w *writer) guard(release bool) {
	created := 0
	var losing []dnsname.Name
	for owner, u := range w.backlog {
		for _, a := range u.Actions {
			if a.Verb == plan.Create {
				created++
			}
		}
		if _, ok := w.admitted[owner]; !ok && lossesOf(u) > 0 {
			losing = append(losing, owner)
		}
	}
	for owner := range w.admitted {
		if u, ok := w.backlog[owner]; !ok || lossesOf(u) == 0 {
			delete(w.admitted, owner)
		}
	}
	n := 0
	for _, owner := range losing {
		n += lossesOf(w.backlog[owner])
	}
	err := w.losses.admit(w.cfg.Guard, time.Now(), n, w.model.owned, created)
	for _, owner := range losing {
		if err == nil || release {
			w.admitted[owner] = true
			continue
		}
		delete(w.backlog, owner)
		w.held[owner] = true
		w.heldBecause = err.Error()
	}
	w.hold()
}

// lossesOf counts the Entries of ours that a unit takes away.
func lossesOf(u plan.Unit) int {
	n := 0
	for _, a := range u.Actions {
		if a.Verb == plan.Delete && a.Lost > 0 {
			n++
		}
	}
	return n
}

// hold tells how many names wait for a word.
func (w *writer) hold() {
	n, was := len(w.held), 0
	if n == 0 {
		w.heldBecause = ""
	}
	w.update(func(st *Status) {
		was = st.Held
		st.Held, st.HeldBecause = n, w.heldBecause
	})
	if was == n {
		return
	}
	w.cfg.Observer.Held(n, w.heldBecause)
	if was == 0 {
		w.cfg.Log.Warn("losses are held until a word is given", "names", n, "reason", w.heldBecause)
	}
}
