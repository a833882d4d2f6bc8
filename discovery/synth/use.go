package synth

import (
	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/guarantee"
)

// Use is what may be answered of a cluster. The zero Use is that of a cluster
// that is well.
type Use struct {
	// Rank orders clusters: of a Service, the healthy shards of the lowest rank that
	// has any are answered, and no others.
	Rank uint8
	// Never says that the cluster's shards are not answered at all, nor its
	// endpoints' own names.
	Never bool
	// Stale says that nobody can vouch for the cluster. What rests on such clusters
	// alone is marked.
	Stale bool
}

// With is a Synthesizer of the same names and places that makes other use of the
// clusters; those not in uses are well. uses is kept, and not changed after.
func (s *Synthesizer) With(uses map[cluster.ID]Use) *Synthesizer {
	c := *s
	c.uses = uses
	return &c
}

// used lists the shards to answer with, the oldest first, and says whether all
// of them are stale. An endpoint's own name stays whatever its cluster's rank:
// nothing else can stand in for it.
func (b *builder) used() (members []int, stale bool) {
	best := ^uint8(0)
	for i := range b.shards {
		best = min(best, b.shards[i].use.Rank)
	}
	if !guarantee.Holds(guarantee.StaleIsAnswered) {
		best = 0
	}
	stale = guarantee.Holds(guarantee.StaleIsMarked)
	for i := range b.shards {
		if use := b.shards[i].use; use.Rank == best || !guarantee.Holds(guarantee.StaleStepsBehind) {
			members = append(members, i)
			stale = stale && use.Stale
		}
	}
	return members, stale
}
