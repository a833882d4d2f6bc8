// Package probe tries whether a cluster's data plane works, from outside: it
// connects to gateways into the cluster, as clients do.
//
//	Set: clusters, targets ──► Prober ─ a goroutine a target ─ try ─► streak ─┐
//	                                                                          ├─ fold ─► Report
//	                                                    (each cluster's) ─────┘
//
// # What is evidence
//
// A try is good when the TCP connection is made, or HTTP answers with 2xx or 3xx.
// Redirects are not followed: where they lead may be another cluster. It has failed
// when the target refuses, does not answer in time, shows a certificate that is not
// its own, answers something else, or has no address (NXDOMAIN). It says nothing
// when the fault may be ours: a name server that does not answer, a file of
// certificates that cannot be read, no descriptors left.
//
//	of the last tries of a target                  the target is
//	Successes good in a row                        Up
//	Failures failed in a row                       Down
//	Failures that say nothing in a row             Unknown
//	anything else                                  what it was; at first Unknown
//
//	of a cluster's targets                         the cluster is
//	one is Up                                      Up: there is a way in
//	all are Down                                   Down
//	else, or there are none                        Unknown
//
// Each try makes a connection of its own. One that was kept would go on working
// through a load balancer that lets nobody new in, and says nothing of new clients;
// and a target that balances by connection shows all of its backends in turn.
// No proxy of the environment is used: its health is not the cluster's.
//
// A target that a reload leaves as it is keeps its state, whatever else changes.
//
// It imports discovery/cluster and the standard library.
package probe
