// Package dnssec signs one zone: RRset by RRset as queries ask for them, and
// whole for transfers. It holds the keys and knows when each is to be published,
// to sign and to go.
//
//	K*.key, K*.private ─► Key ─► roster: who signs what now ──┐
//	                                                          ▼
//	RRset asked for ─► cached? ─► budget ─► window ─► RRSIG (RFC 4034 §3)
//	zone.Snapshot ──► Zone: NSEC chain, every RRset with its RRSIGs, SOA first
//
// Nothing in a signature is left to chance: its times follow from the owner name,
// the type and the clock, and ECDSA is used with the nonces of RFC 6979. Replicas
// with the same keys give the same signatures, so do restarts and transfers.
// Re-signing depends on the clock alone, not on whether the zone's sources are
// up to date.
//
// Denials are compact (RFC 9824) when made for a query, and a conventional NSEC
// chain when the zone is transferred. Both hold side by side: an NSEC is the
// truth by itself.
//
// It imports dnsname, zone and golang-lru. A Signer is safe for concurrent use.
package dnssec
