package failover

import (
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/federation/placement"
)

// State is where a template is: what a Binding keeps of it. It is a value: Move
// makes a new one.
type State struct {
	Targets []Target  // sorted by cluster
	Leaving []Leaving // sorted by cluster
	Away    []Away    // sorted by cluster
}

// Target is a cluster that has the template, or gets it.
type Target struct {
	Cluster  string
	Replicas int32 // 0 for templates without any
	Since    time.Time
}

// Leaving is a cluster that keeps more than its Target says (all of it, if it is no
// target any more) until others have taken its place.
type Leaving struct {
	Cluster  string
	Replicas int32 // that it keeps
	Why      string
	Since    time.Time
	Until    time.Time // at the latest; zero: it stays until people remove it
}

// Away is a cluster that the template had to leave.
type Away struct {
	Cluster   string
	Why       string
	Since     time.Time
	Unhealthy bool // it is not the cluster that was lost: the template did not work there
}

// Target is the target that is a cluster; nil: it is none.
func (s State) Target(name string) *Target {
	if i, ok := slices.BinarySearchFunc(s.Targets, name, func(t Target, name string) int { return strings.Compare(t.Cluster, name) }); ok {
		return &s.Targets[i]
	}
	return nil
}

// Leaver is the entry of a cluster that leaves; nil: it does not.
func (s State) Leaver(name string) *Leaving {
	if i, ok := slices.BinarySearchFunc(s.Leaving, name, func(l Leaving, name string) int { return strings.Compare(l.Cluster, name) }); ok {
		return &s.Leaving[i]
	}
	return nil
}

// Has says whether a cluster is to hold the template now, and with how many replicas.
func (s State) Has(name string) (replicas int32, has bool) {
	if t := s.Target(name); t != nil {
		replicas, has = t.Replicas, true
	}
	if l := s.Leaver(name); l != nil {
		replicas, has = max(replicas, l.Replicas), true
	}
	return replicas, has
}

// Holders are all clusters that are to hold the template now, sorted.
func (s State) Holders() []string {
	names := make([]string, 0, len(s.Targets)+len(s.Leaving))
	for _, t := range s.Targets {
		names = append(names, t.Cluster)
	}
	for _, l := range s.Leaving {
		names = append(names, l.Cluster)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Placement is the targets as placement knows them; nil: there are none.
func (s State) Placement() []placement.Target {
	var all []placement.Target
	for _, t := range s.Targets {
		all = append(all, placement.Target{Cluster: t.Cluster, Replicas: t.Replicas})
	}
	return all
}

// Equal says that two States are the same.
func (s State) Equal(o State) bool {
	return slices.EqualFunc(s.Targets, o.Targets, func(a, b Target) bool {
		return a.Cluster == b.Cluster && a.Replicas == b.Replicas && a.Since.Equal(b.Since)
	}) && slices.EqualFunc(s.Leaving, o.Leaving, func(a, b Leaving) bool {
		return a.Cluster == b.Cluster && a.Replicas == b.Replicas && a.Why == b.Why && a.Since.Equal(b.Since) && a.Until.Equal(b.Until)
	}) && slices.EqualFunc(s.Away, o.Away, func(a, b Away) bool {
		return a.Cluster == b.Cluster && a.Why == b.Why && a.Since.Equal(b.Since) && a.Unhealthy == b.Unhealthy
	})
}
