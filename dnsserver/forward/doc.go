// Package forward resolves names outside our zones through recursive servers:
// the targets of aliases that lead out of a zone and, where the operator says
// so, any other name. Who may ask is the caller's matter.
//
//	Cached ──► cache ◄── store, failed ── flight (one a name and type) ──► ask ──► exchange
//	              │                          ▲                        health,     UDP, TCP, TLS
//	Resolve ──────┴── miss: join or start ───┘                        hedging
//	              └── expired: waits, then gives the stale answer (RFC 8767)
//
// Cached never waits. Resolve waits for a flight, no longer than its own
// context; the flight goes on without it, bounded by a deadline of its own, and
// fills the cache. Flights, callers that wait, cache entries and connections all
// have a bound, and one client holds no more than a quarter of the first two.
//
// Against forged answers (RFC 5452): every datagram has a socket with a port the
// kernel picked at random, a random ID and a QNAME in random case ("0x20") that
// the answer must repeat. Of an answer only the chain of aliases from the QNAME
// is taken, the RRset at its end, and the SOA of a negative answer. Nothing an
// upstream says about a name of ours is believed.
//
// It imports dnsserver/{dnsname,wire,zone}, github.com/miekg/dns,
// github.com/hashicorp/golang-lru and the standard library only.
package forward
