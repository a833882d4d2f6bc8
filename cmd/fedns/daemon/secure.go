package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver"
	"github.com/fedns/fedns/dnsserver/certificate"
	"github.com/fedns/fedns/dnsserver/transfer"
)

// secure readies TLS, HTTPS and QUIC, if any is asked for.
func (d *Daemon) secure(cfg *config.Config, ipv6 bool, dns *dnsserver.Config) error {
	l := cfg.Listen
	if len(l.TLS)+len(l.HTTPS)+len(l.QUIC) == 0 {
		return nil
	}
	pair, err := certificate.Load(l.Certificate.File, l.Certificate.Key)
	if err != nil {
		return fmt.Errorf("listen.certificate: %w", err)
	}
	dns.TLS, dns.HTTPS, dns.QUIC = listenable(l.TLS, ipv6, d.log), listenable(l.HTTPS, ipv6, d.log), listenable(l.QUIC, ipv6, d.log)
	dns.Secure = pair.TLS()
	d.parts.run(func(ctx context.Context) {
		err := pair.Run(ctx, func(err error) {
			if err != nil {
				d.log.Error("certificate was refused, the one before stays in use", "error", err)
				return
			}
			d.log.Info("certificate was changed", "expires", pair.NotAfter())
		})
		if err != nil {
			d.log.Error("certificate is not watched; it is read at the next start", "error", err)
		}
	})
	return nil
}

// catalog is the zone that lists all others; none when it has no name. Zones
// whose files cannot be read are among them: a secondary that has one keeps it.
func (d *Daemon) catalog(cfg *config.Config) []dnsserver.ZoneSpec {
	apex := cfg.Serving.Catalog
	if apex.IsZero() {
		return nil
	}
	members := slices.Collect(maps.Keys(filled(cfg)))
	for _, z := range cfg.Zones {
		members = append(members, z.Name)
	}
	records, err := transfer.Catalog(apex, members)
	if err != nil {
		d.log.Error("catalog zone cannot be made", "zone", apex.String(), "error", err)
		return nil
	}
	return []dnsserver.ZoneSpec{{Apex: apex, Static: records}}
}
