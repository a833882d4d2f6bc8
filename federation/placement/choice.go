package placement

// patience is how many clusters a search takes in vain before it gives up: a few
// milliseconds for hundreds of clusters. Only several domains at once that all but
// contradict each other take any in vain.
const patience = 500

// choice is a choice of candidates that keeps the Max of all domains.
type choice struct {
	all   []groups
	held  [][]int // by domain and group: how many of the taken are in it
	have  []int   // by domain: how many groups have one
	taken []bool
	out   []bool // not to be taken in this part of the search
	vain  int    // clusters that were taken in vain
}

func newChoice(all []groups, candidates int) *choice {
	c := &choice{all: all, held: make([][]int, len(all)), have: make([]int, len(all))}
	for i, g := range all {
		c.held[i] = make([]int, g.size)
	}
	c.taken, c.out = make([]bool, candidates), make([]bool, candidates)
	return c
}

// brings counts the groups of a domain that a candidate would add.
func (c *choice) brings(domain, candidate int) int {
	n := 0
	for _, group := range c.all[domain].of[candidate] {
		if c.held[domain][group] == 0 {
			n++
		}
	}
	return n
}

// fits says that a candidate can be taken without too many groups of a domain.
func (c *choice) fits(candidate int) bool {
	for i, g := range c.all {
		if g.Max > 0 && c.have[i]+c.brings(i, candidate) > g.Max {
			return false
		}
	}
	return true
}

func (c *choice) take(candidate int) { c.count(candidate, 1) }
func (c *choice) drop(candidate int) { c.count(candidate, -1) }

func (c *choice) count(candidate, by int) {
	c.taken[candidate] = by > 0
	for i, g := range c.all {
		for _, group := range g.of[candidate] {
			before := c.held[i][group]
			c.held[i][group] += by
			if before == 0 || before+by == 0 {
				c.have[i] += by
			}
		}
	}
}

// search takes candidates, the best that help first, until each domain has its
// Min. On failure nothing is taken, or patience is at its end.
func (c *choice) search() bool {
	wanted := false
	for i, g := range c.all {
		if c.have[i] >= max(g.Min, 1) {
			continue
		}
		wanted = true
		if !c.reaches(i) {
			return false
		}
	}
	if !wanted {
		return true
	}
	var dropped []int
	defer func() {
		for _, candidate := range dropped {
			c.out[candidate] = false
		}
	}()
	for candidate := range c.taken {
		if c.taken[candidate] || c.out[candidate] || !c.helps(candidate) || !c.fits(candidate) {
			continue
		}
		c.take(candidate)
		if c.search() {
			return true
		}
		c.drop(candidate)
		if c.vain++; c.vain > patience {
			return false
		}
		// Those in the same groups would fail in the same way.
		for other := candidate; other < len(c.taken); other++ {
			if !c.taken[other] && !c.out[other] && c.alike(candidate, other) {
				c.out[other] = true
				dropped = append(dropped, other)
			}
		}
		if !c.possible() {
			return false
		}
	}
	return false
}

// prune drops those taken that turned out not to be needed, the worst first.
func (c *choice) prune() {
	for candidate := len(c.taken) - 1; candidate >= 0; candidate-- {
		if !c.taken[candidate] {
			continue
		}
		c.drop(candidate)
		for i, g := range c.all {
			if c.have[i] < max(g.Min, 1) {
				c.take(candidate)
				break
			}
		}
	}
}

// helps says that a candidate brings a group that is wanted.
func (c *choice) helps(candidate int) bool {
	for i, g := range c.all {
		if c.have[i] < max(g.Min, 1) && c.brings(i, candidate) > 0 {
			return true
		}
	}
	return false
}

// possible says that each domain could still have its Min.
func (c *choice) possible() bool {
	for i, g := range c.all {
		if c.have[i] < max(g.Min, 1) && !c.reaches(i) {
			return false
		}
	}
	return true
}

// reaches says that the candidates left that fit would bring a domain to its Min,
// if they fitted together.
func (c *choice) reaches(domain int) bool {
	g := &c.all[domain]
	reach := c.have[domain]
	seen := make([]bool, g.size)
	for candidate := range c.taken {
		if c.taken[candidate] || c.out[candidate] || !c.fits(candidate) {
			continue
		}
		for _, group := range g.of[candidate] {
			if c.held[domain][group] == 0 && !seen[group] {
				seen[group] = true
				if reach++; reach >= g.Min {
					return true
				}
			}
		}
	}
	return reach >= max(g.Min, 1)
}

// alike says that two candidates are in the same groups, but for being clusters
// of their own.
func (c *choice) alike(a, b int) bool {
	for _, g := range c.all {
		if g.Domain == ByCluster {
			continue
		}
		if len(g.of[a]) != len(g.of[b]) {
			return false
		}
		for i := range g.of[a] {
			if g.of[a][i] != g.of[b][i] {
				return false
			}
		}
	}
	return true
}
