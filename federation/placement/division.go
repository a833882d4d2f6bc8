package placement

import (
	"cmp"
	"slices"
)

// cover has each of the clusters that a spread needs get a replica, as far as
// there are replicas: a group that gets none is none.
func (p *plan) cover(cs []candidate, needed map[int]bool) {
	if len(needed) == 0 {
		return
	}
	spare := int64(*p.Replicas)
	for i := range cs {
		spare -= int64(cs[i].lo)
	}
	for i := range cs {
		if !needed[cs[i].at] || cs[i].lo > 0 || cs[i].hi <= 0 {
			continue
		}
		if spare <= 0 {
			p.scant = true
			break
		}
		cs[i].lo = 1
		spare--
	}
}

// divide tells out the replicas among the chosen, and returns those that fit
// nowhere.
func (p *plan) divide(cs []candidate) (unplaced int32) {
	total := int64(*p.Replicas)
	var least, stay int64
	running := false
	for i := range cs {
		c := &cs[i]
		least += int64(c.lo)
		stay += int64(c.stays())
		running = running || c.previous > 0
	}
	switch {
	case least > total:
		p.scant = true
		p.scarce(cs, total)
		return 0
	case !p.keep || !running:
		return p.fresh(cs, total)
	case stay <= total:
		return p.grow(cs, total, stay)
	default:
		return p.shrink(cs, total)
	}
}

// stays is how many replicas a candidate has when nothing moves.
func (c *candidate) stays() int32 { return min(max(c.previous, c.lo), c.hi) }

// scarce tells out fewer replicas than the clusters are to have at least: to the
// best first (KubeFed: those with the greatest weight), what runs already before
// what does not.
func (p *plan) scarce(cs []candidate, total int64) {
	order := make([]*candidate, 0, len(cs))
	for i := range cs {
		order = append(order, &cs[i])
	}
	slices.SortFunc(order, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.tie, b.tie), cmp.Compare(a.at, b.at))
	})
	fill := func(up func(c *candidate) int32) {
		for _, c := range order {
			more := min(int64(max(up(c)-c.got, 0)), total)
			c.got += int32(more)
			total -= more
		}
	}
	if p.keep {
		fill(func(c *candidate) int32 { return min(max(c.previous, 0), c.lo) })
	}
	fill(func(c *candidate) int32 { return c.lo })
}

// fresh tells out all replicas, wherever they are now.
func (p *plan) fresh(cs []candidate, total int64) int32 {
	shares := make([]share, len(cs))
	for i := range cs {
		shares[i] = share{weight: cs[i].weight, lo: int64(cs[i].lo), hi: int64(cs[i].hi), had: int64(cs[i].previous)}
	}
	switch p.Scheduling.Mode {
	case Dynamic:
		p.weighByRoom(cs, shares, total)
	case Aggregated:
		p.weighByRoom(cs, shares, total)
		few(shares, total)
	}
	return p.tell(cs, shares, total)
}

// grow leaves what runs and tells out what is missing, which is missing where the
// weights say so for Weighted and Even (KubeFed: rebalance false), and goes where
// there is room for Dynamic and Aggregated (Karmada's Steady assignment).
func (p *plan) grow(cs []candidate, total, stay int64) int32 {
	shares := make([]share, len(cs))
	byRoom := p.Scheduling.Mode == Dynamic || p.Scheduling.Mode == Aggregated
	for i := range cs {
		s := share{weight: cs[i].weight, lo: int64(cs[i].stays()), hi: int64(cs[i].hi)}
		if byRoom {
			s.lo, s.hi = 0, s.hi-s.lo
		}
		shares[i] = s
	}
	if !byRoom {
		return p.tell(cs, shares, total)
	}
	p.weighByRoom(cs, shares, total-stay)
	if p.Scheduling.Mode == Aggregated {
		few(shares, total-stay)
	}
	left := p.tell(cs, shares, total-stay)
	for i := range cs {
		cs[i].got += cs[i].stays()
	}
	return left
}

// shrink takes away what is too many, so that no cluster gets more than it has.
// For Dynamic and Aggregated each gives its part of what it has (Karmada's Steady).
func (p *plan) shrink(cs []candidate, total int64) int32 {
	shares := make([]share, len(cs))
	for i := range cs {
		c := &cs[i]
		shares[i] = share{weight: c.weight, lo: int64(c.lo), hi: int64(c.stays())}
		if p.Scheduling.Mode == Dynamic || p.Scheduling.Mode == Aggregated {
			shares[i].weight = int64(c.stays())
		}
	}
	left := int64(p.tell(cs, shares, total))
	// Clusters without a weight give all they have first, and keep what is needed.
	for i := range cs {
		more := min(left, int64(max(cs[i].stays()-cs[i].got, 0)))
		cs[i].got += int32(more)
		left -= more
	}
	return int32(left)
}

// weighByRoom weighs clusters by how many replicas they can hold. Where nobody
// knows, that is all of them.
func (p *plan) weighByRoom(cs []candidate, shares []share, total int64) {
	for i := range cs {
		if shares[i].weight = int64(cs[i].room); cs[i].room == unlimited {
			shares[i].weight = total
		}
	}
}

// few leaves out the shares behind the first that can hold total together with
// those that get some in any case.
func few(shares []share, total int64) {
	for i := range shares {
		if shares[i].lo > 0 {
			total -= shares[i].hi
		}
	}
	for i := range shares {
		if shares[i].lo > 0 {
			continue
		}
		if total <= 0 {
			shares[i].hi = 0
		}
		total -= shares[i].hi
	}
}

// tell tells out total: for Cheapest and Geography to the clusters of one price or
// region after the other, for the others to all at once.
func (p *plan) tell(cs []candidate, shares []share, total int64) (left int32) {
	if p.Scheduling.Mode == Cheapest || p.Scheduling.Mode == Geography {
		left = p.inTurn(cs, shares, total)
	} else {
		left = int32(apportion(shares, total, p.Scheduling.Heaviest))
	}
	for i := range shares {
		cs[i].got = int32(shares[i].got)
	}
	return left
}

// inTurn has each cluster get its least, and the rest go to the first of the
// price or region, as far as they can hold it, then to the next.
func (p *plan) inTurn(cs []candidate, shares []share, total int64) (left int32) {
	order := make([]int, len(cs))
	rest := total
	for i := range order {
		order[i] = i
		rest -= shares[i].lo
	}
	turn := func(a, b int) int { return cs[a].turn(&cs[b]) }
	slices.SortStableFunc(order, turn)
	var level []share
	for from, to := 0, 0; from < len(order); from = to {
		level = level[:0]
		var can, least int64
		for to = from; to < len(order) && turn(order[from], order[to]) == 0; to++ {
			s := shares[order[to]]
			level = append(level, s)
			least += s.lo
			if s.weight > 0 {
				can += s.hi - s.lo
			}
		}
		give := min(rest, can)
		apportion(level, least+give, p.Scheduling.Heaviest)
		rest -= give
		for i := range level {
			shares[order[from+i]] = level[i]
		}
	}
	return int32(rest)
}

// turn compares the levels of two candidates: those of one level share by weight.
func (c *candidate) turn(other *candidate) int {
	switch {
	case c.shy != other.shy:
		return first(other.shy)
	case c.price != other.price:
		return first(c.price < other.price)
	}
	return c.nearness - other.nearness
}
