// Package answer turns a query into its answer, from the zones published to it.
//
//	Publish ─► zoneSet ── Zone ── Snapshot            read by the readable path: lookup.go, RFC 1034 §4.3.2
//	       ├─► table ──── finished answers, by name   read by the hot path: hot.go, one look-up and a copy
//	       └─► census ─── which names do not exist    read by it where the table has nothing
//
// The table has what was in a zone when it was first served, and of what was
// published since, the names that were asked for: a query for another one is
// answered from the Snapshot (warm.go) and has it compiled (wanted.go, compiler.go).
// See docs/adr/0011.
//
// Both paths give byte-identical answers where both apply. The hot path takes
// the plain cases: a name that exists with data or without, one that does not
// exist, by a client that sends no EDNS, or a plain one, or one with a cookie. It
// hands everything else over: CNAME, DNAME, wildcards, referrals, signed zones,
// answers that must be truncated, other EDNS options, TSIG.
//
// What cannot be answered at once is put off: Respond says Later, and the
// transport has Finish give it. See docs/adr/0006.
//
// Datagrams come in batches: before any is answered, what the table has for all of
// them is read from memory at once (Prefetch).
//
// Queries read what is published by atomic loads only; they never wait for a
// writer, start a goroutine or, on the hot path, allocate.
//
// It imports dnsserver/{dnsname,wire,zone,policy,tsig,dnssec,forward} and the
// standard library only.
package answer
