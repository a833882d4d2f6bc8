// Package protocol tests what the name server says and to whom, with the real
// daemon and with what others wrote: validators, clients, resolvers.
//
//	messages    what RFC 1035 and 6891 ask of odd ones, by raw sockets
//	signed      zones judged by ldns-verify-zone, dnssec-verify and Unbound
//	rollover    keys replaced while Unbound goes on validating
//	transports  kdig by each of them, and the same refusals by all
//	crowd       idle connections beside UDP
//	upstream    names outside of the zones, through CoreDNS from a pod
package protocol
