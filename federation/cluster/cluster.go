package cluster

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Cluster is a member cluster. It is a value: whoever shares one does not change
// what it points to any more.
type Cluster struct {
	Name     string
	Labels   map[string]string
	Provider string // of the infrastructure; empty: not stated
	Region   string // empty: not stated
	Zones    []string
	Networks []string // pods in clusters that share one reach each other

	// Taints are the stated ones and those that its evidence gives (TaintsOf),
	// each with the time it came at.
	Taints   []corev1.Taint
	Capacity Capacity
	// Price of a replica for an hour, in one currency for all clusters. 0: not stated.
	Price float64
	// Kinds that its API server serves. nil: not known, which forbids nothing.
	Kinds Kinds
}

// Kinds is a set of kinds that an API server serves.
type Kinds map[schema.GroupVersionKind]bool

// Serves says that c can hold objects of a kind, as far as is known.
func (c *Cluster) Serves(kind schema.GroupVersionKind) bool { return c.Kinds == nil || c.Kinds[kind] }

// Capacity is what a cluster can hold more of. Amounts are in thousandths of the
// resource's unit (cpu: millicores; memory: thousandths of a byte), by the
// resource's name; "pods" among them.
type Capacity struct {
	Known       bool
	Stated      bool // by people, and not summed up over Nodes and Pods
	Allocatable map[corev1.ResourceName]int64
	Requested   map[corev1.ResourceName]int64 // by the Pods there
}

// Standing is what the evidence says of a cluster (discovery's words).
type Standing string

// All Standings.
const (
	Syncing     Standing = "syncing"     // not read whole yet
	Live        Standing = "live"        // its evidence is good
	Unreachable Standing = "unreachable" // its API server and its data path are down
	Degraded    Standing = "degraded"    // its API server cannot be reached; its data path can, or nobody knows
	Drained     Standing = "drained"     // an operator wants it empty
	Evicted     Standing = "evicted"     // an operator gave it up
)

// Taints by which a Standing repels workloads. The first two have Karmada's names,
// because the tolerations in its users' policies name them.
const (
	TaintNotReady    = "cluster.karmada.io/not-ready"
	TaintUnreachable = "cluster.karmada.io/unreachable"
	TaintDrained     = "fedns.io/drained"
	TaintEvicted     = "fedns.io/evicted"
)

// TaintsOf are the taints of a Standing that began at since. A cluster whose data
// path works keeps what runs there and gets nothing new: its workloads do their
// work, and nothing could be taken away from there anyway.
func TaintsOf(s Standing, since time.Time) []corev1.Taint {
	taint := func(key string, effects ...corev1.TaintEffect) (taints []corev1.Taint) {
		for _, effect := range effects {
			t := corev1.Taint{Key: key, Effect: effect}
			if !since.IsZero() {
				t.TimeAdded = &metav1.Time{Time: since}
			}
			taints = append(taints, t)
		}
		return taints
	}
	switch s {
	case Syncing, Degraded:
		return taint(TaintNotReady, corev1.TaintEffectNoSchedule)
	case Unreachable:
		return taint(TaintUnreachable, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute)
	case Drained:
		return taint(TaintDrained, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute)
	case Evicted:
		return taint(TaintEvicted, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute)
	}
	return nil
}

// Sort sorts clusters by name, the order that all of federation keeps them in.
func Sort(clusters []*Cluster) {
	slices.SortFunc(clusters, func(a, b *Cluster) int { return strings.Compare(a.Name, b.Name) })
}
