// Package rfc2136 writes to a zone that a name server takes updates for (RFC
// 2136): BIND, Knot, PowerDNS and others.
//
//	Apply    UPDATE   prerequisites: each Change's Old, exactly
//	                  updates: what differs between Old and New
//	Records  AXFR     (RFC 5936)
//	Read     queries, and an UPDATE of prerequisites alone
//	Confirm  the SOA's serial at the secondaries
//
// Every message goes over TCP, or TLS, and is signed (RFC 8945) when there is a
// key. An UPDATE is made whole or not at all, and the server compares before it
// writes: what fedns expects is in the message.
//
// What a prerequisite does not compare is the TTL (RFC 2136 §1.1.1). A TTL that
// somebody changed by hand does not fail a Batch: it is put right when the record
// set is written next, or when the audit lists the zone.
//
// Two things an UPDATE does without saying so. A record of a CNAME's name, or a
// CNAME beside other records, is left out and the answer is NOERROR (RFC 2136
// §3.4.2.2); so a Batch that brings either has prerequisites that there is no
// such thing. And a query for a name that does not exist may be answered by a
// wildcard; so Read has the server confirm what was answered as a prerequisite,
// which no wildcard matches (§1.1.3).
//
// What the server maintains by itself in a signed zone (RRSIG, NSEC and others)
// is left out of what is read, and never written.
//
// The server named has to be the primary. A secondary that forwards updates (§6)
// would answer with what it had before. A server that signs a copy of the zone
// (BIND's inline-signing) does the same, for a moment.
//
// It imports hosted, dnsserver/dnsname, zone, zonefile and tsig, and miekg/dns.
package rfc2136
