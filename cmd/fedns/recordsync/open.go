package recordsync

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/clouddns"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/inmemory"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
	"github.com/fedns/fedns/providers/rfc2136"
	"github.com/fedns/fedns/providers/route53"
	"github.com/fedns/fedns/providers/webhook"
	"github.com/fedns/fedns/providers/zonefile"
)

// opened is a hosted zone ready for use.
type opened struct {
	zone   hosted.Zone
	limits hosted.Limits
	form   func(*plan.Shape) // makes a Shape what the provider can hold; nil: any is
}

// constructors make a provider's hosted zones: a new provider is a line here.
var constructors = map[string]struct {
	limits func(p config.Provider, apex dnsname.Name) hosted.Limits
	open   func(p config.Provider, apex dnsname.Name, gate hosted.Gate) (opened, error)
}{
	config.Route53: {
		func(_ config.Provider, apex dnsname.Name) hosted.Limits { return route53.Limits(apex) },
		func(p config.Provider, apex dnsname.Name, gate hosted.Gate) (o opened, err error) {
			z := p.Route53
			o.form = route53Form
			o.zone, err = route53.New(route53.Config{
				Apex: apex, HostedZoneID: z.HostedZoneID, Private: z.Private, Owner: p.Owner, AssumeRoleARN: z.AssumeRoleARN, ExternalID: z.ExternalID,
				CredentialsFile: z.CredentialsFile, Profile: z.Profile, Region: z.Region, Endpoint: z.Endpoint, STSEndpoint: z.STSEndpoint, Gate: gate,
			})
			return o, err
		},
	},
	config.CloudDNS: {
		func(p config.Provider, apex dnsname.Name) hosted.Limits {
			return clouddns.Limits(cloudDNS(p, apex, nil))
		},
		func(p config.Provider, apex dnsname.Name, gate hosted.Gate) (o opened, err error) {
			o.form = cloudDNSForm
			o.zone, err = clouddns.New(cloudDNS(p, apex, gate))
			return o, err
		},
	},
	config.RFC2136: {
		func(_ config.Provider, apex dnsname.Name) hosted.Limits { return rfc2136.Limits(apex) },
		func(p config.Provider, apex dnsname.Name, gate hosted.Gate) (o opened, err error) {
			cfg := rfc2136.Config{Apex: apex, Servers: p.RFC2136.Servers, Secondaries: p.RFC2136.Secondaries, KeyFile: p.RFC2136.KeyFile, KeyName: p.RFC2136.KeyName, Gate: gate}
			if p.RFC2136.TLS {
				cfg.TLS = &rfc2136.TLS{ServerName: p.RFC2136.ServerName, CAFile: p.RFC2136.CAFile}
			}
			o.zone, err = rfc2136.New(cfg)
			return o, err
		},
	},
	config.Webhook: {
		func(_ config.Provider, apex dnsname.Name) hosted.Limits { return webhook.Limits(apex) },
		func(p config.Provider, apex dnsname.Name, gate hosted.Gate) (o opened, err error) {
			o.zone, err = webhook.New(webhook.Config{Apex: apex, URL: p.URL, Gate: gate})
			return o, err
		},
	},
	config.ZoneFile: {
		func(config.Provider, dnsname.Name) hosted.Limits { return zonefile.Limits() },
		func(p config.Provider, apex dnsname.Name, _ hosted.Gate) (o opened, err error) {
			o.zone, err = zonefile.New(zonefile.Config{Apex: apex, File: zoneFile(p.Dir, apex)})
			return o, err
		},
	},
	config.InMemory: {
		func(config.Provider, dnsname.Name) hosted.Limits { return inmemory.Limits() },
		func(_ config.Provider, apex dnsname.Name, gate hosted.Gate) (o opened, err error) {
			o.zone, err = inmemory.New(inmemory.Config{Apex: apex, Gate: gate})
			return o, err
		},
	},
}

