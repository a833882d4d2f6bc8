package providers

import (
	"context"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// PlanAdoption is Plan as if what an owner of external-dns holds and the zone wants
// were ours: Action.Adopts says of which Entries that is so. The Adoptions are for
// Adopt.
func (s *Sync) PlanAdoption(ctx context.Context, from string, a ownership.Affix) ([]plan.Unit, []ownership.Adoption, error) {
	return s.plan(ctx, func(entries []hosted.Entry) []ownership.Adoption { return ownership.Adopt(from, a, entries) })
}

// Adopt has these Entries taken over, as far as they are wanted, and are still there
// as they were found. The word is for this process, and once: what external-dns
// writes later is not meant.
func (s *Sync) Adopt(all []ownership.Adoption) {
	s.mu.Lock()
	s.adopt = append(s.adopt, all...)
	s.mu.Unlock()
	s.rouse()
}

// takeOver takes up what is to be adopted. Whoever planned it has listed the hosted
// zone since the writer did: if it was another then, it is listed once more, and
// nothing else is done (false).
func (w *writer) takeOver(job *work) bool {
	same := true
	for _, a := range job.adopt {
		if !wants(job.snapshot, a.Entry.Key) {
			continue // it stays external-dns's
		}
		w.adopting[a.Entry.Key] = a
		if _, ok := job.names[a.Entry.Key.Owner]; !ok {
			job.names[a.Entry.Key.Owner] = w.since[a.Entry.Key.Owner]
		}
		same = same && w.model.holds(a)
	}
	if !same {
		w.model = nil
		w.forget()
	}
	return same
}

// holds says that an Adoption is of what the hosted zone holds.
func (m *model) holds(a ownership.Adoption) bool {
	entry := func(k hosted.Key) hosted.Entry { return m.names[k.Owner][k.Type].Entry }
	if !entry(a.Entry.Key).Equal(a.Entry) {
		return false
	}
	for _, c := range a.Registry {
		if !entry(c.Key()).Equal(c.Old) {
			return false
		}
	}
	return true
}

// offer adds what may be taken over to what is known of a name. wanted says that the
// zone has an RRset of that key.
func (m *model) offer(owner dnsname.Name, haves map[uint16]plan.Have, all map[hosted.Key]ownership.Adoption, wanted func(hosted.Key) bool) {
	if len(all) == 0 {
		return
	}
	for t, h := range haves {
		a, ok := all[hosted.Key{Owner: owner, Type: t}]
		if !ok {
			continue
		}
		if !m.holds(a) {
			delete(all, a.Entry.Key) // it is not what it was when the word was given
			continue
		}
		a.Registry = m.spare(a.Registry, wanted)
		h.Adoption = &a
		haves[t] = h
	}
}

// spare leaves out the TXTs that are somebody's own records as well, who is to decide
// about them: external-dns's text in them does no harm.
func (m *model) spare(registry []hosted.Change, wanted func(hosted.Key) bool) (out []hosted.Change) {
	for _, c := range registry {
		k := c.Key()
		if m.names[k.Owner][k.Type].Registry.IsEmpty() && !wanted(k) {
			out = append(out, c)
		}
	}
	return out
}

// isWanted says that the zone that was decided by has an RRset of that key.
func (w *writer) isWanted(k hosted.Key) bool { return wants(w.decided, k) }

func wants(snapshot *zone.Snapshot, k hosted.Key) bool {
	for r := range snapshot.Node(k.Owner).RRsets() {
		if r.Type == k.Type {
			return true
		}
	}
	return false
}
