// Package placement decides to which clusters a template goes, and with how many
// replicas in each. It is a pure function of a Request and the clusters, and keeps
// its reasons. It imports the API's types and federation/cluster, nothing else of
// ours, and no client.
//
//	Request ──► affinity ──► taints, kinds, evictions ──► spread ──► replicas ──► Decision
//	              groups         filter                    groups      told out
//
// A file is a step: selector, plan (what bars a cluster), candidate (weight, room,
// limits, and which come first), spread and choice, division and apportion, reason.
// Index has ready what does not depend on a request, for who places many.
//
// The rules are those of KubeFed's ReplicaSchedulingPreference and Federation v1's
// preferences (Mode Weighted), and of Karmada's replicaScheduling (Duplicated,
// Weighted with Rebalance, Dynamic, Aggregated; Heaviest rounds as it does). Where
// they document results, example_test.go holds us to them.
package placement
