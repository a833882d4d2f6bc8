package config

import (
	"net/url"
	"slices"
	"strings"
)

// providerKind reads the fields of one kind.
func (r *reader) providerKind(v value, p *Provider) {
	for name, f := range r.fields(v) {
		switch p.Kind {
		case Route53:
			r.route53(name, f, &p.Route53)
		case CloudDNS:
			r.cloudDNS(name, f, &p.CloudDNS)
		case RFC2136:
			r.rfc2136(name, f, &p.RFC2136)
		case Webhook:
			p.URL = r.url(f)
		case ZoneFile:
			p.Dir = r.file(f)
		}
	}
}

func (r *reader) route53(name string, f value, z *Route53Zone) {
	switch name {
	case "hostedZoneID":
		z.HostedZoneID, _ = r.text(f, "a hosted zone's ID")
	case "private":
		z.Private = r.truth(f)
	case "assumeRole":
		z.AssumeRoleARN, _ = r.text(f, "a role's ARN")
	case "externalID":
		z.ExternalID, _ = r.text(f, "text")
	case "credentials":
		z.CredentialsFile = r.file(f)
	case "profile":
		z.Profile, _ = r.text(f, "a profile's name")
	case "region":
		z.Region, _ = r.text(f, "a region's name")
	case "endpoint":
		z.Endpoint = r.url(f)
	case "stsEndpoint":
		z.STSEndpoint = r.url(f)
	}
}

func (r *reader) cloudDNS(name string, f value, z *CloudDNSZone) {
	switch name {
	case "project":
		z.Project, _ = r.text(f, "a project's ID")
	case "managedZone":
		z.ManagedZone, _ = r.text(f, "a managed zone's name")
	case "private":
		z.Private = r.truth(f)
	case "credentials":
		z.CredentialsFile = r.file(f)
	case "healthCheck":
		z.HealthCheck = r.url(f)
	case "backupRegion":
		z.BackupRegion, _ = r.text(f, "a region's name")
	case "endpoint":
		z.Endpoint = r.url(f)
	}
}

func (r *reader) rfc2136(name string, f value, z *Primary) {
	switch name {
	case "servers":
		z.Servers = r.hosts(f)
		r.some(f, "one name server")
	case "secondaries":
		z.Secondaries = r.hosts(f)
	case "key":
		z.KeyFile = r.file(f)
	case "keyName":
		z.KeyName = r.domain(f)
	case "tls":
		z.TLS = r.truth(f)
	case "serverName":
		z.ServerName, _ = r.text(f, "the name in the server's certificate")
	case "caFile":
		z.CAFile = r.file(f)
	}
}

// hosts are HOST or HOST:PORT.
func (r *reader) hosts(v value) (all []string) {
	const want = "a host or host:port, IPv6 in brackets"
	for item := range r.items(v, "a list of name servers") {
		if text, ok := r.text(item, want); ok {
			if strings.ContainsAny(text, "/ @") {
				r.want(item, want)
			}
			all = append(all, text)
		}
	}
	return all
}

func (r *reader) url(v value) string {
	const want = "a URL that begins with http:// or https://"
	text, ok := r.text(v, want)
	if u, err := url.Parse(text); ok && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		r.want(v, want)
		return ""
	}
	return text
}

// needed is the field that a kind cannot be without, and what it takes.
var needed = map[string][2]string{CloudDNS: {"project", "a project's ID"}, RFC2136: {"servers", "a list of name servers"}, Webhook: {"url", "a URL"}, ZoneFile: {"dir", "a folder"}}

func (r *reader) checkProviderKind(p *Provider, path string) {
	if p.Kind == "" {
		r.lack(path, Route53, "one of "+strings.Join(providerKinds, ", "))
		return
	}
	if n, ok := needed[p.Kind]; ok {
		r.needs(path+"."+p.Kind, n[0], n[1])
	}
	id, one := path+"."+Route53+".hostedZoneID", path+"."+CloudDNS+".managedZone"
	for _, at := range []string{id, one} {
		if f, given := r.seen[at]; given && len(p.Zones) > 1 {
			r.fault(f, "got %s for %d zones, want an entry each, or none: it is found by the zone's name", describe(f.node), len(p.Zones))
		}
	}
	if f, given := r.seen[path+"."+Route53+".externalID"]; given && p.Route53.AssumeRoleARN == "" {
		r.fault(f, "got it without assumeRole, want both")
	}
}

// providerSecrets are the paths of keys and credentials, whose files are read again
// when they change.
func (c *Config) providerSecrets() (files []string) {
	for _, p := range c.Providers {
		for _, f := range []string{p.SealKey, p.Route53.CredentialsFile, p.CloudDNS.CredentialsFile, p.RFC2136.KeyFile, p.RFC2136.CAFile} {
			if f != "" && !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files
}
