package placement

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/cluster"
)

// Request is what is to be placed, and how. All dialects are translated into it.
// The zero Request places nothing: a dialect that wants all clusters says so with
// an Affinity that selects all.
type Request struct {
	// Key names the template, and breaks ties in a way that does not depend on
	// anything else.
	Key  string
	Kind schema.GroupVersionKind // clusters known not to serve it are left out

	// Affinities are tried in this order; the first that yields a placement counts.
	// None: nothing is placed.
	Affinities  []Affinity
	Tolerations []corev1.Toleration
	Spread      []Spread

	// Replicas of the template; nil: it has none, and goes to each cluster whole.
	Replicas *int32
	// Each replica requests this, in thousandths, for estimates of what fits.
	Requests   map[corev1.ResourceName]int64
	Scheduling Scheduling

	// Previous is the last placement; nil: there is none. What is there already is
	// kept where the rules allow it.
	Previous []Target
	// Evicted clusters had a taint for longer than it was tolerated, or have shown
	// that they do not get the workload ready. They get nothing.
	Evicted []string
}

// Affinity selects clusters. An empty Affinity selects all.
type Affinity struct {
	Name     string // for people; of ordered groups
	Clusters []string
	Exclude  []string
	Labels   *metav1.LabelSelector // nil: any
	// Fields are requirements on "provider", "region" and "zone".
	Fields []corev1.NodeSelectorRequirement
	// Terms are requirements on labels, with Gt and Lt (Federation v1's
	// cluster-selector annotation). All must hold.
	Terms []corev1.NodeSelectorRequirement
	None  bool // selects nothing, whatever else is said
}

// Domain is what replicas are spread over.
type Domain string

// All Domains.
const (
	ByCluster  Domain = "cluster"
	ByRegion   Domain = "region"
	ByZone     Domain = "zone"
	ByProvider Domain = "provider"
	ByLabel    Domain = "label"
)

// Spread limits over how many groups of clusters a template goes. Clusters that
// belong to no group of the Domain are left out. As many groups are taken as Max
// allows; of replicas that are told out each group up to Min gets one, as far as
// there are any.
type Spread struct {
	Domain Domain
	Label  string // of ByLabel
	Min    int    // Defaults to 1
	Max    int    // 0: any number
}

// Scheduling says how replicas are told out.
type Scheduling struct {
	Mode Mode
	// Weights of Weighted, each for the clusters that its Affinity selects; of
	// several that match, the greatest counts. A cluster that none selects gets nothing.
	// None at all: every cluster has the weight 1.
	Weights []Weight
	// Limits of single clusters, by name; "*" is for those without an own. To have
	// clusters that are not named get nothing, let "*" have a Max of 0.
	Limits map[string]Limit
	// Rebalance moves replicas that run to where the weights want them. Otherwise
	// they stay, and only what is missing or too many is told out.
	Rebalance bool
	// Regions of Geography, the nearest first. Those not named come last.
	Regions []string
	// SpillOver has replicas that do not fit (by capacity) told out among the other
	// clusters that can hold them.
	SpillOver bool
	// Heaviest has what is left over by rounding given to the heaviest clusters, one
	// each, as Karmada's scheduler does. Otherwise it goes where rounding took most
	// away, so that no cluster is off its exact part by a whole replica.
	Heaviest bool
}

// Mode is a way to tell out replicas.
type Mode string

// All Modes.
const (
	Duplicated Mode = "Duplicated" // all replicas in each cluster
	Weighted   Mode = "Weighted"   // by Weights
	Dynamic    Mode = "Dynamic"    // by how many replicas each cluster can hold more
	Aggregated Mode = "Aggregated" // in as few clusters as can hold them
	Even       Mode = "Even"       // the same number everywhere
	Cheapest   Mode = "Cheapest"   // in the cheapest cluster that can hold them, the rest in the next
	Geography  Mode = "Geography"  // in the nearest region that can hold them, the rest in the next
)

// Weight is a weight of the clusters that an Affinity selects.
type Weight struct {
	Affinity Affinity
	Weight   int64
}

// Limit is how many replicas a cluster gets at least and at most.
type Limit struct {
	Min    int32
	Max    *int32 // nil: any number
	Weight *int64 // nil: of Weights
}

// Target is a cluster that gets a template, with as many replicas. Replicas is 0
// for templates without any.
type Target struct {
	Cluster  string
	Replicas int32
}

// Decision is where a template goes. It is never partly right: on an error there
// are no Targets, and the previous placement stands.
type Decision struct {
	Targets  []Target // sorted by name
	Affinity string   // the group that counted
	// Unplaced replicas fit nowhere.
	Unplaced int32
	// Passed are the groups that were tried before (or, if none counted, all), each
	// with why it was passed over.
	Passed []string
	// Reasons has one for each cluster there is, sorted by name.
	Reasons []Reason
}

// Reason is why a cluster gets what it gets, for people.
type Reason struct {
	Cluster string
	Kept    bool
	Why     string // "taint cluster.karmada.io/unreachable:NoSchedule is not tolerated"
}

// Placer decides where a template goes. Planner is one; an Index (of New) does the
// same for many requests on the same clusters. Place is pure and deterministic: the same
// arguments in any order give the same Decision. It keeps nothing it is given, and
// may be called from any goroutine.
//
// Errors are for people: they say which rule cannot be kept, and by how much.
type Placer interface {
	Place(r Request, clusters []*cluster.Cluster) (Decision, error)
}
