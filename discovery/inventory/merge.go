package inventory

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fedns/fedns/discovery/cluster"
)

// Part is one inventory's say in Merge.
type Part struct {
	Name    string // of the inventory
	Members []Member
}

// Chosen is a member that counts, and whose word it is.
type Chosen struct {
	Inventory string
	Member
}

// Merge puts inventories together, in the order of the configuration: of those
// that state one cluster the first counts, and configured ones count before all.
// The members are sorted by ID; the findings are by the inventory whose statement
// does not count.
func Merge(configured []cluster.ID, parts []Part) ([]Chosen, map[string][]Finding) {
	by := map[cluster.ID]string{}
	for _, id := range configured {
		by[id] = "clusters"
	}
	var all []Chosen
	findings := map[string][]Finding{}
	for _, p := range parts {
		for _, m := range p.Members {
			if other, taken := by[m.ID]; taken {
				findings[p.Name] = append(findings[p.Name], Finding{m.Object, "", fmt.Sprintf("states the cluster %s, as %s does, which comes first in the configuration and counts", m.ID, other)})
				continue
			}
			by[m.ID] = p.Name
			all = append(all, Chosen{p.Name, m})
		}
	}
	slices.SortFunc(all, func(a, b Chosen) int { return cmp.Compare(a.ID, b.ID) })
	return all, findings
}

// Union is the members of now, and those of before that now does not state: what
// stands while a changed inventory has not been read yet.
func Union(now, before []Member) []Member {
	all := slices.Clone(now)
	for _, m := range before {
		if !slices.ContainsFunc(now, func(n Member) bool { return n.ID == m.ID }) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
