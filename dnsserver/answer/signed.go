package answer

import (
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// Signer makes what DNSSEC adds to the answers of one zone: see dnssec.Signer,
// whose contract it has.
type Signer interface {
	Sign(r zone.RRset) (zone.RRset, error)
	SignExpanded(r zone.RRset) (zone.RRset, error)
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
