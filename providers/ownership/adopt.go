package ownership

import (
	"cmp"
	"slices"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// Adoption is an Entry of which an owner of external-dns holds record sets.
type Adoption struct {
	Entry hosted.Entry // as it is
	Owner string       // in external-dns
	Held  []Held       // the record sets that are the owner's, by identifier; at least one
	// Registry takes external-dns's TXT records away: each Change is an Entry without
	// what it says of these record sets. What else is in it stays. No TXT is in two
	// Adoptions.
	Registry []hosted.Change
}

// Held is a record set that an owner of external-dns holds.
type Held struct {
	Set      string // identifier
	Resource string // "service/shop/web"
}

// Adopt finds what an owner of external-dns holds among the Entries of a hosted
// zone, in canonical order. It believes what external-dns would believe, and less
// where that would make foreign records anybody's:
//
//   - of a TXT of the old form, which names no type, only A and CNAME are meant,
//     and only when no TXT of the new form speaks of that record set;
//   - where two of one form speak of a record set, both have to name the owner;
//   - of one that may speak of a wildcard or of a name, and both exist, neither is;
//   - one that names CNAME speaks of A only for aliases.
//
// What has no record set any longer is left alone.
func Adopt(from string, a Affix, entries []hosted.Entry) []Adoption {
	r := registry{affix: a, from: from, entries: make(map[hosted.Key]hosted.Entry), speaks: make(map[setKey][]speaker)}
	for _, e := range entries {
		r.entries[e.Key] = e
	}
	for _, e := range entries {
		if e.Key.Type == zone.TypeTXT {
			r.read(e)
		}
	}
	return r.adoptions()
}

// registry is what all TXT records of external-dns say.
type registry struct {
	affix   Affix
	from    string
	entries map[hosted.Key]hosted.Entry
	speaks  map[setKey][]speaker
}

type setKey struct {
	hosted.Key
	set string
}

// speaker is a TXT that speaks of a record set.
type speaker struct {
	at hosted.Key // the TXT's
	label
	old bool // of the old form
}

// read takes in one TXT Entry.
func (r *registry) read(e hosted.Entry) {
	reading := r.affix.reading(e.Key.Owner)
	for _, s := range e.Sets {
		l, ok := r.affix.label(s)
		if !ok {
			continue
		}
		for _, k := range r.meant(reading, s.ID) {
			r.speaks[setKey{k, s.ID}] = append(r.speaks[setKey{k, s.ID}], speaker{at: e.Key, label: l, old: reading.typ == 0})
		}
	}
}

// meant are the Keys that exist of those a TXT may speak of.
func (r *registry) meant(read reading, set string) []hosted.Key {
	var out []hosted.Key
	for _, k := range read.keys() {
		s, ok := r.entries[k].Set(set)
		alias := read.typ == zone.TypeCNAME && k.Type == zone.TypeA
		if !ok || alias && !s.Alias.IsSet() || k.Type == zone.TypeTXT && r.isRegistry(s) {
			continue
		}
		out = append(out, k)
	}
	for _, k := range out {
		if k.Owner != out[0].Owner {
			return nil // a wildcard and a name
		}
	}
	return out
}

func (r *registry) isRegistry(s hosted.Set) bool {
	for rdata := range s.Records.RDATA() {
		if _, ok := r.affix.parseText(rdata); ok {
			return true
		}
	}
	return false
}

// holder is who a record set belongs to.
func holder(k hosted.Key, all []speaker) (label, bool) {
	for _, s := range all {
		if !s.old {
			return s.label, agree(all, false)
		}
	}
	return all[0].label, (k.Type == zone.TypeA || k.Type == zone.TypeCNAME) && agree(all, true)
}

// agree says that all TXT records of one form name one owner.
func agree(all []speaker, old bool) bool {
	owner := ""
	for _, s := range all {
		if s.old != old {
			continue
		}
		if owner != "" && s.owner != owner {
			return false
		}
		owner = s.owner
	}
	return true
}

func (r *registry) adoptions() []Adoption {
	found := make(map[hosted.Key]*Adoption)
	spoke := make(map[hosted.Key]map[hosted.Key][]string) // by Key, TXT: sets that it is no longer to speak of
	for sk, all := range r.speaks {
		l, ok := holder(sk.Key, all)
		if !ok || l.owner != r.from {
			continue
		}
		if found[sk.Key] == nil {
			found[sk.Key] = &Adoption{Entry: r.entries[sk.Key], Owner: l.owner}
			spoke[sk.Key] = make(map[hosted.Key][]string)
		}
		found[sk.Key].Held = append(found[sk.Key].Held, Held{Set: sk.set, Resource: l.resource})
		for _, s := range all {
			if s.owner == r.from {
				spoke[sk.Key][s.at] = append(spoke[sk.Key][s.at], sk.set)
			}
		}
	}
	var out []Adoption
	given := make(map[hosted.Key]bool)
	for _, k := range sortedKeys(found) {
		ad := found[k]
		slices.SortFunc(ad.Held, func(a, b Held) int { return cmp.Compare(a.Set, b.Set) })
		for _, at := range sortedKeys(spoke[k]) {
			if given[at] {
				continue
			}
			given[at] = true
			ad.Registry = append(ad.Registry, r.without(r.entries[at], setsOf(spoke, at)))
		}
		out = append(out, *ad)
	}
	return out
}

// setsOf are all record sets that a TXT is no longer to speak of, of whatever Key.
func setsOf(spoke map[hosted.Key]map[hosted.Key][]string, at hosted.Key) []string {
	var out []string
	for _, texts := range spoke {
		out = append(out, texts[at]...)
	}
	return out
}

// without is a TXT Entry without what external-dns says in these record sets.
func (r *registry) without(e hosted.Entry, sets []string) hosted.Change {
	left := hosted.Entry{Key: e.Key}
	for _, s := range e.Sets {
		if slices.Contains(sets, s.ID) {
			for rdata := range s.Records.RDATA() {
				if _, ok := r.affix.parseText(rdata); ok {
					s.Records = s.Records.Without(rdata)
				}
			}
			if s.Records.IsEmpty() {
				continue
			}
		}
		left.Sets = append(left.Sets, s)
	}
	return hosted.Change{Old: e, New: left}
}

func sortedKeys[V any](m map[hosted.Key]V) []hosted.Key {
	keys := make([]hosted.Key, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, hosted.CompareKeys)
	return keys
}
