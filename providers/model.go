package providers

import (
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
	owned    int          // keys with a claim of ours
	fence    hosted.Entry // empty: there is none
}

// held is what is known of one key.
type held struct {
	plan.Have
	ours bool // a claim of ours is there
}

func newModel(rules plan.Rules, fenceKey hosted.Key) *model {
	return &model{rules: rules, fenceKey: fenceKey, names: map[dnsname.Name]map[uint16]held{}}
}

// put takes an Entry in as it was read. claimed is the key whose claims it holds,
// where it is a TXT of the registry.
func (m *model) put(e hosted.Entry) {
	if e.Key == m.fenceKey {
		m.fence = e
		return
	}
	k, isClaims := m.subject(e)
	h := m.names[k.Owner][k.Type]
	if isClaims {
		h.Registry = e
	} else {
		h.Entry = e
	}
	m.set(k, h)
}

// subject is the key that an Entry belongs to: of a TXT of the registry that whose
// claims it holds.
func (m *model) subject(e hosted.Entry) (k hosted.Key, isClaims bool) {
	if ownership.IsClaim(e.Key) {
		if k, _, _, err := m.rules.Codec.Decode(e); err == nil && !k.Owner.IsZero() {
			return k, true
		}
	}
	return e.Key, false
}

// set replaces what is known of a key.
func (m *model) set(k hosted.Key, h held) {
	before := m.names[k.Owner][k.Type]
	h.ours = m.claims(h.Registry)
	if before.ours {
		m.owned--
	}
	if h.ours {
		m.owned++
	}
	if h.Entry.IsEmpty() && h.Registry.IsEmpty() {
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

// claims says that a claim of ours is in a TXT of the registry.
func (m *model) claims(registry hosted.Entry) bool {
	if registry.IsEmpty() {
		return false
	}
	_, claims, _, err := m.rules.Codec.Decode(registry)
	if err != nil {
		return false
	}
	for _, c := range claims {
		if c.Owner == m.rules.Owner {
			return true
		}
	}
	return false
}

// done takes an Action in that was carried out.
func (m *model) done(a plan.Action) {
	h := m.names[a.Key.Owner][a.Key.Type]
	for _, c := range a.Changes {
		if ownership.IsClaim(c.Key()) {
			h.Registry = c.New
		} else {
			h.Entry = c.New
		}
	}
	m.set(a.Key, h)
}

// keys are where an Action's Entry and its claims are.
func (m *model) keys(k hosted.Key) []hosted.Key {
	if registry, err := m.rules.Codec.Key(k); err == nil {
		return []hosted.Key{k, registry}
	}
	return []hosted.Key{k}
}

// reread takes in what is there now of a key that was read again with its claims:
// what is not in found is gone. It says whether that is news.
func (m *model) reread(k hosted.Key, found map[hosted.Key]hosted.Entry) bool {
	before := m.names[k.Owner][k.Type]
	now := held{Have: plan.Have{Entry: found[k]}}
	if registry, err := m.rules.Codec.Key(k); err == nil {
		now.Registry = found[registry]
	}
	m.set(k, now)
	return !now.Entry.Equal(before.Entry) || !now.Registry.Equal(before.Registry)
}

// haves is what is known of a name, by type.
func (m *model) haves(owner dnsname.Name) map[uint16]plan.Have {
	types := m.names[owner]
	if len(types) == 0 {
		return nil
	}
	out := make(map[uint16]plan.Have, len(types))
	for t, h := range types {
		out[t] = h.Have
	}
	return out
}
