package placement

import "github.com/fedns/fedns/federation/cluster"

// Selects says whether an Affinity selects a cluster. A selector that cannot be
// read selects nothing: whoever makes an Affinity has checked it. For many
// clusters, NewSelector reads it once.
func (a Affinity) Selects(c *cluster.Cluster) bool {
	s, err := NewSelector(a)
	if err != nil {
		return false
	}
	ok, _ := s.Selects(c)
	return ok
}
