package placement

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// grouping is how the members of an Index are divided into groups.
type grouping struct {
	of   [][]int // by member: the numbers of its groups
	size int     // how many groups there are
}

// domain is what members are divided by.
type domain struct {
	Domain
	label string
}

// grouping divides the members by the domain of a Spread.
func (ix *Index) grouping(s Spread) grouping {
	by := domain{Domain: s.Domain}
	if s.Domain == ByLabel {
		by.label = s.Label
	}
	if known, ok := ix.domains.Load(by); ok {
		return known.(grouping)
	}
	g := grouping{of: make([][]int, len(ix.members))}
	numbers := map[string]int{}
	for i := range ix.members {
		for _, value := range s.values(&ix.members[i]) {
			number, known := numbers[value]
			if !known {
				number = len(numbers)
				numbers[value] = number
			}
			if !slices.Contains(g.of[i], number) {
				g.of[i] = append(g.of[i], number)
			}
		}
		slices.Sort(g.of[i])
	}
	g.size = len(numbers)
	ix.domains.Store(by, g)
	return g
}

// serving says which members serve a kind.
func (ix *Index) serving(kind schema.GroupVersionKind) []bool {
	if known, ok := ix.kinds.Load(kind); ok {
		return known.([]bool)
	}
	serve := make([]bool, len(ix.members))
	for i := range ix.members {
		serve[i] = ix.members[i].Serves(kind)
	}
	ix.kinds.Store(kind, serve)
	return serve
}
