package simulation

import (
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
)

// mend ends all that goes wrong, and holds that everything is right a while later.
func (w *world) mend() {
	if len(w.broken) > 0 {
		return
	}
	w.note("— all is well from now on")
	w.mu.Lock()
	w.weather = weather{}
	w.mu.Unlock()
	w.land()
	for _, o := range w.owners {
		o.leader.hear()
	}
	w.settle(6 * time.Minute)
	w.mu.Lock()
	usurped := w.usurped
	w.mu.Unlock()
	if usurped {
		w.count("fences that a stale life took back")
	}
	if !w.hands && len(w.owners) == 1 && !usurped {
		w.judge("before the audit")
	}
	for range 6 { // what one takes away the other finds in its next audit, and answers
		before := w.made()
		if gave := w.settle(70 * time.Minute); !gave && w.made() == before {
			break
		}
	}
	w.judge("in the end")
	before := w.writes()
	w.pass(70 * time.Minute)
	if n := w.writes() - before; n != 0 && !w.asksAgain() {
		w.wrong("steady: %d writes and reads, though nothing is to be done", n)
	}
}

// settle lets time pass, and gives what waits for a word that word. It says whether
// anything waited.
func (w *world) settle(d time.Duration) (gave bool) {
	w.pass(d)
	for range 3 {
		for _, o := range w.owners {
			gave = w.release(o) || gave
		}
		w.pass(5 * time.Second)
	}
	return gave
}

// asksAgain says that something is refused by the provider, which is asked once more
// after each audit.
func (w *world) asksAgain() bool {
	for _, o := range w.owners {
		for _, label := range labels {
			if o.retiring {
				break
			}
			for _, r := range o.wants[label].rrsets(o.name, label) {
				if poisoned(hosted.Simple(r)) != "" {
					return true
				}
			}
		}
	}
	return false
}

// made are so many batches.
func (w *world) made() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.landed)
}

func (w *world) writes() int {
	return w.server.Count(inmemory.Apply) + w.server.Count(inmemory.Read)
}

// end ends all lives, and notes what an onlooker sees of each owner.
func (w *world) end() {
	for _, o := range w.owners {
		for _, l := range append(o.stale, o.leader) {
			l.halt()
		}
		r := recorder{life: o.leader}
		r.record(operation{kind: observe, tag: o.last}, r.called(), false)
	}
}

// judge compares the hosted zone with what owners want.
func (w *world) judge(when string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.owners {
		st := o.leader.sync.Status()
		if o.retiring {
			w.judgeRetired(when, o, st)
			continue
		}
		if st.Phase != providers.PhaseInSync {
			w.wrong("%s: %s is %s: %s, %d held, %d in the backlog", when, o.name, st.Phase, st.Error, st.Held, st.Backlog)
		}
		told := map[string]string{}
		for _, r := range st.Refused {
			told[r.Record] = r.Reason
		}
		wanted := map[hosted.Key]bool{}
		for _, label := range labels {
			for _, r := range o.wants[label].rrsets(o.name, label) {
				wanted[r.Key()] = true
				w.judgeOne(when, o, label, r, told)
			}
		}
		for k, reason := range told {
			if !slices.ContainsFunc(labels, func(l string) bool { return strings.HasPrefix(k, nameOf(l).String()+" ") }) {
				w.wrong("%s: %s tells that %s is refused: %s, which it does not want", when, o.name, k, reason)
			}
		}
		for k := range w.truth {
			w.judgeClaim(when, o, k, wanted, told)
		}
	}
}

// judgeRetired holds that nothing is left of an owner that has retired, but for a fence:
// a call that is to create it, and comes late, cannot be fenced out. mu is held.
func (w *world) judgeRetired(when string, o *owner, st providers.Status) {
	if st.Phase != providers.PhaseRetired {
		w.wrong("%s: %s is %s, and not retired: %s, %d held, %d in the backlog", when, o.name, st.Phase, st.Error, st.Held, st.Backlog)
	}
	if fence := w.truth[fenceKey(o)]; !fence.IsEmpty() && !fence.Equal(o.late) {
		w.wrong("%s: the fence of %s, which has retired, is left: %s", when, o.name, fence)
	}
	for k, claims := range w.decoded {
		if slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Owner == o.name }) {
			w.wrong("%s: %s has retired, and claims %s", when, o.name, hosted.KeyString(k))
		}
	}
}

