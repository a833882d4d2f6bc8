// Package webhook writes through any provider of external-dns that speaks its
// webhook protocol: an HTTP server beside fedns, which knows the API of some DNS
// service. fedns takes the place of external-dns before it.
//
//	GET  /                 the names that the server is for (domain filter)
//	GET  /records          everything there is, as endpoints
//	POST /adjustendpoints  endpoints as the server would make them
//	POST /records          changes: create, updateOld, updateNew, delete ─► 204
//
// An endpoint is a record set: dnsName, recordType, targets, recordTTL, and a
// setIdentifier where there are several of one name and type.
//
// The protocol has no transactions and compares nothing. So Apply lists what is
// there before it writes, and makes nothing if it is not what each Change expects.
// Between that and the write there is a window, in which two writers do not see
// each other; and a server may make a part of a Batch and then fail. Limits say
// neither Atomic nor Swaps. Nor can one record be read alone: each Read, and each
// Apply, lists the zone.
//
// What the server would make otherwise than it was told (another TTL, other
// targets), drops, or adds is refused before it is written: it would never be
// found as it was wanted.
//
// Endpoints that cannot be told as records are not shown: names that are no DNS
// names, and types that DNS does not have.
//
// It imports hosted, dnsserver/dnsname, zone and zonefile, miekg/dns for names of
// types and golang.org/x/net/idna for the domain filter.
package webhook
