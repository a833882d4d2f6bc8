// Package cluster holds what every part of discovery shares: the identity of a
// member cluster, the Groups a Source reports of it, and what is known of its
// reachability. It is pure data: no sockets, no Kubernetes client.
//
//	Source (kubernetes, manifest) ── Update ──► discovery ──► synth ──► zone edits
package cluster
