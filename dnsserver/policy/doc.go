// Package policy decides what a request may have: whether its source is served
// at all, whether its cookie is ours, how many responses it gets a second, who
// may transfer and who may recurse. Every transport passes the same Policy.
//
// A Policy never changes, so that whoever holds one asks it without a lock; what
// it counts it counts in atomic slots. It reads addresses and cookies, not
// messages, and imports the standard library and dnsserver/tsig only.
package policy
