// Package zone is the zone as data: RRsets, immutable Snapshots of a whole
// zone, the Builder that makes the next Snapshot from the last, and the Changes
// between the two. It is pure data: no sockets, no Kubernetes, no DNS library.
// Discovery writes it; the answer engine, transfers and providers read it.
//
//	Snapshot ── root ─┬─ inner ─┬─ leaf page   entries in canonical order (RFC 4034 §6.1),
//	                  │         └─ leaf page   packed: key suffix, then each RRset's type, TTL, RDATA
//	                  └─ inner ─── leaf page   a page is one string: no pointers for the collector
//
// The apex, whose serial each change moves, stands beside the tree. A Builder
// copies only the pages on the way to what it changes, so a Snapshot costs in
// proportion to the change, and old Snapshots stay whole for whoever still reads
// them.
//
// A page leaves out what its entries have in common: the beginning of keys, the end
// of nodes (page.go), and within an RRset what targets share with the owner and with
// each other (packing.go). An RRset is a value that has all of it; Packed is a view.
//
// It imports dnsserver/dnsname and the standard library only.
package zone
