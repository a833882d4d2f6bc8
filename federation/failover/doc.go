// Package failover decides when a template moves away from a cluster, and when what
// it leaves behind may go. It is pure: what it knows is told, the time included.
//
//	taints, tolerations, health ──► Evict ──► placement ──► Move ──► State of the next Binding
//	                                  ▲                       │
//	                      Lost: how many at once              └─► when to look again
//
// Two promises hold it together. Nothing is evicted before its toleration is over,
// nor when so many clusters are lost at once that the loss may be one's own. And
// nothing that runs is taken away while what replaces it is not ready, until a
// grace is over.
//
// It imports the values of federation, and nothing that acts.
package failover
