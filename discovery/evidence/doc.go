// Package evidence decides what answers may use of a member cluster, from what
// is seen of it. It decides purely: signals, the operator's word and the time go
// in, a Verdict with its reason comes out. Nothing here withdraws anything: what
// a cluster held stands until the cluster itself is seen to hold it no longer.
//
// # One cluster
//
// The signals are: API, whether its API server lets everything be listed and
// watched; data, whether probes from the replicas get through to its data plane;
// nodes, whether its nodes renew their Leases. "After" counts from the moment
// when the last of the signals that the row rests on changed.
//
//	API       nodes     data      its shards
//	up        any       up        first
//	up        not down  unknown   first
//	up        down      unknown   behind, after Policy.Unprobed: nobody keeps its endpoints up to date
//	up        any       down      behind, after Policy.Behind: clients do not get there
//	down      any       up        first, as last known: it works, only nobody is told of changes
//	down      any       down      behind, after Policy.Behind
//	down      any       unknown   behind, after Policy.Unprobed: nobody can say that it works
//	unknown   any       as with API up: it is being read, and what was last known stands meanwhile
//
// First are answered. Those behind are answered only when no first ones are left,
// and those of a drained cluster when not even such are. An evicted cluster's are
// not answered at all. What is answered and stands on neither an API server nor a
// data path that is seen to work is stale, and marked so (RFC 8914 §4.4).
//
// # Many clusters
//
// When more than Policy.HoldShare of the clusters, and at least two, are lost
// within Policy.HoldWindow of each other, then it is more likely that whoever
// looks was cut off. They stay first, and are said to be held, until enough of
// them are back or the operator drains or evicts some; and so is what is lost
// after them, for nobody could tell.
//
// # Withdrawals
//
// Guard limits how many shards may be withdrawn at a time; see there.
//
// It imports discovery/cluster, discovery/guarantee and the standard library.
package evidence
