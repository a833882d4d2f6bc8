// Package placement decides to which clusters a template goes, and with how many
// replicas in each. It is a pure function of a Request and the clusters, and keeps
// its reasons.
//
//	Request ──► affinity ──► taints, kinds, evictions ──► spread ──► replicas ──► Decision
//	              groups         filter                    groups      told out
package placement
