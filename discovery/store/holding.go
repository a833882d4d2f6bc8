package store

import (
	"cmp"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// held is what one cluster has of a service.
type held struct {
	cluster   cluster.ID
	run       uint32 // of the Source that reported it last
	endpoints uint32
	packed    string
}

// holding is what all clusters have of a service, sorted by cluster. Where it is one
// cluster, as of most services of many a federation, no list is kept for the garbage
// collector to visit. A holding is copied to be changed, and put back.
type holding struct {
	one  [1]held // where more is empty; nothing packed: there is none
	more []held  // all of them, where there are several
}

// all are to be read, and changed in place until the next insert or remove.
func (h *holding) all() []held {
	switch {
	case len(h.more) > 0:
		return h.more
	case h.one[0].packed != "":
		return h.one[:]
	}
	return nil
}

// search is where a cluster's is or belongs, and whether it is there.
func (h *holding) search(id cluster.ID) (int, bool) { return search(h.all(), id) }

func search(list []held, id cluster.ID) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(h held, id cluster.ID) int { return cmp.Compare(h.cluster, id) })
}

func (h *holding) insert(i int, one held) {
	switch {
	case len(h.more) > 0:
		h.more = slices.Insert(h.more, i, one)
	case h.one[0].packed == "":
		h.one[0] = one
	default:
		*h = holding{more: slices.Insert([]held{h.one[0]}, i, one)}
	}
}

func (h *holding) remove(i int) {
	if len(h.more) == 0 {
		*h = holding{}
		return
	}
	if h.more = slices.Delete(h.more, i, i+1); len(h.more) == 1 {
		*h = holding{one: [1]held{h.more[0]}}
	}
}

// clone shares no list with h.
func (h *holding) clone() holding { return holding{h.one, slices.Clone(h.more)} }
