// Package zonefile reads the RFC 1035 zone files of one zone into RRsets with
// canonical RDATA, and refuses a zone that could not be answered truthfully,
// naming file and line.
//
//	files ─► entries ─────────► records ────────────► RRsets, sorted ─► checked Set
//	         logical lines,     owner, TTL, type by    canonical order    RFC 1034, 2181,
//	         tokens with lines  us; RDATA by miekg/dns                    4592, 6672
//
// Entries are split here and not by miekg's parser, because only so every good
// record has a line, a quote left open costs one line and not the rest of the
// file, and $INCLUDE stays in its folder. What follows the type goes to miekg's
// ZoneParser as one line, so that every type it knows can be written as usual
// and any other as RFC 3597 has it.
//
// RDATAParser and RDATAText do the same for single records, as the APIs of hosted
// zones have them.
//
// It imports dnsname, zone and miekg/dns. Nothing here is kept between calls:
// Read may run concurrently with itself.
package zonefile