// cloudDNS is a managed zone's configuration.
func cloudDNS(p config.Provider, apex dnsname.Name, gate hosted.Gate) clouddns.Config {
	z := p.CloudDNS
	return clouddns.Config{
		Project: z.Project, Apex: apex, ManagedZone: z.ManagedZone, Private: z.Private, CredentialsFile: z.CredentialsFile, Endpoint: z.Endpoint,
		HealthCheck: z.HealthCheck, BackupRegion: z.BackupRegion, Gate: gate,
	}
}

// route53Form: Route 53 has aliases, and what is not said of a health check it checks
// every 30 seconds, three times.
func route53Form(s *plan.Shape) {
	s.Alias = route53.AliasFor
	if s.Health.IsSet() {
		s.Health.Interval, s.Health.Threshold = cmp.Or(s.Health.Interval, 30), cmp.Or(s.Health.Threshold, 3)
	}
}

// cloudDNSForm: Cloud DNS keeps no set identifiers, and checks by health checks of its
// own, which the configuration names (clouddns.healthCheck).
func cloudDNSForm(s *plan.Shape) {
	s.Identify = func(set hosted.Set) string { return clouddns.SetID(set.Routing, set.Records) }
	s.Health = hosted.Health{}
}

// open makes the hosted zone of a provider. It does not call the provider.
func open(p config.Provider, apex dnsname.Name, accounts accounts) (opened, error) {
	kind, ok := constructors[p.Kind]
	if !ok {
		return opened{}, fmt.Errorf("providers of kind %s are not there", p.Kind)
	}
	limits := kind.limits(p, apex)
	account, err := accounts.of(p, limits)
	if err != nil {
		return opened{}, err
	}
	o, err := kind.open(p, apex, account.Zone(apex.String()))
	if err != nil {
		return opened{}, fmt.Errorf("%s: %w", p.Kind, err)
	}
	if o.limits.Provider == "" {
		o.limits = limits
	}
	return o, nil
}

// prepare opens the hosted zone of a provider, and makes what reads its claims.
func prepare(p config.Provider, apex dnsname.Name, accounts accounts) (opened, ownership.Codec, error) {
	c, err := codec(p, apex)
	if err != nil {
		return opened{}, c, err
	}
	o, err := open(p, apex, accounts)
	if err != nil {
		return o, c, err
	}
	if !o.limits.Has(p.Shape.Routing) {
		return o, c, fmt.Errorf("%s has no routing policy %s", o.limits.Title, p.Shape.Routing)
	}
	return o, c, nil
}

// codec reads and writes claims as the configuration has it.
func codec(p config.Provider, apex dnsname.Name) (ownership.Codec, error) {
	if p.SealKey == "" {
		return ownership.NewCodec(apex, nil)
	}
	text, err := os.ReadFile(p.SealKey)
	if err != nil {
		return ownership.Codec{}, fmt.Errorf("sealKey: %w", err)
	}
	keys, err := parseKeys(text)
	if err != nil {
		return ownership.Codec{}, fmt.Errorf("sealKey: %s: %w", p.SealKey, err)
	}
	return ownership.NewCodec(apex, keys[0], keys[1:]...)
}

// parseKeys reads keys, one a line: the first encrypts, all decrypt.
func parseKeys(text []byte) (keys [][]byte, err error) {
	for line := range strings.Lines(string(bytes.TrimSpace(text))) {
		key, err := parseKey(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(keys)+1, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it")
	}
	return keys, nil
}

// parseKey reads 32 octets in hexadecimal or base64.
func parseKey(t string) ([]byte, error) {
	if key, err := hex.DecodeString(t); err == nil && len(key) == ownership.KeyLen {
		return key, nil
	}
	if key, err := base64.StdEncoding.DecodeString(t); err == nil && len(key) == ownership.KeyLen {
		return key, nil
	}
	return nil, fmt.Errorf("want %d octets in hexadecimal or base64, such as openssl rand -hex %d prints", ownership.KeyLen, ownership.KeyLen)
}

// zoneFile is where a zone's file is written.
func zoneFile(dir string, apex dnsname.Name) string {
	name := strings.NewReplacer("/", "_", `\`, "_").Replace(strings.TrimSuffix(apex.String(), "."))
	return filepath.Join(dir, name+".zone")
}
