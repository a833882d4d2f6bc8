package forward

import (
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/wire"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Answer is what a name resolves to. Its slices are shared between all who got
// it: read them, never change them.
type Answer struct {
	// Rcode is NOERROR, NXDOMAIN, or SERVFAIL for a name that failed a moment ago.
	Rcode wire.Rcode
	// Answer is the chain of aliases in order, one CNAME an RRset, and the RRset
	// asked for at its end, if there is one. TTLs are what is left of them.
	Answer []zone.RRset
	// Authority is the SOA of a negative answer (RFC 2308 §2); empty otherwise,
	// and where the upstream gave none.
	Authority []zone.RRset
	// Next is where the chain leads into our own zones. No upstream is believed
	// there: the caller goes on from it. Zero: the chain is complete.
	Next dnsname.Name
	// Stale says that the TTLs have passed (RFC 8767; RFC 8914 has code 3 for it).
	Stale bool
}

var servFail = Answer{Rcode: wire.ServFail}
