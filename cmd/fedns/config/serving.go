package config

import (
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// Certificate is a TLS certificate in two files, PEM each.
type Certificate struct {
	File string // path of the chain
	Key  string // path of the private key
}

// Serving is how queries are answered beyond what the zones say.
type Serving struct {
	ID, Version string // told by NSID and class CHAOS; empty: not at all
	Access      Access
	Cookies     Cookies
	RateLimit   RateLimit
	Keys        []string // paths of TSIG key files
	Secondaries []Secondary
	Catalog     dnsname.Name // catalog zone of the zones served; zero: none
	Forward     Forward
	DNSSEC      DNSSEC
	Dnstap      Dnstap
	QueryLog    QueryLog
}

// Access is who may have what.
type Access struct {
	Query    []netip.Prefix // who is answered; nil: everybody
	Transfer []Grant        // who may transfer zones; any one is enough
	Recurse  []netip.Prefix // for whom names outside of the zones are resolved
}

// Grant is who may transfer zones: who meets all that it gives.
type Grant struct {
	From []netip.Prefix // nil: from anywhere
	Key  string         // name of a TSIG key, with a dot at its end; empty: none is asked
}

// Cookies says how DNS cookies are made.
type Cookies struct {
	Enabled bool
	Secrets string // path of a file of secrets; empty: a random one
}

// RateLimit bounds like responses to one network, each second over UDP.
type RateLimit struct {
	Responses, Negatives, Errors int // 0: Responses unlimited, the others as Responses
	Slip                         int
	Exempt                       []netip.Prefix
}

// Secondary is a name server that is told of changes by NOTIFY.
type Secondary struct {
	Address netip.AddrPort
	Key     string // name of the TSIG key that signs; empty: none
}

// Forward is how names outside of the zones are resolved.
type Forward struct {
	To         []Upstream
	Everything bool // any name, not only what our own names lead to
	CacheSize  int  // entries
	Stale      time.Duration
}

// Upstream is a recursive resolver.
type Upstream struct {
	Address netip.AddrPort
	TLSName string // the name its certificate must have; empty: asked over UDP and TCP
}

// DNSSEC says which zones are signed.
type DNSSEC struct {
	Keys     string // path of the folder of key files
	Zones    []dnsname.Name
	Generate bool // a key is made for a zone that has none
}

// Dnstap says where is written what is asked and answered.
type Dnstap struct {
	Socket, File string // paths; at most one of them; none: nothing is written
	Sample       int    // one in so many
	Identity     string // of this server; empty: Serving.ID
	Queries      bool   // frames of responses have the query, too
}

// QueryLog is the log of queries.
type QueryLog struct {
	Sample int // one in so many is logged; 0: none
}

// secretFiles lists the files that secrets are read from.
func (s *Serving) secretFiles() []string {
	files := append([]string(nil), s.Keys...)
	if s.Cookies.Secrets != "" {
		files = append(files, s.Cookies.Secrets)
	}
	return files
}
