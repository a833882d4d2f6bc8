// Package tide tells lists of a store that has gone back in time (etcd was
// restored from a backup, or lost) from lists of one that has not.
//
// Resource versions of one resource are numbers that only grow (KEP-5504), so
// that a list at a lower one than was ever seen is of a store that has forgotten
// something. A Table is the highest that were seen of one cluster. It belongs to
// whoever outlives the Sources of the cluster, and is kept over a restart:
//
//	discovery/state ─► Table of a member ─► Source: Reach, Lacks
//	      ▲                  │ Versions
//	      └──────────────────┘
//
// A list of a store that was given higher versions when it was restored
// (etcdutl snapshot restore --bump-revision) cannot be told from others.
//
// It imports discovery/cluster and the comparison of resource versions only.
package tide
