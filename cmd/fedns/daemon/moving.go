package daemon

import (
	"slices"

	"github.com/fedns/fedns/discovery"
	"github.com/fedns/fedns/discovery/cluster"
)

// moving are clusters that a configuration states no more and may have put into an
// inventory that is new in it: they stand as they were until that has been read. fleet's
// mu guards it.
type moving struct {
	members []discovery.Member
	into    []*followed  // new inventories that were not read yet
	told    []cluster.ID // that were logged
}

// move takes note of what a configuration, which has begun to follow inventories, may
// have moved into them; mu is held.
func (f *fleet) move(begun []*followed) {
	m := &f.moving
	m.into = slices.DeleteFunc(append(m.into, begun...), func(i *followed) bool { return i.list.Read || !slices.Contains(f.inventories, i) })
	if len(begun) > 0 {
		m.members = f.members // those that moved before are among them
	}
}

// stillMoving are the members that are not among those that are stated, and may yet be;
// mu is held.
func (f *fleet) stillMoving(stated []discovery.Member) (left []discovery.Member) {
	m := &f.moving
	m.into = slices.DeleteFunc(m.into, func(i *followed) bool { return i.list.Read })
	if len(m.into) == 0 {
		m.members = nil
	}
	var ids []cluster.ID
	for _, was := range m.members {
		if !slices.ContainsFunc(stated, func(now discovery.Member) bool { return now.ID == was.ID }) {
			left, ids = append(left, was), append(ids, was.ID)
		}
	}
	if m.members = left; len(left) > 0 && !slices.Equal(ids, m.told) {
		f.log.Warn("clusters are stated no more; they stand until the new inventories were read", "clusters", ids)
	}
	m.told = ids
	return left
}
