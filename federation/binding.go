package federation

import (
	"cmp"
	"slices"
	"time"

	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/work"
)

// Binding is what is where of one template: what a Store keeps. It is a value:
// whoever has one does not change what it points to.
type Binding struct {
	Key     work.Key
	Dialect string
	Source  work.Reference
	failover.State
	// Removing are clusters that have it no more but may still hold it. Sorted.
	Removing []Removal
	// Dependencies are what went along, and where it may be. Sorted by Key.
	Dependencies []Dependency
	Affinity     string // the group that counted
	Orphan       bool   // what is taken away is let go
	Deleted      bool   // the order was taken back
	// Former is the Key that it had when it was stored last, by another version of
	// its kind; the zero Key: it had none. It is not stored.
	Former work.Key
}

// Removal is a cluster that is to hold a template no more.
type Removal struct {
	Cluster string
	Since   time.Time
}

// Dependency is an object that a template refers to.
type Dependency struct {
	Key      work.Key
	Clusters []string // sorted
}

// Equal says that two Bindings are the same.
func (b Binding) Equal(o Binding) bool {
	return b.Key == o.Key && b.Dialect == o.Dialect && sameSource(b.Source, o.Source) && b.State.Equal(o.State) &&
		slices.EqualFunc(b.Removing, o.Removing, func(x, y Removal) bool { return x.Cluster == y.Cluster && x.Since.Equal(y.Since) }) &&
		slices.EqualFunc(b.Dependencies, o.Dependencies, func(x, y Dependency) bool { return x.Key == y.Key && slices.Equal(x.Clusters, y.Clusters) }) &&
		b.Affinity == o.Affinity && b.Orphan == o.Orphan && b.Deleted == o.Deleted
}

// sameSource says that two References name the same thing. When it was made is
// not kept, and its generation only along with a decision: one that only changes what
// is in clusters, and not where, is not worth a write to the host before it goes there.
func sameSource(a, b work.Reference) bool {
	a.Created, b.Created = time.Time{}, time.Time{}
	a.Generation, b.Generation = 0, 0
	return a == b
}

// removing says that a cluster is to hold it no more.
func (b *Binding) removing(name string) bool {
	return slices.ContainsFunc(b.Removing, func(r Removal) bool { return r.Cluster == name })
}

// concerns says that a cluster is named anywhere in b.
func (b *Binding) concerns(name string) bool {
	_, has := b.Has(name)
	return has || b.removing(name) || slices.ContainsFunc(b.Away, func(a failover.Away) bool { return a.Cluster == name })
}

// Sort puts a Binding, which may have been written by anybody, into the order that
// it has here.
func (b *Binding) Sort() {
	slices.SortFunc(b.Targets, func(x, y failover.Target) int { return cmp.Compare(x.Cluster, y.Cluster) })
	slices.SortFunc(b.Leaving, func(x, y failover.Leaving) int { return cmp.Compare(x.Cluster, y.Cluster) })
	slices.SortFunc(b.Away, func(x, y failover.Away) int { return cmp.Compare(x.Cluster, y.Cluster) })
	slices.SortFunc(b.Removing, func(x, y Removal) int { return cmp.Compare(x.Cluster, y.Cluster) })
	slices.SortFunc(b.Dependencies, func(x, y Dependency) int { return cmp.Compare(x.Key.String(), y.Key.String()) })
	for _, d := range b.Dependencies {
		slices.Sort(d.Clusters)
	}
}
