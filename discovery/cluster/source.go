package cluster

import (
	"context"
	"time"
)

// A Source watches one member cluster.
//
// Run reports on up, in this order: every Group the cluster holds, in as many
// Updates as it likes; one Update whose State is Live, which says that all of
// them were reported; then each Group that changes, whole, as it changes. A
// Group that the cluster was *seen* to no longer hold is reported once more
// with Withdrawn set. What merely cannot be seen any more (API server away,
// folder unreadable, list cut short) is never reported as withdrawn: the Source
// says State Unreachable and goes on trying.
//
// Run blocks until ctx is done and then returns nil; any other return is a
// fault that no retry inside the Source can mend (a kubeconfig that does not
// parse), and its text is shown to the operator. Run may be called again after
// it returned, never twice at once. Run never closes up, never
// sends after it returned, and gives up a blocked send when ctx is done. The
// receiver owns what it received; a Source keeps no reference to it.
type Source interface {
	Run(ctx context.Context, up chan<- Update) error
}

// Update is one message of a Source. Zero fields say nothing.
type Update struct {
	Cluster  ID
	Groups   []Group   // each replaces the Group of the same Service whole
	Topology *Topology // what the cluster's nodes say of where it is
	State    *State    // a change of reachability
	// Losing is how many Groups with a Loss the Source knows of: those told here, and
	// of those that will be the ones that had something to answer with. Fewer than are
	// in Groups: no more than these.
	Losing int
	// Lacks is, with a Live State, the evidence for what was not reported: a complete
	// list lacks it. NoLoss says Missing.
	Lacks Loss
	Nodes *Liveness // whether the cluster's nodes are seen to work (their Leases)
}

// Phase is how a member cluster stands.
type Phase uint8

const (
	// Syncing says that not every Group has been reported yet.
	Syncing Phase = iota
	// Live says that all Groups were reported and changes are being followed.
	Live
	// Unreachable says that the cluster cannot be seen; what was last known stands.
	Unreachable
)

// String is the phase in the words of the API and metrics: syncing, live, unreachable.
func (p Phase) String() string {
	switch p {
	case Syncing:
		return "syncing"
	case Live:
		return "live"
	case Unreachable:
		return "unreachable"
	}
	return "unknown"
}

// State is how a member cluster stands, since when, and why.
type State struct {
	Phase    Phase
	Since    time.Time // of the phase
	LastSync time.Time // when the cluster was last heard of; zero: never
	Reason   string    // one line for the operator; empty while live
	// Faults are parts of the cluster that cannot be read, whatever the phase: what
	// they held last stands. One line each, not more than a few.
	Faults []string
}
