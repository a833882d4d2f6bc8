// Package dnsserver is the name server: it keeps the content of the zones
// served, answers for them over UDP, TCP, TLS, HTTPS and QUIC, and gives them to
// secondaries.
//
//	zone files ── SetZones ─┐
//	                        ├─► content ── Builder ─► Snapshot + Changes ─► answer.Engine ─► sockets
//	discovery ─── Publish ──┘                                     └─► journal, NOTIFY ─► secondaries
//
// A zone has two kinds of content: static records, from files, and those that
// are published to it. An owner name in a file belongs to the file: what is
// published for it is kept aside, and comes back once the file lets go of it.
//
// It may import its own children and nothing of the other wings.
package dnsserver
