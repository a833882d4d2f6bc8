package work

import (
	"context"
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/placement"
)

// Task is one object that is to be, or not to be, in one cluster.
type Task struct {
	Cluster string
	Key     Key
	// Object as it is to be; nil: it is to go (or to be let go, with Orphan). Tasks
	// share Objects: nobody changes one.
	Object *unstructured.Unstructured
	// Origin names the order for whoever looks at the member's object: kubefed/shop/web.
	Origin         string
	Existing       Existing
	Orphan         bool
	RetainReplicas bool
	// Template is the UID of the host's object of this Key, if orders are made of that
	// very object, and Own says that this one is: in a member that is the host it is not
	// written. Empty: there is none.
	Template types.UID
	Own      bool
	// Succeeds says that what KubeFed placed there was placed from the same host, and is
	// taken over. Without it, it is another's.
	Succeeds bool
	// Suspend has nothing written. What is there is told all the same; what would be
	// written is Pending (Suspended).
	Suspend bool
	// Cede has nothing done with the object any more, and nothing told of it: a Task with
	// another version of the Key's kind has it. All else is left out.
	Cede bool
}

// Phase is how far a Task is.
type Phase string

// All Phases.
const (
	Pending   Phase = "Pending"   // not tried yet
	Waiting   Phase = "Waiting"   // for what it needs: its namespace, its kind's definition
	Applied   Phase = "Applied"   // the cluster has what it is to have
	Failed    Phase = "Failed"    // and is tried again; Reason and Message say why
	Removing  Phase = "Removing"  // deletion is asked for
	Removed   Phase = "Removed"   // it is not there any more
	Abandoned Phase = "Abandoned" // the cluster is gone; what is left there is recorded
)

// Health is whether the object does its work in a cluster.
type Health string

// All Healths.
const (
	Healthy   Health = "Healthy"
	Unhealthy Health = "Unhealthy"
	Unknown   Health = "Unknown"
)

// Outcome is what came of a Task in its cluster.
type Outcome struct {
	Cluster string
	Key     Key
	Phase   Phase
	Reason  string // one word for machines: Forbidden, Unreachable, Conflict, Invalid, NotServed, …
	Message string // for people, in the cluster's own words
	Since   time.Time
	// There says that the cluster has the object, as far as it was seen.
	There bool
	// Template says that the member is the host, and the object the template itself.
	Template bool
	Health   Health
	// Status of the member's object, as it stands; nil: none.
	Status json.RawMessage
	// Replicas that run, and those that are ready, where the kind has them.
	Replicas, Ready int32
}

// Report is what came of an Order.
type Report struct {
	Order    Order
	Decision placement.Decision
	Err      error     // of the placement or an override
	Outcomes []Outcome // by cluster; those that are leaving among them
	Leaving  []Leaving
	// Lost are the clusters, by name, that are lost by their evidence: what is said of
	// them above is what was last seen.
	Lost []string
	// LostSince is since when each of them is, where that is known.
	LostSince map[string]time.Time
	// Held says why an order that was taken back is not carried out yet; empty: it is.
	Held string
	// Done says that of an order that was taken back nothing is left to wait for: its
	// objects are gone (or let go), and what is left in clusters that are lost is recorded.
	Done bool
}

// Leaving is a cluster whose object stays until others have taken its place.
type Leaving struct {
	Cluster string
	Why     string
	Since   time.Time
	Until   time.Time // at the latest
}

// Propagator has tasks carried out. Do returns at once; the newest Task of a
// cluster and Key counts, and one that equals the one before costs nothing.
//
// Each cluster has its own queue: one that hangs or refuses delays nobody. Outcomes
// are told to the function that the Propagator was made with, from any goroutine,
// those of one cluster and Key in the order in which they came about.
// Forget says that a cluster is not a member any more: what is left to do there is
// told as Abandoned.
type Propagator interface {
	Do(t Task)
	Forget(cluster string)
	Run(ctx context.Context) error
}
