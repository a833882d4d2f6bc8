// Package stream moves length-framed messages (RFC 1035 §4.2.2, RFC 7766)
// between TCP connections, or TLS ones (RFC 7858), and a Responder. It knows bytes, not DNS.
//
// A connection is served by one goroutine, which answers pipelined messages in
// the order they came and writes the answers that are ready together, before it
// waits for anything. Answers that take time are given in between (RFC 7766
// §7). All connections together are bounded, and so is each
// client's share; as many as there are processors answer at once, in turn.
//
// Door, Places and Turns are what other transports take from here as well.
//
// It imports the standard library only.
package stream
