package policy

import (
	"net/netip"

	"github.com/fedns/fedns/dnsserver/tsig"
)

// Transport is what a request came by.
type Transport uint8

// The transports.
const (
	UDP Transport = iota
	TCP
	TLS
	HTTPS
	QUIC
	Transports // how many there are
)

// String is the transport's name in metrics and logs.
func (t Transport) String() string {
	return [...]string{"udp", "tcp", "tls", "https", "quic"}[t]
}

// Encrypted says that nobody on the way reads along.
func (t Transport) Encrypted() bool { return t >= TLS }

// Transfers says that the transport may carry zone transfers: several messages
// an answer (RFC 5936, RFC 9103, RFC 9250).
func (t Transport) Transfers() bool { return t == TCP || t == TLS || t == QUIC }

// Config is what a Policy is made of. The zero Config serves everybody, lets
// nobody transfer or recurse, and does not know cookies.
type Config struct {
	Query    *Prefixes     // who is answered at all; nil: everybody
	Transfer []Grant       // who may transfer zones; any one is enough
	Recurse  Prefixes      // for whom names outside of the zones are resolved
	Cookies  *Cookies      // nil: cookies are not looked at
	Limiter  *Limiter      // nil: no rate limit
	Keys     *tsig.Keyring // what requests may be signed with; nil: nothing

	ServerID string // for NSID and id.server; empty: told to nobody
	Version  string // for version.bind; empty: told to nobody
}

// Grant is who may do something: addresses, a TSIG key's holder, or, where both
// are given, only both together.
type Grant struct {
	From *Prefixes // nil: from anywhere
	Key  string    // the key's name in presentation form, lower case; empty: without one
}

// Policy answers what a request may have. It never changes; it is safe for
// concurrent use.
type Policy struct {
	Config
	open bool
}

// New makes a Policy.
func New(cfg Config) *Policy { return &Policy{Config: cfg, open: cfg.Query == nil} }

// Admits says that a client is answered at all.
func (p *Policy) Admits(from netip.Addr) bool { return p.open || p.Query.Contains(from) }

// MayRecurse says that names outside of the zones are resolved for a client.
func (p *Policy) MayRecurse(from netip.Addr) bool { return p.Recurse.Contains(from) }

// MayTransfer says that a client may have whole zones; key is that of the TSIG
// that its request was signed with, empty when it was not.
func (p *Policy) MayTransfer(from netip.Addr, key string) bool {
	for _, g := range p.Transfer {
		if g.Key != "" && g.Key != key || g.From == nil && g.Key == "" {
			continue
		}
		if g.From == nil || g.From.Contains(from) {
			return true
		}
	}
	return false
}
