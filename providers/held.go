package providers

import (
	"iter"
	"slices"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

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
	now := time.Now()
	contested := w.contested(now)
	if contested != nil {
		w.heldBecause = contested.Error() // whatever they wait for already
	}
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
		case !w.cfg.DryRun:
			b.open++
		}
	}
	err := w.losses.admit(w.cfg.Guard, now, b)
	if contested != nil {
		err = contested
	}
	for _, owner := range losing {
		if err != nil {
			w.keepBack(owner, err.Error())
			continue
		}
		for k := range lossesOf(w.backlog[owner]) {
			if w.admitted[k] != 0 {
				continue
			}
			w.admitted[k] = byGuard
			if w.cfg.DryRun {
				w.losses.add(now, b.owned) // as if it had been made at once
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
		c, l := weigh(u)
		created, lost = created+c, lost+l
	}
	return created, lost
}

// weigh counts the Entries that a unit creates, and those that it takes away.
func weigh(u plan.Unit) (created, lost int) {
	for _, a := range u.Actions {
		switch {
		case isLoss(a):
			lost++
		case a.Verb == plan.Create:
			created++
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
	_, lost := weigh(u)
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

// hold tells how many names wait for a word.
func (w *writer) hold() {
	n, was := len(w.held), 0
	if n == 0 {
		w.heldBecause = ""
	}
	names := make(map[dnsname.Name]bool, n)
	for owner := range w.held {
		names[owner] = true
	}
	w.update(func(st *Status) {
		was = st.Held
		st.Held, st.HeldBecause = n, w.heldBecause
		w.waiters = names
	})
	if was == n {
		return
	}
	w.cfg.Observer.Held(n, w.heldBecause)
	if was == 0 {
		w.cfg.Log.Warn("losses are held until a word is given", "names", n, "reason", w.heldBecause)
	}
}

// tellHeld marks, in a plan, what waits for a word. Where nothing is written, that is
// what would: before a first loss, since only whoever writes knows what went before.
func (s *Sync) tellHeld(units []plan.Unit, owned int) {
	s.mu.Lock()
	waiters, because := s.waiters, s.status.HeldBecause
	s.mu.Unlock()
	if waiters == nil {
		b := balance{owned: owned}
		for _, u := range units {
			created, lost := weigh(u)
			b.created, b.losing = b.created+created, b.losing+lost
		}
		err := new(losses).admit(s.cfg.Guard, time.Now(), b)
		if err == nil {
			return
		}
		because = err.Error()
	}
	for _, u := range units {
		if lost := slices.ContainsFunc(u.Actions, isLoss); !lost || waiters != nil && !waiters[u.Owner] {
			continue
		}
		together := aloneType(u)
		for i, a := range u.Actions {
			if isLoss(a) || together && len(a.Changes) > 0 {
				u.Actions[i].Held = because
			}
		}
	}
}

func (w *writer) takeRelease() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.released
	w.released = false
	return r
}
