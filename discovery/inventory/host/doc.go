// Package host follows the inventories that are objects of a host cluster: it
// lists and watches their kinds, and the Secrets they refer to, and keeps the
// Table of what they state. What an object means is a Kind's Read.
//
//	host cluster ── kubernetes.Follower ─► objects ┐
//	                                      Secrets ─┴─ Kind.Read ─► inventory.Table ─► List
//
// A kind that the host does not serve (its CRD is absent) is no fault: it is
// looked for every few seconds. A Secret that is missing or malformed leaves its
// cluster as it was last good.
//
// It imports discovery/inventory, discovery/kubernetes and client-go.
package host
