// Package wire reads and writes DNS messages in place: a Query is parsed
// without a copy or an allocation, a Writer composes an answer into the buffer
// it is given.
//
//	 0  ID      2  flags    4  QDCOUNT  6  ANCOUNT  8  NSCOUNT  10  ARCOUNT
//	12  QNAME … QTYPE QCLASS | answer | authority | additional (OPT)
//
// It imports the standard library and dnsserver/dnsname only.
package wire
