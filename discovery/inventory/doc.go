// Package inventory holds what the sources of member clusters share: what an
// inventory states of a cluster, when a cluster that it no longer states is
// gone, and whose word counts when several state the same one. It is pure data
// and decisions: no sockets, no Kubernetes client, no clock.
//
//	kubeconfigs   files on this host ──┐
//	secrets       ┐                    │
//	clusterprofile│ objects of a host ─┼─ Object ─► Table ─ List ─► Merge ─► member clusters
//	membercluster │ cluster (host)     │            an inventory    all of them, in the
//	karmada       │                    │                            configuration's order
//	kubefed       ┘                    │
//
// # What removes a member
//
// Its object's observed deletion: a DELETE event, or a complete list without it.
// A list that lacks too many members at once is not believed: they are held, with
// a finding, until each is seen deleted or the configuration changes. That the
// host cannot be reached, or that an object has become malformed, removes nothing:
// what was good last stands.
//
// It imports discovery/cluster.
package inventory
