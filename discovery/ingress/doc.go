// Package ingress keeps the addresses of LoadBalancer hostnames current. Cloud
// load balancers move behind their names, so a hostname is asked again whenever
// the TTL of its last answer has passed, for as long as a Service wants it.
//
//	Acquire, Release ──► hostnames wanted ──► schedule (pure) ──due──► workers ──► upstream servers
//	                                              ▲                      │
//	                     Change ◄── differs ◄─────┴────── answer ◄───────┘
//
// Only an answer is evidence. A failure (timeout, SERVFAIL, nonsense) keeps the
// last good addresses, however long it lasts, and a name that stops to exist must
// do so twice in a row before its addresses go.
//
// It imports dnsserver/dnsname, github.com/miekg/dns and the standard library.
package ingress
