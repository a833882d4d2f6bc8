// Package state keeps on disk what is last known of the member clusters, so that
// it can be answered after a restart with every API server down.
//
//	Changed ─► marks, one a Service and cluster ─► Run, once a second ─► segment 7, 8, …
//	                                                │ takes the Groups as they are then
//	                                                └► base, when more was written since the last than is in it
//
// A folder holds a base, which has everything there was, and the segments
// written since, each record of which takes the place of an earlier one of the
// same Group or cluster. A segment is only written by the process that began it:
//
//	header, twice ─► record ─► record ─► …
//	header: magic 8 | version u32 | kind u32 | nonce u64 | octets of the segment before u64 | crc32c u32
//	record: marker 2 | kind u8 | length u32 | crc32c of nonce, offset, kind, length and body u32 | body
//
// What was damaged is found by its checksum and never used. After a damaged
// stretch reading goes on with the next record whose checksum is right: see
// docs/adr/0010-state-on-disk.md.
//
// It imports discovery/cluster, its packed, and the standard library only.
package state
