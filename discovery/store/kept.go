package store

import (
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// Kept is what a Store holds of one service at some time. It stays as it is when
// the Store changes, and costs nothing until it is looked at but for a list.
type Kept struct {
	key cluster.ServiceKey
	of  holding
}

// Kept is what the Store holds of a service now.
func (s *Store) Kept(key cluster.ServiceKey) Kept {
	of := s.services[key]
	return Kept{key, of.clone()}
}

// Has says that some cluster's Group is of a type.
func (k Kept) Has(typ cluster.ServiceType) bool {
	return slices.ContainsFunc(k.of.all(), func(h held) bool { return h.typ() == typ })
}

// Is says that a cluster's Group of a service is of a type.
func (s *Store) Is(key cluster.ServiceKey, id cluster.ID, typ cluster.ServiceType) bool {
	h, found := s.of(key, id)
	return found && h.typ() == typ
}

// typ reads the type where Append puts it.
func (h held) typ() cluster.ServiceType { return cluster.ServiceType(h.packed[3]) }

// Groups appends the Groups to dst as Store.Groups does.
func (k Kept) Groups(dst []cluster.Group) []cluster.Group {
	for _, h := range k.of.all() {
		dst = append(dst, h.group(k.key))
	}
	return dst
}

// Since appends the Groups of a service then to old and those now to now. What is
// the same in both is unpacked once. The Groups are good until the next call.
func (s *Store) Since(then Kept, old, now []cluster.Group) (olds, nows []cluster.Group) {
	s.unpacking.clear()
	before, of := then.of.all(), s.services[then.key]
	for _, h := range before {
		old = append(old, h.groupIn(&s.unpacking, then.key))
	}
	for _, h := range of.all() {
		if i, found := search(before, h.cluster); found && before[i].packed == h.packed {
			now = append(now, old[len(old)-len(before)+i])
		} else {
			now = append(now, h.groupIn(&s.unpacking, then.key))
		}
	}
	return old, now
}
