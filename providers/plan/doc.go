// Package plan decides what to write to a hosted zone, and says why. It is pure:
// the same values give the same Actions, nothing is called and nothing kept.
//
//	zone's RRsets, shards ──► Want ─┐
//	                                ├─► Name ─► an Action a key: create, replace, delete, leave, refuse
//	hosted zone's Entries ──► Have ─┘           and its Changes, the claim's TXT with them
//
// An Entry may be shared by several owners. Of a record set without an identifier
// each has the records that its claim names; of those with one, each has whole
// sets. What nobody claims is not touched.
//
// It imports providers/hosted, providers/ownership, dnsserver/zone,
// dnsserver/dnsname and the standard library.
package plan
