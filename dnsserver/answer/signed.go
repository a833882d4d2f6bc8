package answer

import (
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Signer makes what DNSSEC adds to the answers of one zone. It is safe for
// concurrent use and does not wait for anything.
type Signer interface {
	// Sign gives the RRSIG RRset over r (RFC 4034 §3). An error says that it
	// cannot be had now.
	Sign(r zone.RRset) (zone.RRset, error)
	// Deny gives the NSEC, unsigned, that says which types a name has, or that it
	// does not exist (RFC 9824 §3). TTL is in seconds.
	Deny(name dnsname.Name, types []uint16, exists bool, ttl uint32) zone.RRset
}

// SetSigner has a zone's answers signed from now on; nil: no longer. A zone that
// is not served is left alone.
func (e *Engine) SetSigner(apex dnsname.Name, s Signer) {
	z, ok := e.zones.Load().byApex[apex.Wire()]
	switch {
	case !ok:
	case s == nil:
		z.signer.Store(nil)
	default:
		z.signer.Store(&s)
	}
}