// judgeOne compares one record set; mu is held.
func (w *world) judgeOne(when string, o *owner, label string, r zone.RRset, told map[string]string) {
	k := r.Key()
	why := w.excuse(o, k)
	_, refused := told[hosted.KeyString(k)]
	wrong := w.differs(o, o.wants[label], r)
	switch {
	case wrong == "" && !refused:
	case wrong == "":
		if why == "" {
			w.wrong("%s: %s tells that %s is refused, and it is there: %s", when, o.name, hosted.KeyString(k), told[hosted.KeyString(k)])
		}
	case why == "":
		w.wrong("%s: %s wants %v: %s; told: %q", when, o.name, r, wrong, told[hosted.KeyString(k)])
	case !refused:
		w.wrong("%s: %s cannot have %s (%s), and does not tell; truth CNAME %v; told %v", when, o.name, hosted.KeyString(k), why, w.truth[hosted.Key{Owner: k.Owner, Type: zone.TypeCNAME}], told)
	}
}

// excuse is why an owner cannot have a key.
func (w *world) excuse(o *owner, k hosted.Key) string {
	for _, t := range types {
		at := hosted.Key{Owner: k.Owner, Type: t}
		if t != k.Type && t != zone.TypeCNAME && k.Type != zone.TypeCNAME {
			continue
		}
		text, err := codec.Key(at)
		if err != nil {
			return err.Error()
		}
		if e, ok := w.truth[text]; ok {
			if _, claims, foreign, err := codec.Decode(e); err != nil || foreign > 0 && len(claims) == 0 && !w.truth[at].IsEmpty() ||
				slices.ContainsFunc(claims, ownership.Claim.IsUnknown) {
				return "its claims are garbled"
			}
		}
		claims := w.claims(at)
		if e := w.truth[at]; !e.IsEmpty() && len(claims) == 0 {
			return "it is foreign"
		}
		if slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Owner != o.name }) {
			return "it is shared"
		}
	}
	for _, r := range o.wants[labelOf(k.Owner)].rrsets(o.name, labelOf(k.Owner)) {
		// What changes places with a CNAME is made together.
		_, together := w.truth[hosted.Key{Owner: k.Owner, Type: zone.TypeCNAME}]
		if poisoned(hosted.Simple(r)) != "" && (r.Type == k.Type || k.Type == zone.TypeCNAME || together) {
			return "the provider refuses it"
		}
	}
	return ""
}

// differs says what of a record set is not there as it is wanted.
func (w *world) differs(o *owner, t want, r zone.RRset) string {
	e := w.truth[r.Key()]
	have := rdata(e)
	claims := w.claims(r.Key())
	shared := slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Owner != o.name })
	n := 0
	for d := range r.RDATA() {
		n++
		if !have[d] {
			return "it lacks " + zone.RDATAString(r.Type, d) + ": " + e.String()
		}
		if !slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Owner == o.name && c.Has(d) }) {
			return "it is not claimed: " + zone.RDATAString(r.Type, d)
		}
	}
	if shared {
		return ""
	}
	policy := hosted.PolicySimple
	if r.Type == zone.TypeA || r.Type == zone.TypeAAAA {
		policy = t.policy
	}
	switch {
	case len(have) != n:
		return "there is more: " + e.String()
	case e.Policy() != policy:
		return "its routing policy is " + e.Policy().String()
	case e.Sets[0].TTL() != r.TTL:
		return "its TTL differs"
	}
	return ""
}

// judgeClaim holds that an owner claims nothing but what it wants and what is there;
// mu is held, k is any key of the hosted zone.
func (w *world) judgeClaim(when string, o *owner, k hosted.Key, wanted map[hosted.Key]bool, told map[string]string) {
	if !ownership.IsClaim(k) {
		return
	}
	of, claims, _, err := codec.Decode(w.truth[k])
	if err != nil || !slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Owner == o.name }) {
		return
	}
	_, refused := told[hosted.KeyString(of)]
	switch {
	case refused:
	case !wanted[of] && !slices.ContainsFunc(claims, ownership.Claim.IsUnknown):
		if w.excuseLeft(o, of, told) {
			return
		}
		w.wrong("%s: %s claims %s, and does not want it", when, o.name, hosted.KeyString(of))
	case w.truth[of].IsEmpty():
		w.wrong("%s: %s claims %s, and it is not there", when, o.name, hosted.KeyString(of))
	}
}

// excuseLeft says that what is wanted no longer stays until what is to take its
// place can be made.
func (w *world) excuseLeft(_ *owner, k hosted.Key, told map[string]string) bool {
	for _, t := range types {
		if _, refused := told[hosted.KeyString(hosted.Key{Owner: k.Owner, Type: t})]; refused {
			return true
		}
	}
	return false
}
