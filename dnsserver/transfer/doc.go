// Package transfer keeps secondaries current: it sends zones whole (AXFR, RFC
// 5936) and what changed in them (IXFR, RFC 1995), says when they changed
// (NOTIFY, RFC 1996), and lists them for secondaries to find (catalog zones,
// RFC 9432).
//
//	Snapshot, Changes ── Append ─► Journal ── Since ─┐
//	                                                 ▼
//	query ──────────────────────► Send ── messages ─► connection
//	                              Datagram ─────────► one message
//	SOA ── Changed ─► Notifier ── NOTIFY ─► secondaries
//
// Who may transfer is the caller's to say, before it calls. It imports the zone,
// its names, dnsserver/wire and dnsserver/tsig; the Notifier alone has sockets.
package transfer
