// Package join puts together what Kubernetes keeps apart: a Service, its
// EndpointSlices, its ServiceExport and its annotations become one
// cluster.Group, and the Nodes become one cluster.Topology. Both Sources that
// read Kubernetes objects (discovery/kubernetes, discovery/manifest) feed it.
//
//	*corev1.Service ─ FromService ─► Service ─┐
//	*EndpointSlice ─── FromSlice ──► Slice ───┤                    ┌─► Take: Groups that differ
//	ServiceExport ─────────────────► Export ──┼─► Join (by Service)┤   from the last told ones
//	*corev1.Node ───── FromNode ───► Node ────┘                    └─► Topology
//
// Ingresses, and Gateways with the HTTPRoutes on them, say where hosts are. A host
// is what a Service is, with a key of its own (cluster.HostKey): each object that has
// it claims it, and its Group is made of the claims. A Service may ask for other names
// by annotation, hosts and an alias in its namespace: what is behind them is the
// Service (see mirror.go).
//
// It is not an object cache: of an object it keeps what DNS needs, a Service and
// the endpoints of a slice each as one string of octets (see record.go, packed.go:
// 5 octets an IPv4 endpoint), and of a Group that was told only a fingerprint.
//
// A Group that a watch event changed carries when the first of these events was
// received, so that it can be told how long it took to be answered.
//
// # By which evidence things went away
//
// Who feeds a Join says how it knows that an object is gone, and the Group that
// rested on it carries the weakest of that once, with the change it made:
//
//	Delete…                                        Deleted; of custom resources what the caller says: Deleted or Doubtful
//	Replace… that lacks it                         what the caller says: Missing or Doubtful, of files Deleted
//	an EndpointSlice that changes its Service      Deleted
//	what had a host, and has it no more            Deleted
//	it came back before the change was told        nothing went away
//	a slice without ready endpoints                nothing rested on it
//	no difference in the Group                     nothing is told
//
// It imports discovery/cluster, its packed, discovery/guarantee and the Kubernetes
// API types, and does no I/O.
package join
