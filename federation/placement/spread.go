package placement

import (
	"fmt"
	"slices"
)

// groups are the groups of one Spread that candidates belong to.
type groups struct {
	Spread
	of    [][]int // by candidate: numbers of groups
	size  int     // numbers are less than this
	there int     // how many groups have a candidate
}

// spread chooses among candidates, best first, so that each Spread is kept. It
// returns those chosen, best first, and how many of the chosen, marked in cover,
// are enough to have the fewest groups that are allowed.
//
// First the best candidates that each bring a group which is still wanted are
// taken, then as many others as Max allows.
func (p *plan) spread(cs []candidate, reasons []Reason) (chosen []candidate, cover map[int]bool, err error) {
	if len(p.Spread) == 0 || len(cs) == 0 {
		return cs, nil, nil
	}
	cs, all := p.group(cs, reasons)
	if len(cs) == 0 {
		return nil, nil, nil
	}
	for _, g := range all {
		if g.there < g.Min {
			return cs, nil, fmt.Errorf("spread over %s: at least %d wanted, there are %d with clusters that may take it", g.said(), g.Min, g.there)
		}
	}
	c := newChoice(all, len(cs))
	if !c.search() {
		c = newChoice(raised(all), len(cs))
		if !c.search() {
			return cs, nil, fmt.Errorf("spread over %s: no choice of clusters keeps all of them", saidAll(all))
		}
	}
	c.prune()
	cover = map[int]bool{}
	for i := range cs {
		if c.taken[i] {
			cover[cs[i].at] = true
		}
	}
	for i := range cs {
		if !c.taken[i] && c.fits(i) {
			c.take(i)
		}
	}
	why := "others come first in the spread over " + saidAll(all)
	for i := range cs {
		if c.taken[i] {
			chosen = append(chosen, cs[i])
			continue
		}
		reasons[cs[i].at].Why = why
	}
	return chosen, cover, nil
}

// group finds the groups of candidates, and leaves out those without.
func (p *plan) group(cs []candidate, reasons []Reason) ([]candidate, []groups) {
	all := make([]groups, len(p.Spread))
	for i, s := range p.Spread {
		g := p.ix.grouping(s)
		all[i] = groups{Spread: s, size: g.size}
		cs = slices.DeleteFunc(cs, func(c candidate) bool {
			if len(g.of[c.at]) == 0 {
				reasons[c.at].Why = "it belongs to no " + all[i].said()
				return true
			}
			return false
		})
	}
	for i, s := range p.Spread {
		g := p.ix.grouping(s)
		seen := make([]bool, g.size)
		all[i].of = make([][]int, len(cs))
		for j := range cs {
			all[i].of[j] = g.of[cs[j].at]
			for _, number := range all[i].of[j] {
				if !seen[number] {
					seen[number] = true
					all[i].there++
				}
			}
		}
	}
	return cs, all
}

// entangled says that a cluster may be in several groups of a Spread, or that groups
// of several Spreads have to be found together.
func entangled(all []Spread) bool {
	domains := 0
	for _, s := range all {
		if s.Domain == ByZone {
			return true
		}
		if s.Domain != ByCluster {
			domains++
		}
	}
	return domains > 1
}

// values are the names of the groups that m belongs to.
func (s *Spread) values(m *member) []string {
	switch s.Domain {
	case ByRegion:
		return stated(m.Region)
	case ByZone:
		return m.Zones
	case ByProvider:
		return stated(m.Provider)
	case ByLabel:
		return stated(m.Labels[s.Label])
	default:
		return []string{m.Name}
	}
}

// raised has no fewer clusters allowed than other groups are wanted, where each
// needs a cluster of its own (not so zones). Karmada's guide ("Multi region HA support") asks for two regions and
// one cluster, and means one in each region.
func raised(all []groups) []groups {
	least := 0
	for _, g := range all {
		if g.Domain != ByCluster && g.Domain != ByZone {
			least = max(least, g.Min)
		}
	}
	all = slices.Clone(all)
	for i := range all {
		if all[i].Domain == ByCluster && all[i].Max > 0 {
			all[i].Max = max(all[i].Max, least)
		}
	}
	return all
}

// said is the domain for people.
func (g groups) said() string {
	if g.Domain == ByLabel {
		return "label " + g.Label
	}
	return string(g.Domain)
}

func saidAll(all []groups) string {
	said := ""
	for i, g := range all {
		if i > 0 {
			said += ", "
		}
		said += g.said()
		if g.Max > 0 {
			said += fmt.Sprintf(" (%d to %d)", max(g.Min, 1), g.Max)
		} else {
			said += fmt.Sprintf(" (%d or more)", max(g.Min, 1))
		}
	}
	return said
}
