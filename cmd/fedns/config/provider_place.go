package config

import (
	"fmt"
	"slices"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// checkPlace: of two entries that write to one hosted zone in one owner's name, each
// would take what the other wrote for what is its own and wanted no longer.
func (r *reader) checkPlace(c *Config, i int) {
	p := &c.Providers[i]
	if p.DryRun {
		return
	}
	for j := range c.Providers[:i] {
		o := &c.Providers[j]
		if o.DryRun || o.Owner != p.Owner || !samePlace(o, p) {
			continue
		}
		for _, z := range p.Zones {
			if !z.IsZero() && slices.Contains(o.Zones, z) {
				r.want(r.seen[fmt.Sprintf("providers[%d].zones", i)],
					fmt.Sprintf("no zone that providers[%d] writes to the same place for the same owner, %s, as it does %s: each would delete the other's records", j, p.Owner, z))
				return
			}
		}
	}
}

// samePlace says that a zone is one hosted zone for both. Different keys may be for
// different views of a name server, and different logins for different accounts.
func samePlace(a, b *Provider) bool {
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case Route53:
		a, b := a.Route53, b.Route53
		if a.HostedZoneID != "" || b.HostedZoneID != "" {
			return a.HostedZoneID == b.HostedZoneID && a.Endpoint == b.Endpoint
		}
		a.Region, b.Region, a.STSEndpoint, b.STSEndpoint = "", "", "", "" // they lead to the same account
		return a == b
	case CloudDNS:
		a, b := a.CloudDNS, b.CloudDNS
		return a.Project == b.Project && a.ManagedZone == b.ManagedZone && a.Private == b.Private && a.Endpoint == b.Endpoint
	case RFC2136:
		a, b := a.RFC2136, b.RFC2136
		return a.KeyFile == b.KeyFile && a.KeyName == b.KeyName &&
			slices.ContainsFunc(a.Servers, func(s string) bool { return slices.Contains(b.Servers, s) })
	case Webhook:
		return a.URL == b.URL
	case ZoneFile:
		return a.Dir == b.Dir
	}
	return false // each is in a memory of its own
}

// checkNames: a name outside of all zones would have nothing written, and what was
// written before deleted.
func (r *reader) checkNames(p *Provider, path string) {
	for _, field := range []struct {
		name  string
		names []dnsname.Name
	}{{"names", p.Names}, {"except", p.Except}} {
		for j, n := range field.names {
			if !n.IsZero() && !slices.ContainsFunc(p.Zones, n.Under) {
				r.want(r.seen[path+"."+field.name], fmt.Sprintf("names in the provider's zones, not %s as item %d", n, j+1))
			}
		}
	}
}
