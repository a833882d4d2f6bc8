// Package kubernetes watches a member cluster through its API server, with
// list and watch only, and reports what DNS needs of it.
//
//	services ───────┐ reflector ─ pack ─┐
//	endpointslices ─┤ (client-go, one   ├─► join.Join ──┐  dirty Services, each once
//	nodes ──────────┤  a resource)      │               ├─► pump ─► chan cluster.Update
//	serviceexports ─┤                   └─► health ─────┘  phase, reason, last sync
//	ingresses, … ───┘
//	leases of nodes ── list, every 10 s ──► pulse ──────┘  whether nodes work
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
// What a list lacks is told as weaker evidence than a deletion that was seen
// (cluster.Missing), and as the weakest (cluster.Doubtful) when the list's
// resource version is lower than one that was seen of the resource before: the
// store was restored from a backup, or lost. What was seen is in
// Config.Tides, which outlives the Source and the process; the doubt holds until the
// store's version has come to be where it was. A version that is no number proves
// neither. A store that goes back while it is watched is seen when the watches are opened
// anew, as they are when its API server is: the newest version is asked for first, for a
// watch from a version that the server has yet to reach is opened all the same, and silent.
//
// In particular a cluster that answers 404 for serviceexports says nothing
// about the ServiceExports that were there. Removing the CRD deletes them
// first, one DELETE event each, which is hardly meant: so what a DELETE event says
// of a custom resource counts once discovery has said that its definition stands,
// and is as weak as can be (cluster.Doubtful) if it does not. What was not seen
// deleted (the CRD went while the cluster could not be reached) stands, with
// a warning in the log, until the CRD is back; what its list lacks then is in doubt,
// too. On a cluster without the CRD from the beginning
// there is nothing to stand; it is Live without it.
//
// # Faults
//
// Services, endpointslices and, where the rules ask for them, serviceexports,
// ingresses, gateways and httproutes have to be followed for the cluster to be Live;
// a CRD that the cluster does not have is followed by its absence. Nodes only tell where the
// cluster is: without them there is no Topology, and no fault. A dead peer is
// noticed by HTTP/2 pings in 15 s (by TCP keepalives in 20 s where there is no
// HTTP/2), whatever else by deadlines: 5 s to connect, 30 s for the first octet
// of an answer, ListTimeout for a page, 3 min for a watch, which is opened anew
// that often for this reason (10 min where it began by streaming a list).
//
// A watch that is open is no proof that it would tell: something between may hold
// it open and drop what it carries. API servers send a bookmark about once a
// minute, so a resource that once carried one and then carries neither event nor
// bookmark for 3 min is a fault ("watch services: silent for 3m0s"), and the watch
// is opened anew. That the API server answers the opening is no evidence that the
// watch works: the silence goes on through watches that end by themselves, and only
// an event or a bookmark ends the fault. A complete list begins the 3 min anew, for
// all that was missed is in it, but does not end the fault either. A server that
// sends no bookmarks at all (one without a watch cache) is never taken for silent.
//
// # Nodes
//
// Whether the nodes work is told by their Leases in kube-node-lease: kubelets renew
// them every 10 s. That takes a right that is optional; without it, and without an
// API server that answers, the signal is Unknown, which is no fault. See pulse for
// the table. A cluster whose API is away is not Down by this signal: who cannot
// renew a Lease may serve all the same.
//
// # Other objects
//
// A Follower reads objects of whatever kind by the same rules: what inventories
// state their clusters in. A kubeconfig that comes from such an object is held in
// memory (Credentials), may name no file, and is taken up anew as it changes.
//
// It imports discovery/cluster, discovery/guarantee, discovery/join, discovery/tide,
// its own package bound and client-go.
package kubernetes
