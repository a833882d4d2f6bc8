// Package manifest follows a folder of Kubernetes manifests as if it were a
// member cluster: an edge site without an API server, a demo, a test.
//
//	folder ─ fsnotify + a look every other second ─► folder.read
//	  a.yaml ─ documents ─ decode ─► objects ─┐
//	  b.json ─ documents ─ decode ─► objects ─┼─ first of each name ─► join.Join ─► chan cluster.Update
//	  c.yaml (malformed: its last good ones) ─┘
//
// Read are *.yaml, *.yml and *.json in the folder itself, not below it; names
// that begin with a dot are left out, so a mounted ConfigMap (..data) works.
// Of their objects Service, EndpointSlice, ServiceExport, Node, Ingress, Gateway,
// HTTPRoute and Lists of them count; others are left alone. Status is taken as the file gives it,
// and nothing is made up: a Service has the endpoints its EndpointSlices say.
//
// # What is evidence
//
// A file that the folder does not list any more, or that can be read and no
// longer holds an object, says that the object is gone, once it has said so for
// a quarter of a second: an editor that truncates before it writes must not
// withdraw anything. A file that changes all the time is taken as it is after
// two seconds, beside what its versions held meanwhile. A file that is malformed,
// too large, or listed but unreadable (a link to nothing, a folder in its place,
// no permission, a disk that fails) says nothing, and its last good content stands.
// A folder that cannot be read, or that is suddenly another one and empty (a
// volume that is not mounted), is an unreachable cluster.
//
// A file that was at fault from the beginning keeps the cluster from being
// Live: it is not known what it holds. What the other files hold is reported.
//
// It imports discovery/cluster, discovery/guarantee, discovery/join and the Kubernetes
// API types.
package manifest
