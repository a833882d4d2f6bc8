package placement

import (
	"cmp"
	"math"
	"slices"
)

// unlimited stands for any number of replicas.
const unlimited = math.MaxInt32

// candidate is a cluster that a group selects and that may take the template.
type candidate struct {
	*member
	at       int // in the Index
	previous int32
	weight   int64
	room     int32 // how many more replicas it can hold; unlimited: nobody knows
	lo, hi   int32 // it gets at least and at most
	price    float64
	nearness int // of its region; 0 is the nearest
	shy      bool
	tie      uint64
	got      int32
	idle     bool // it gets nothing, though chosen
}

// candidates are the clusters that a group selects and nothing bars, best first.
// Reasons are given for the others.
func (p *plan) candidates(s *Selector, reasons []Reason) []candidate {
	cs := make([]candidate, 0, len(p.ix.members))
	for i := range p.ix.members {
		m := &p.ix.members[i]
		if ok, why := s.Selects(m.Cluster); !ok {
			reasons[i].Why = why
			continue
		}
		if p.barred[i] != "" {
			reasons[i].Why = p.barred[i]
			continue
		}
		c := candidate{member: m, at: i, previous: p.previous[i], hi: unlimited, room: unlimited}
		if why := p.bound(&c); why != "" {
			reasons[i].Why = why
			continue
		}
		c.shy = len(m.soft) > 0 && p.untolerated(m.soft) != nil
		cs = append(cs, c)
	}
	p.sort(cs)
	return cs
}

// bound finds weight, room and limits of a candidate, or why it can get nothing.
func (p *plan) bound(c *candidate) (why string) {
	if p.Replicas == nil {
		return ""
	}
	limit, own := p.Scheduling.Limits[c.Name]
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
		if c.weight, ok = p.weights.of(c.member, limit); !ok {
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
	c.room = room(c.Capacity, p.Requests)
	if c.room != unlimited {
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

// sort brings the best candidates to the front: those that have the template (if
// it is to stay where it is), then by what the mode is after. Equal ones come in
// an order of the template's own.
func (p *plan) sort(cs []candidate) {
	if !p.divided && len(p.Spread) == 0 {
		return // each gets the same
	}
	for i := range cs {
		c := &cs[i]
		c.tie = c.tieFor(p.Key)
		switch p.Scheduling.Mode {
		case Cheapest:
			if c.price = c.Price; c.price <= 0 {
				c.price = math.Inf(1) // not stated: it may be anything
			}
		case Geography:
			if c.nearness = slices.Index(p.Scheduling.Regions, c.Region); c.nearness < 0 {
				c.nearness = len(p.Scheduling.Regions)
			}
		}
	}
	slices.SortFunc(cs, func(a, b candidate) int { return p.compare(&a, &b) })
}

func (p *plan) compare(a, b *candidate) int {
	if p.keep && (a.previous > 0) != (b.previous > 0) {
		return first(a.previous > 0)
	}
	if p.keep && (a.previous >= 0) != (b.previous >= 0) {
		return first(a.previous >= 0)
	}
	if (a.lo > 0) != (b.lo > 0) {
		return first(a.lo > 0) // it gets some anyway, so it had better be enough
	}
	if c := a.turn(b); c != 0 {
		return c
	}
	if p.Scheduling.Mode == Dynamic || p.Scheduling.Mode == Aggregated {
		if c := cmp.Compare(p.takes(b), p.takes(a)); c != 0 {
			return c
		}
	}
	if a.weight != b.weight {
		return cmp.Compare(b.weight, a.weight)
	}
	if (a.previous >= 0) != (b.previous >= 0) {
		return first(a.previous >= 0) // a tie moves nothing
	}
	return cmp.Or(cmp.Compare(a.tie, b.tie), cmp.Compare(a.at, b.at))
}

// takes is how many replicas a candidate may be given now.
func (p *plan) takes(c *candidate) int32 {
	if p.keep {
		return c.hi - c.stays()
	}
	return c.hi
}

func first(a bool) int {
	if a {
		return -1
	}
	return 1
}
