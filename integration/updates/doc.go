// Package updates has fedns's provider rfc2136 write to real name servers: the
// one suite of all providers, and what is particular to updates.
//
//	providertest ─► providers/rfc2136 ─ UPDATE, AXFR, queries, all signed ─► BIND, Knot
//	by hand      ─► nsupdate ─────────────────────────────────────────────────┘  │
//	                                       a secondary by NOTIFY and IXFR ◄──────┘
package updates
