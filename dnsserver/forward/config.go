package forward

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

const (
	defaultCacheSize   = 10_000
	defaultCacheOctets = 32 << 20
	// defaultMaxTTL is below what RFC 8767 §4 allows: load balancers move.
	defaultMaxTTL         = time.Hour
	defaultNegativeMaxTTL = 5 * time.Minute // RFC 2308 §5 suggests hours; a name that was just made must appear sooner
	defaultStale          = 24 * time.Hour  // RFC 8767 §5: 1 to 3 days
	defaultStaleAfter     = 1800 * time.Millisecond
	defaultTimeout        = time.Second
	// defaultHedge is past what a cached answer takes on any path, so that a
	// second server is asked only for what the first has to look up itself.
	defaultHedge       = 250 * time.Millisecond
	defaultMaxInFlight = 1024
	waitingPerFlight   = 8

	// flightTimeouts is how many tries, one after the other, a flight has time for.
	flightTimeouts = 5
	// share is the part of a bound that one client may take: one in so many.
	share = 4

	portDNS, portTLS = 53, 853 // RFC 1035 §4.2, RFC 7858 §3.1
)

// Upstream is a recursive server. Without TLS it is asked by UDP, and by TCP
// where the answer does not fit or does not come.
type Upstream struct {
	Addr netip.AddrPort // port 0: 53, or 853 with TLS
	TLS  bool           // DNS over TLS (RFC 7858), never in the clear
	// ServerName is what the certificate must be for. Empty: the address.
	ServerName string
}

// Config says whom to ask and what may be kept. Zero fields take the defaults.
type Config struct {
	Upstreams []Upstream // at least one

	CacheSize   int // entries; defaults to 10,000
	CacheOctets int // memory of all entries, estimated; defaults to 32 MiB

	MinTTL         time.Duration // floor of positive TTLs; defaults to 0, as given
	MaxTTL         time.Duration // cap of positive TTLs; defaults to 1 h
	NegativeMaxTTL time.Duration // cap of negative TTLs (RFC 2308 §5); defaults to 5 min

	Stale      time.Duration // how long past its TTL an answer may be given (RFC 8767); defaults to 1 day, negative: never
	StaleAfter time.Duration // how long a client waits before it gets the stale answer (RFC 8767 §5); defaults to 1.8 s

	Timeout time.Duration // of one try with one upstream; defaults to 1 s. A flight has five times as much.
	Hedge   time.Duration // how long one upstream may be silent before the next is asked too; defaults to 250 ms

	MaxInFlight int // names asked for at once; defaults to 1,024. Eight times as many callers may wait.

	Own     func(dnsname.Name) bool // names that never go upstream; nil: none. Called from any goroutine.
	RootCAs *x509.CertPool          // for TLS; nil: the system's
	Log     *slog.Logger            // nil: slog.Default
}

// withDefaults is c with the zero fields filled in, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if len(c.Upstreams) == 0 {
		return c, errors.New("no upstream to forward to")
	}
	upstreams := make([]Upstream, len(c.Upstreams))
	for i, u := range c.Upstreams {
		if !u.Addr.Addr().IsValid() || u.Addr.Addr().IsUnspecified() {
			return c, fmt.Errorf("upstream %d has no address", i+1)
		}
		if u.Addr.Port() == 0 {
			port := uint16(portDNS)
			if u.TLS {
				port = portTLS
			}
			u.Addr = netip.AddrPortFrom(u.Addr.Addr(), port)
		}
		upstreams[i] = u
	}
	c.Upstreams = upstreams
	c.CacheSize = cmp.Or(c.CacheSize, defaultCacheSize)
	c.CacheOctets = cmp.Or(c.CacheOctets, defaultCacheOctets)
	c.MaxTTL = cmp.Or(c.MaxTTL, defaultMaxTTL)
	c.NegativeMaxTTL = cmp.Or(c.NegativeMaxTTL, defaultNegativeMaxTTL)
	c.Stale = max(cmp.Or(c.Stale, defaultStale), 0)
	c.StaleAfter = cmp.Or(c.StaleAfter, defaultStaleAfter)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Hedge = cmp.Or(c.Hedge, defaultHedge)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, defaultMaxInFlight)
	for what, v := range map[string]int64{
		"CacheSize": int64(c.CacheSize), "CacheOctets": int64(c.CacheOctets), "MaxTTL": int64(c.MaxTTL),
		"NegativeMaxTTL": int64(c.NegativeMaxTTL), "StaleAfter": int64(c.StaleAfter), "Timeout": int64(c.Timeout),
		"Hedge": int64(c.Hedge), "MaxInFlight": int64(c.MaxInFlight),
	} {
		if v < 0 {
			return c, fmt.Errorf("%s is negative", what)
		}
	}
	if c.MinTTL < 0 || c.MinTTL > c.MaxTTL {
		return c, fmt.Errorf("MinTTL %v is not between 0 and MaxTTL %v", c.MinTTL, c.MaxTTL)
	}
	if c.Own == nil {
		c.Own = func(dnsname.Name) bool { return false }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c, nil
}
