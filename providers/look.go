package providers

import (
	"iter"
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

// word is what lets a loss pass.
type word uint8

const (
	byGuard word = iota + 1 // it is no more than may go at a time
	bySomebody
)

// guard holds the losses that are too many, as long as they are wanted; each counts
// once, from when it is admitted until a window after it was made. Those that have
// waited go on waiting for their word, however few are left of them, and release is the
// word for them alone.
func (w *writer) guard(waited map[dnsname.Name]int, release bool) {
	created, lost := w.sum()
	if created == 0 && lost >= w.model.owned {
		w.takeBack() // there may have been more when they were admitted
	}
	going := w.doubtful()
	b := balance{owned: w.model.owned, created: created}
	for _, lost := range w.held {
		b.waiting += lost // they are not in the backlog
	}
	var losing []dnsname.Name
	for owner, u := range w.backlog {
		more := 0
		for k := range lossesOf(u) {
			if waited[owner] > 0 && release {
				w.admitted[k] = bySomebody
			}
			if going[k] = true; w.admitted[k] == 0 {
				more++
			}
		}
		switch {
		case more == 0:
		case waited[owner] > 0:
			b.waiting += more
			w.keepBack(owner, w.heldBecause)
		default:
			losing = append(losing, owner)
			b.losing += more
		}
	}
	for k, by := range w.admitted {
		switch {
		case !going[k]:
			delete(w.admitted, k)
		case by == bySomebody:
			b.owned--
		default:
			b.open++
		}
	}
	err := w.losses.admit(w.cfg.Guard, time.Now(), b)
	for _, owner := range losing {
		if err != nil {
			w.keepBack(owner, err.Error())
			continue
		}
		for k := range lossesOf(w.backlog[owner]) {
			if w.admitted[k] == 0 {
				w.admitted[k] = byGuard
			}
		}
	}
	w.hold()
}

// sum counts the Entries that the backlog creates, and those that it takes away or
// would, if they were not held.
func (w *writer) sum() (created, lost int) {
	for _, n := range w.held {
		lost += n
	}
	for _, u := range w.backlog {
		for _, a := range u.Actions {
			switch {
			case isLoss(a):
				lost++
			case a.Verb == plan.Create:
				created++
			}
		}
	}
	return created, lost
}

// doubtful are the losses of a batch whose outcome nobody knows: it may have been made,
// whatever is wanted since.
func (w *writer) doubtful() map[hosted.Key]bool {
	out := map[hosted.Key]bool{}
	for _, p := range w.doubt {
		for k := range lossesOf(plan.Unit{Actions: p.actions}) {
			out[k] = true
		}
	}
	return out
}

// takeBack has what has passed, and is not made yet, measured once more, unless
// somebody gave the word for it.
func (w *writer) takeBack() {
	for _, u := range w.backlog {
		for k := range lossesOf(u) {
			if w.admitted[k] == byGuard {
				delete(w.admitted, k)
			}
		}
	}
}

// keepBack takes the losses of a name out of the backlog. What else is wanted of it
// is written, unless a CNAME has all of it stay together.
func (w *writer) keepBack(owner dnsname.Name, because string) {
	u := w.backlog[owner]
	lost := 0
	for range lossesOf(u) {
		lost++
	}
	w.held[owner], w.heldBecause = lost, because
	if aloneType(u) {
		u.Actions = nil
	}
	u.Actions = slices.DeleteFunc(slices.Clone(u.Actions), isLoss)
	if len(u.Actions) > 0 {
		w.backlog[owner] = u
		return
	}
	delete(w.backlog, owner)
	delete(w.since, owner)
}

// isLoss says that an Action leaves nothing of what was ours.
func isLoss(a plan.Action) bool { return a.Withdrawn && len(a.Changes) > 0 }

// lossesOf are the Entries of ours that a unit takes away.
func lossesOf(u plan.Unit) iter.Seq[hosted.Key] {
	return func(yield func(hosted.Key) bool) {
		for _, a := range u.Actions {
			if isLoss(a) && !yield(a.Key) {
				return
			}
		}
	}
}

// aloneType says that the Actions of a unit cannot be made one by one: a CNAME is
// among them, which stands alone (RFC 1034 §3.6.2).
func aloneType(u plan.Unit) bool {
	return slices.ContainsFunc(u.Changes(), func(c hosted.Change) bool { return c.Key().Type == zone.TypeCNAME })
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
