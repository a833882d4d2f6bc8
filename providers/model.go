package providers

import (
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// model is what the hosted zone holds, as far as we know.
type model struct {
	rules    plan.Rules
	fenceKey hosted.Key
	names    map[dnsname.Name]map[uint16]held
	// texts are TXTs of the registry that do not tell by themselves whose claims they
	// hold: another owner's that are sealed, at a hashed name, or what somebody made of
	// one by hand. Whoever looks for the claims of a key finds them by Codec.Key.
	texts map[hosted.Key]hosted.Entry
	owned int          // Entries with a claim of ours
	fence hosted.Entry // empty: there is none
}

// held is what is known of one key.
type held struct {
	plan.Have
	ours bool // a claim of ours is there
}

// IsEmpty says that nothing is there.
func (h held) IsEmpty() bool { return h.Entry.IsEmpty() && h.Registry.IsEmpty() }

// isOwned says that there is something that we would lose.
func (h held) isOwned() bool { return h.ours && !h.Entry.IsEmpty() }

func newModel(rules plan.Rules, fenceKey hosted.Key) *model {
	return &model{rules: rules, fenceKey: fenceKey, names: map[dnsname.Name]map[uint16]held{}, texts: map[hosted.Key]hosted.Entry{}}
}

// put takes an Entry in as it was read.
func (m *model) put(e hosted.Entry) {
	if e.Key == m.fenceKey {
		m.fence = e
		return
	}
	if !ownership.IsClaim(e.Key) {
		h := m.names[e.Key.Owner][e.Key.Type]
		h.Entry = e
		m.keep(e.Key, h)
		return
	}
	k, ours := m.claims(e)
	if k.Owner.IsZero() {
		m.texts[e.Key] = e
		return
	}
	h := m.names[k.Owner][k.Type]
	h.Registry, h.ours = e, ours
	m.keep(k, h)
}

// set replaces what is known of a key.
func (m *model) set(k hosted.Key, h held) {
	if before := m.names[k.Owner][k.Type]; h.Registry.Equal(before.Registry) {
		h.ours = before.ours
	} else {
		_, h.ours = m.claims(h.Registry)
	}
	m.keep(k, h)
}

// keep is set for who knows whether it is ours.
func (m *model) keep(k hosted.Key, h held) {
	before := m.names[k.Owner][k.Type]
	if before.isOwned() {
		m.owned--
	}
	if h.isOwned() {
		m.owned++
	}
	if h.IsEmpty() {
		delete(m.names[k.Owner], k.Type)
		if len(m.names[k.Owner]) == 0 {
			delete(m.names, k.Owner)
		}
		return
	}
	if m.names[k.Owner] == nil {
		m.names[k.Owner] = map[uint16]held{}
	}
	m.names[k.Owner][k.Type] = h
}

// learn replaces what is known of a key and of the TXT with its claims, which is looked
// at by its own name: whatever was there is not k's any longer, or is in h.
func (m *model) learn(k hosted.Key, h held) {
	if len(m.texts) > 0 {
		if registry, err := m.rules.Codec.Key(k); err == nil {
			delete(m.texts, registry)
		}
	}
	m.set(k, h)
}

// claims says whose claims a TXT of the registry holds, the zero Key if it does not
// tell, and whether one of ours is among them.
func (m *model) claims(registry hosted.Entry) (of hosted.Key, ours bool) {
	if registry.IsEmpty() {
		return hosted.Key{}, false
	}
	of, claims, _, err := m.rules.Codec.Decode(registry)
	if err != nil {
		return hosted.Key{}, false
	}
	return of, slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Owner == m.rules.Owner })
}

// done takes an Action in that was carried out.
func (m *model) done(a plan.Action) {
	h := m.names[a.Key.Owner][a.Key.Type]
	for _, c := range a.Changes {
		switch {
		case c.Key() == a.Key:
			h.Entry = c.New
		case ownership.IsClaim(c.Key()):
			h.Registry = c.New
		default:
			m.replace(c.Key(), c.New)
		}
	}
	m.learn(a.Key, h)
}

// beside are the keys that an Action changes beside its own and that of its claims:
// external-dns's TXTs.
func beside(a plan.Action) (out []hosted.Key) {
	for _, c := range a.Changes {
		if k := c.Key(); k != a.Key && !ownership.IsClaim(k) {
			out = append(out, k)
		}
	}
	return out
}

// replace takes in what is there now of a key without its claims.
func (m *model) replace(k hosted.Key, e hosted.Entry) {
	h := m.names[k.Owner][k.Type]
	h.Entry = e
	m.set(k, h)
}

// keys are where an Action's Entry and its claims are, and what it changes beside.
func (m *model) keys(a plan.Action) []hosted.Key {
	out := append([]hosted.Key{a.Key}, beside(a)...)
	if registry, err := m.rules.Codec.Key(a.Key); err == nil {
		out = append(out, registry)
	}
	return out
}

// reread takes in what is there now of an Action's keys, which were read again: what
// is not in found is gone. It says whether that is news.
func (m *model) reread(a plan.Action, found map[hosted.Key]hosted.Entry) bool {
	news := false
	for _, k := range beside(a) {
		news = news || !found[k].Equal(m.names[k.Owner][k.Type].Entry)
		m.replace(k, found[k])
	}
	k := a.Key
	before := m.names[k.Owner][k.Type]
	now := held{Have: plan.Have{Entry: found[k]}}
	if registry, err := m.rules.Codec.Key(k); err == nil {
		now.Registry = found[registry]
	}
	m.learn(k, now)
	return news || !now.Entry.Equal(before.Entry) || !now.Registry.Equal(before.Registry)
}

// haves is what is known of a name, by type, and of the types that are wanted of it.
func (m *model) haves(owner dnsname.Name, wants map[uint16]plan.Want) map[uint16]plan.Have {
	types := m.names[owner]
	if len(types) == 0 && len(m.texts) == 0 {
		return nil
	}
	out := make(map[uint16]plan.Have, len(types))
	for t, h := range types {
		out[t] = m.have(hosted.Key{Owner: owner, Type: t}, h.Have)
	}
	if len(m.texts) == 0 {
		return out
	}
	for t := range wants {
		if h := m.have(hosted.Key{Owner: owner, Type: t}, plan.Have{}); types[t].IsEmpty() && !h.Registry.IsEmpty() {
			out[t] = h
		}
	}
	return out
}

// have adds the TXT that is where a key's claims are, if it does not tell so itself.
func (m *model) have(k hosted.Key, h plan.Have) plan.Have {
	if len(m.texts) == 0 || !h.Registry.IsEmpty() {
		return h
	}
	if registry, err := m.rules.Codec.Key(k); err == nil {
		h.Registry = m.texts[registry]
	}
	return h
}
