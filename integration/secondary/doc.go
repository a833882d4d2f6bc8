// Package secondary has real name servers follow fedns as secondaries, by
// NOTIFY and IXFR with TSIG, and compares what they answer with what it answers.
//
//	traffic ─ 2,000 changes a second ─► primary ─ NOTIFY ─► BIND, Knot, NSD
//	                                       ▲ ◄─ SOA, IXFR ─┘        │
//	                                       │                        │
//	                  every name and type asked of all, compared ◄──┘
//
// BIND and Knot find the zones in the catalog zone (RFC 9432). NSD 4.6 knows no
// catalogs; its zones are written into its configuration.
//
// The zones' SOA says two hours until a secondary asks by itself, so whoever
// follows within seconds was told by NOTIFY; whatever NOTIFY is lost for good
// makes a test fail.
//
// FEDNS_SOAK=1 has the changes go on for two minutes. FEDNS_SECONDARY_SEED gives
// the changes of an earlier run.
package secondary
