// Package tsig signs messages with shared secrets and checks what others signed
// (RFC 8945). It works on octets: no message is unpacked.
//
//	header | question | answer | authority | additional … TSIG
//	 ID  <─ original ID                                     │
//	                                    key name, ANY, TTL 0, algorithm, time, fudge, MAC, …
//
//	MAC of a request:  message without TSIG, variables
//	of its answer:     MAC of the request, message, variables
//	of a later one:    MAC of the last message, message, time and fudge (§5.3.1)
//
// It imports the standard library and dnsserver/dnsname only.
package tsig
