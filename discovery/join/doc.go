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
// It is not an object cache: of an object it keeps what DNS needs, the endpoints
// of a slice as one byte string (see packed.go: 5 octets an IPv4 endpoint), and
// of a Group that was told only a fingerprint.
//
// It imports discovery/cluster, its packed, discovery/guarantee and the Kubernetes
// API types, and does no I/O.
package join
