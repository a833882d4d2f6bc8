package placement

import (
	"math"
	"slices"
)

// unlimited stands for any number of replicas.
const unlimited = math.MaxInt32

// candidate is a cluster that a group selects and that may take the template. It
// has no pointers, so that hundreds are sorted at little cost.
type candidate struct {
	at       int // in the Index
	previous int32
	weight   int64
	room     int32 // how many more replicas it can hold; unlimited: nobody knows
	lo, hi   int32 // it gets at least and at most
	price    float64
	nearness int   // of its region; 0 is the nearest
	takes    int32 // how many replicas it may be given now; only where that counts
	shy      bool
	tie      uint64
	got      int32
	idle     bool // it gets nothing, though chosen
}

// candidates are the clusters that a group selects and nothing bars, best first.
// Reasons are given for the others.
func (p *plan) candidates(s *Selector, reasons []Reason) []candidate {
	cs := slices.Grow(p.spare.candidates[:0], s.atMost(len(p.ix.members)))
	for i := range p.ix.members {
		m := &p.ix.members[i]
		if ok, why := s.Selects(m.Cluster); !ok {
			reasons[i].Why = why
			continue
		}
		if why := p.bars(i); why != "" {
			reasons[i].Why = why
			continue
		}
		c := candidate{at: i, previous: p.previous[i], hi: unlimited, room: unlimited}
		if why := p.bound(m, &c); why != "" {
			reasons[i].Why = why
			continue
		}
		c.shy = len(m.soft) > 0 && p.untolerated(m.soft) != nil
		cs = append(cs, c)
	}
	p.spare.candidates = cs
	return p.sort(cs)
}

// bound finds weight, room and limits of a candidate, or why it can get nothing.
func (p *plan) bound(m *member, c *candidate) (why string) {
	if p.Replicas == nil {
		return ""
	}
	limit, own := p.Scheduling.Limits[m.Name]
	if !own {
		limit = p.Scheduling.Limits["*"]
	}
	c.lo = limit.Min
	if limit.Max != nil {
		c.hi = *limit.Max
	}
	if c.hi == 0 && *p.Replicas > 0 {
		return "its limit is 0 replicas"
	}
	if !p.divided {
		return ""
	}
	switch p.Scheduling.Mode {
	case Weighted, Cheapest, Geography:
		var ok bool
		if c.weight, ok = p.weights.of(m, limit); !ok {
			return "no weight is stated for it"
		}
		if c.weight == 0 && c.lo == 0 && (c.previous <= 0 || !p.keep) {
			return "its weight is 0"
		}
	default:
		c.weight = 1
	}
	if !p.byRoom() {
		return ""
	}
	c.room = m.room(p.Requests)
	if c.room != unlimited {
		if p.freed != nil {
			c.room += p.freed[c.at]
		}
		// What runs there already has its room.
		holds := int32(min(int64(c.room)+int64(max(c.previous, 0)), unlimited))
		c.hi = min(c.hi, holds)
		c.lo = min(c.lo, c.hi)
		if !p.keep {
			c.room = holds
		}
	}
	if c.hi == 0 {
		return "it has no room for a replica"
	}
	return ""
}

// byRoom says that what fits where is asked for.
func (p *plan) byRoom() bool {
	switch p.Scheduling.Mode {
	case Dynamic, Aggregated, Cheapest, Geography:
		return true
	}
	return p.Scheduling.SpillOver
}

// sort brings the best candidates to the front: those that are to have replicas in
// any case, those that have the template (if it is to stay where it is), then by what the mode is after. Equal ones come in
// an order of the template's own.
func (p *plan) sort(cs []candidate) []candidate {
	if !p.divided && len(p.Spread) == 0 {
		return cs // each gets the same
	}
	order := p.spare.order[:0]
	for i := range cs {
		order = append(order, int32(i))
		c, m := &cs[i], &p.ix.members[cs[i].at]
		c.tie = m.tieFor(p.Key)
		switch p.Scheduling.Mode {
		case Cheapest:
			if c.price = m.Price; c.price <= 0 {
				c.price = math.Inf(1) // not stated: it may be anything
			}
		case Geography:
			if c.nearness = slices.Index(p.Scheduling.Regions, m.Region); c.nearness < 0 {
				c.nearness = len(p.Scheduling.Regions)
			}
		case Dynamic, Aggregated:
			if c.takes = c.hi; p.keep {
				c.takes -= c.stays()
			}
		}
	}
	// Numbers are moved about faster than candidates.
	by := func(a, b int32) int { return p.compare(&cs[a], &cs[b]) }
	if k := p.enough(); k > 0 && k < len(order)/fewOf {
		foremost(order, k, by)
	} else {
		slices.SortFunc(order, by)
	}
	sorted := slices.Grow(p.spare.sorted[:0], len(cs))
	for _, from := range order {
		sorted = append(sorted, cs[from])
	}
	p.spare.order, p.spare.sorted = order, sorted
	return sorted
}

// fewOf is of how many times as many candidates it pays to sort out a few.
const fewOf = 8

// enough is how many candidates can be chosen at the most; 0: any number. Which of
// the others would come before which matters to nothing then.
func (p *plan) enough() int {
	if len(p.Spread) != 1 || p.Spread[0].Domain != ByCluster || p.Spread[0].Max <= 0 {
		return 0
	}
	return max(p.Spread[0].Max, p.Spread[0].Min)
}

// foremost brings the first k to the front, sorted.
func foremost(order []int32, k int, by func(a, b int32) int) {
	slices.SortFunc(order[:k], by)
	for i := k; i < len(order); i++ {
		if by(order[i], order[k-1]) >= 0 {
			continue
		}
		order[i], order[k-1] = order[k-1], order[i]
		for at := k - 1; at > 0 && by(order[at], order[at-1]) < 0; at-- {
			order[at], order[at-1] = order[at-1], order[at]
		}
	}
}

func (p *plan) compare(a, b *candidate) int {
	switch {
	case (a.lo > 0) != (b.lo > 0):
		return first(a.lo > 0) // it gets some anyway, so it had better be enough
	case p.keep && (a.previous > 0) != (b.previous > 0):
		return first(a.previous > 0)
	case p.keep && (a.previous >= 0) != (b.previous >= 0):
		return first(a.previous >= 0)
	}
	if c := a.turn(b); c != 0 {
		return c
	}
	switch {
	case a.takes != b.takes:
		return first(a.takes > b.takes)
	case a.weight != b.weight:
		return first(a.weight > b.weight)
	case !p.entangled && (a.previous >= 0) != (b.previous >= 0):
		return first(a.previous >= 0) // a tie moves nothing
	case a.tie != b.tie:
		return first(a.tie < b.tie)
	}
	return a.at - b.at
}

func first(a bool) int {
	if a {
		return -1
	}
	return 1
}
