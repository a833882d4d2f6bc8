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
// A name whose name server is silent holds a question open for seconds, and there
// may be hundreds. So names that failed last time come after all others and hold
// a quarter of the workers at the most, and a name that is not answered in a
// moment gives way when all workers are taken and others wait: it is asked again
// among those that failed, and given its time there.
//
// It imports discovery/cluster, dnsserver/dnsname, github.com/miekg/dns and the
// standard library.
package ingress
