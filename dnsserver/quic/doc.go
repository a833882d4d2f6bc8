// Package quic moves DNS messages between QUIC streams and a Responder (RFC
// 9250). It knows bytes, not DNS, but for the message ID, which is 0 there.
//
// Each query has a bidirectional stream of its own, on which its answers follow
// it, with a length before each:
//
//	client:  length, query, FIN
//	server:  length, answer, [length, answer, …] FIN
//
// A client that breaks those rules loses its connection; one that is slow, or
// is owed no answer, its stream. Connections are counted from the first packet
// on, those of each client too; while many shake hands, clients must show that
// their address is theirs (RFC 9000 §8.1.2). 0-RTT is off: what is replayed is
// answered to nobody (RFC 9250 §4.5).
//
// It imports the standard library, quic-go and dnsserver/stream only.
package quic
