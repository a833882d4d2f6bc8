package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// Config is how a zone is reached at its primary.
type Config struct {
	// Apex is the zone's name.
	Apex dnsname.Name
	// Servers are addresses, HOST or HOST:PORT, of the one primary: the next is tried
	// when a connection to the one before cannot be made. The port defaults to 53,
	// with TLS to 853.
	Servers []string
	// TLS has messages encrypted. Defaults to TCP.
	TLS *TLS
	// KeyFile has the TSIG key as tsig-keygen writes it. It is read again for each
	// connection; while it cannot be, the key that was read last stays. Defaults to
	// none: nothing is signed.
	KeyFile string
	// KeyName is the key's name in KeyFile. Defaults to the only one there.
	KeyName dnsname.Name
	// Secondaries, HOST or HOST:PORT, are asked over TCP whether they have what was
	// written. Defaults to none: what the primary has counts as everywhere.
	Secondaries []string
	// Timeout is how long one message and its answer may take; of a transfer, the
	// time from one message to the next. Defaults to 10 seconds.
	Timeout time.Duration
	// Gate is asked before each message. Defaults to hosted.Open.
	Gate hosted.Gate
}

// Zone is a zone at its primary: a hosted.Zone.
type Zone struct {
	cfg     Config
	primary target
}

var _ hosted.Zone = (*Zone)(nil)

// New checks the configuration and reads the key. It does not connect.
func New(cfg Config) (*Zone, error) {
	z := &Zone{cfg: cfg, primary: target{tls: cfg.TLS}}
	if cfg.Apex.IsZero() {
		return nil, errors.New("rfc2136: zone is missing")
	}
	if cfg.Gate == nil {
		z.cfg.Gate = hosted.Open{}
	}
	if cfg.Timeout <= 0 {
		z.cfg.Timeout = 10 * time.Second
	}
	port := "53"
	if cfg.TLS != nil {
		port = "853"
	}
	if len(cfg.Servers) == 0 {
		return nil, fmt.Errorf("rfc2136: zone %s: servers are missing", cfg.Apex)
	}
	var err error
	if z.primary.addresses, err = addresses(cfg.Servers, port); err != nil {
		return nil, fmt.Errorf("rfc2136: zone %s: servers: %w", cfg.Apex, err)
	}
	if z.cfg.Secondaries, err = addresses(cfg.Secondaries, "53"); err != nil {
		return nil, fmt.Errorf("rfc2136: zone %s: secondaries: %w", cfg.Apex, err)
	}
	if cfg.KeyFile != "" {
		if z.primary.key, err = openKey(cfg.KeyFile, cfg.KeyName); err != nil {
			return nil, fmt.Errorf("rfc2136: zone %s: %w", cfg.Apex, err)
		}
	}
	if cfg.TLS != nil {
		if _, err := cfg.TLS.config(""); err != nil {
			return nil, fmt.Errorf("rfc2136: zone %s: %w", cfg.Apex, err)
		}
	}
	return z, nil
}

// addresses completes HOST to HOST:PORT.
func addresses(given []string, port string) ([]string, error) {
	var all []string
	for _, a := range given {
		host, p, err := net.SplitHostPort(a)
		if err != nil {
			host, p = a, port
			if h := len(a); h > 2 && a[0] == '[' && a[h-1] == ']' {
				host = a[1 : h-1]
			}
		}
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 || host == "" {
			return nil, fmt.Errorf("%q is no HOST or HOST:PORT", a)
		}
		all = append(all, net.JoinHostPort(host, p))
	}
	return all, nil
}

// Limits are what this Zone can and cannot do.
func (z *Zone) Limits() hosted.Limits { return Limits(z.cfg.Apex) }

// Records transfers the zone (AXFR).
func (z *Zone) Records(ctx context.Context) ([]hosted.Entry, error) {
	sets, err := z.transfer(ctx)
	if err != nil {
		return nil, fmt.Errorf("rfc2136: zone %s: %w", z.cfg.Apex, err)
	}
	return sets.entries(), nil
}

// Read asks for each of keys. It transfers the zone when queries cannot tell what
// it holds: below a zone cut or a DNAME, or when the key may not update the zone.
func (z *Zone) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	found, err := z.read(ctx, keys)
	if errors.Is(err, errHidden) {
		var all rrsets
		if all, err = z.transfer(ctx); err == nil {
			found = rrsets{}
			for _, k := range keys {
				if r, ok := all[k]; ok {
					found[k] = r
				}
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("rfc2136: zone %s: read: %w", z.cfg.Apex, err)
	}
	return found.entries(), nil
}

// unknownSerial stands in a Receipt for a serial that could not be asked for.
const unknownSerial = "unknown"

// Apply makes a Batch in one UPDATE.
func (z *Zone) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	if len(b.Changes) == 0 {
		return "", nil
	}
	u, err := z.compose(b.Changes)
	if err != nil {
		return "", err
	}
	a, err := z.send(ctx, u.message(), b.Urgent)
	switch {
	case isKeyError(err):
		return "", z.refusal(ctx, b, err)
	case err != nil:
		return "", z.failed(err)
	case a.Rcode != dns.RcodeSuccess:
		return "", z.failure(ctx, b, a.Rcode)
	}
	if err := z.remake(ctx, b); err != nil {
		return "", z.failed(err)
	}
	if len(z.cfg.Secondaries) == 0 {
		return "", nil
	}
	// It is made: no error from here on.
	serial, err := z.serial(ctx, z.primary)
	if err != nil {
		return unknownSerial, nil
	}
	return hosted.Receipt(strconv.FormatUint(uint64(serial), 10)), nil
}

// Confirm asks the secondaries for the zone's serial.
func (z *Zone) Confirm(ctx context.Context, r hosted.Receipt) (bool, error) {
	if r == "" {
		return true, nil
	}
	var want uint32
	if n, err := strconv.ParseUint(string(r), 10, 32); err == nil {
		want = uint32(n)
	} else if r != unknownSerial {
		return false, fmt.Errorf("rfc2136: zone %s: %q is no receipt", z.cfg.Apex, r)
	} else if want, err = z.serial(ctx, z.primary); err != nil {
		return false, fmt.Errorf("rfc2136: zone %s: serial at the primary: %w", z.cfg.Apex, err)
	}
	for _, s := range z.cfg.Secondaries {
		has, err := z.serial(ctx, target{addresses: []string{s}})
		if err != nil {
			return false, fmt.Errorf("rfc2136: zone %s: serial at secondary %s: %w", z.cfg.Apex, s, err)
		}
		if zone.SerialLess(has, want) {
			return false, nil
		}
	}
	return true, nil
}
