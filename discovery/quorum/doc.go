// Package quorum makes one signal of what several replicas of fedns see of a
// cluster, so that a replica that is cut off neither takes clusters down for the
// others nor, while others see them, for itself.
//
//	own probes ─ SetData ─┐              ┌─ Agree ──► Report: data, API, who disagrees
//	own watches ─ SetAPI ─┼─► Agreement ─┤
//	                      └─ view ─┐     └─ views of the others
//	                      Lease fedns-<identity> in the host cluster, one a replica
//
// Each replica writes its view into a Lease of its own, every 5 s and within a
// second of a change, and lists the others' every 2 s: a handful of small objects,
// for which a watch would have to be watched itself. Nobody leads, and nothing is
// decided for others: each replica decides by itself, by the same rule, from the
// same views.
//
// # What counts
//
// A replica is fresh while its Lease was seen to move in the last 15 s before the
// last list, by the clock here. One that was not seen to move yet counts for 15 s
// as fresh without an opinion: it may be alive, so its silence speaks against Down,
// and it may be long dead, so what it said speaks for nothing. Leases that did not
// move for an hour are deleted.
//
// Of n fresh replicas, this one among them, u see a cluster up and d see it down;
// the others have no opinion:
//
//	2d > n           Down: a strict majority of all, with an opinion or without
//	else, u > 0      Up: it was seen to work, which nobody can see by mistake
//	else, d > 0      Down if it was Down before: a replica that has just begun takes
//	                 back nothing; else Unknown
//	else             Unknown
//
//	n  d  u          n  d  u               n  d  u
//	1  1  0  Down    2  2  0  Down         3  2  1  Down
//	1  0  1  Up      2  1  1  Up           3  1  2  Up
//	1  0  0  ?       2  1  0  ?            3  1  1  Up
//	                 2  0  1  Up           3  1  0  ?
//	                                       4  2  2  Up
//
// So where three or more agree that a cluster is up, or that it is down, one more
// replica changes nothing, whatever it says.
//
// # Without the host cluster
//
// Who has not listed the Leases for 15 s does not know whether others see what it
// does not see. If it sees at least one cluster up, by probes or by its API server,
// it is the host cluster that is away: it goes by its own view, and says so. If it
// sees nothing up it is this replica that is cut off, and what was agreed last
// holds, with Up from its own view where there is any. The same goes for a replica
// that has just begun, for the first 15 s, in which it has not heard of the others:
// until then nothing is Down.
//
// Where no host cluster is configured there is one replica, and its view is all.
//
// It imports discovery/cluster, the Kubernetes API types and client-go.
package quorum
