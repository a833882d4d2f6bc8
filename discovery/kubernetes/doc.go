// Package kubernetes watches a member cluster through its API server, with
// list and watch only, and reports what DNS needs of it.
//
//	services ───────┐ reflector ─ pack ─┐
//	endpointslices ─┤ (client-go, one   ├─► join.Join ──┐  dirty Services, each once
//	nodes ──────────┤  a resource)      │               ├─► pump ─► chan cluster.Update
//	serviceexports ─┘                   └─► health ─────┘  phase, reason, last sync
//
// Objects are packed as they are decoded, so that neither a first list nor the
// steady state holds Kubernetes objects. A receiver that is slow costs no
// memory: what waits is a set of Services, in which changes to one collapse.
//
// # What is evidence
//
// An object is gone when a DELETE event says so, or when a complete LIST (or
// the initial events of a watch, up to their closing bookmark) lacks it. Lists
// are read at the newest resource version, never at "any": what an API
// server's cache has not heard of yet is not gone. Nothing else withdraws: not
// an error, not a closed watch, not a status.
//
// In particular a cluster that answers 404 for serviceexports says nothing
// about the ServiceExports that were there: removing the CRD deletes them
// first, one DELETE event each, and those are seen. If they were not seen (the
// CRD went while the cluster could not be reached), what is known stands, with
// a warning in the log, until the CRD is back and its list lacks them, or the
// operator evicts the cluster. On a cluster without the CRD from the beginning
// there is nothing to stand; it is Live without it.
//
// # Faults
//
// Services, endpointslices and, where the rules ask for them, serviceexports
// have to be followed for the cluster to be Live. Nodes only tell where the
// cluster is: without them there is no Topology, and no fault. A dead peer is
// noticed by HTTP/2 pings in 15 s (by TCP keepalives in 20 s where there is no
// HTTP/2), whatever else by deadlines: 5 s to connect, 30 s for the first octet
// of an answer, ListTimeout for a page, 3 min for a watch, which is opened anew
// that often for this reason (10 min where it began by streaming a list).
//
// It imports discovery/cluster, discovery/guarantee, discovery/join and client-go.
package kubernetes
