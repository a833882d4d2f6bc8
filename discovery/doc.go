// Package discovery turns what the member clusters report into zone edits: the
// Engine runs one Source a cluster, keeps every Group they report, and publishes
// what a change of Groups changes in the records.
//
//	Source ─┐                     ┌─ store: Groups, packed
//	Source ─┼─ Update ──► loop ───┤                                 edits
//	Source ─┘              ▲      └─ synth: records before, after ────────► Publisher
//	                       │
//	ingress: hostnames' addresses, SetMembers, SetFederation
//
// No record is kept: the records of a Service before a change are made once more
// from the Groups before it, as far as they may differ from those after. There is no timer between a change and its
// publication: the loop takes one Update, whatever else waits behind it, and
// publishes once.
//
// What a cluster was heard to hold stands until the cluster itself is seen to
// hold it no longer (a Withdrawn Group, or a finished first listing of a new run
// without it), or the operator removes the cluster. Silence, errors, panics and
// the end of Run withdraw nothing. A panic costs the Service or the cluster that
// it hit a new try, nobody else anything.
//
// With a Keeper, what was last known of the members outlives a restart: it is
// answered before anything is heard, and stands as what was heard does, until the
// first whole listing of a cluster sweeps what is gone.
//
// It imports its children cluster, evidence, guarantee, synth, ingress, state and
// store, dnsserver/zone, dnsserver/dnsname and the standard library.
package discovery
