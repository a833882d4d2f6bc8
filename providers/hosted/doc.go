// Package hosted is what all of providers shares: what a hosted zone holds, how
// it is changed, and what a provider can and cannot do. A hosted zone is a DNS
// zone that somebody else serves for us: Route 53, Cloud DNS, a name server that
// takes updates (RFC 2136), a webhook.
//
//	Entry   everything of one owner name and type
//	 └ Set  one record set of it: the only one, or one of several with a set identifier
//	        each, among which the provider's routing policy chooses
//	Change  an Entry before and after, exactly
//	Batch   Changes that a provider makes all together or not at all
//
// It is pure data and the interface Zone, which every provider implements. It
// imports dnsserver/zone, dnsserver/dnsname and the standard library only.
package hosted
