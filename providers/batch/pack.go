package batch

import (
	"cmp"
	"slices"

	"github.com/fedns/fedns/providers/hosted"
)

// Item is what has to be in one batch.
type Item struct {
	Changes []hosted.Change
	Urgent  bool // is to be made before others
}

// Pack puts items into bins that each fit the limits, beside reserve, which every
// bin holds. Urgent items come in the first bins, and only they decide which are
// first. An item that does not fit by itself is in tooLarge. The result are indexes
// of items.
func Pack(items []Item, dims []hosted.Dimension, reserve hosted.Change) (bins [][]int, tooLarge []int) {
	p := packer{dims: dims, room: room(dims, reserve)}
	for _, i := range order(items, dims, p.room) {
		if !p.put(i, costs(items[i].Changes, dims)) {
			tooLarge = append(tooLarge, i)
		}
	}
	return p.bins, tooLarge
}

// LowerBound is the least number of batches that any packing needs: whatever the
// fullest measure asks for.
func LowerBound(items []Item, dims []hosted.Dimension, reserve hosted.Change) int {
	free := room(dims, reserve)
	least := 0
	for d := range dims {
		sum := 0
		for _, it := range items {
			sum += costs(it.Changes, dims)[d]
		}
		if free[d] > 0 {
			least = max(least, (sum+free[d]-1)/free[d])
		}
	}
	if least == 0 && len(items) > 0 {
		return 1
	}
	return least
}

// room is what a batch holds beside reserve.
func room(dims []hosted.Dimension, reserve hosted.Change) []int {
	out := make([]int, len(dims))
	for i, d := range dims {
		out[i] = d.Max
		if !reserve.Old.IsEmpty() || !reserve.New.IsEmpty() {
			out[i] -= d.Cost(reserve)
		}
	}
	return out
}

func costs(changes []hosted.Change, dims []hosted.Dimension) []int {
	out := make([]int, len(dims))
	for i, d := range dims {
		for _, c := range changes {
			out[i] += d.Cost(c)
		}
	}
	return out
}

// order is the urgent first, then the larger first: by their largest share of a
// batch in any measure. Equals stay as they come.
func order(items []Item, dims []hosted.Dimension, room []int) []int {
	share := make([]float64, len(items))
	out := make([]int, len(items))
	for i, it := range items {
		out[i] = i
		for d, n := range costs(it.Changes, dims) {
			share[i] = max(share[i], float64(n)/float64(max(room[d], 1)))
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		if items[a].Urgent != items[b].Urgent {
			if items[a].Urgent {
				return -1
			}
			return 1
		}
		return cmp.Compare(share[b], share[a])
	})
	return out
}

// packer is first fit: each item goes into the first bin that has room for it.
type packer struct {
	dims []hosted.Dimension
	room []int // of an empty bin
	bins [][]int
	left [][]int
	open int // bins before it have been found too full for anything like the last item
	last []int
}

func (p *packer) put(item int, cost []int) bool {
	if !fits(cost, p.room) {
		return false
	}
	if !slices.Equal(cost, p.last) {
		p.open, p.last = 0, cost
	}
	for b := p.open; b < len(p.bins); b++ {
		if fits(cost, p.left[b]) {
			p.add(b, item, cost)
			return true
		}
		p.open = b + 1 // an equal item will not fit either
	}
	p.bins = append(p.bins, nil)
	p.left = append(p.left, slices.Clone(p.room))
	p.open = len(p.bins) - 1
	p.add(p.open, item, cost)
	return true
}

func (p *packer) add(bin, item int, cost []int) {
	p.bins[bin] = append(p.bins[bin], item)
	for d, n := range cost {
		p.left[bin][d] -= n
	}
}

func fits(cost, room []int) bool {
	for d, n := range cost {
		if n > room[d] {
			return false
		}
	}
	return true
}
