package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedns/fedns/discovery/synth"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/ownership"
	"github.com/fedns/fedns/providers/plan"
)

// Kinds of providers, as the file has them.
const (
	Route53  = "route53"
	CloudDNS = "clouddns"
	RFC2136  = "rfc2136"
	Webhook  = "webhook"
	ZoneFile = "zonefile"
	InMemory = "inmemory"
)

var providerKinds = []string{Route53, CloudDNS, RFC2136, Webhook, ZoneFile, InMemory}

// LevelOther is the level of names that are of no Service: zone files' records.
const LevelOther = "Other"

// levels are what a provider may be limited to.
var levels = []string{string(synth.LevelShort), string(synth.LevelClusterSet), string(synth.LevelZone), string(synth.LevelRegion), string(synth.LevelGlobal), string(synth.LevelHost), LevelOther}

// Provider is a place that zones are written to. Of the kinds' own fields those of
// Kind count.
type Provider struct {
	Name  string // unique, a DNS label
	Kind  string // one of the constants above
	Zones []dnsname.Name
	// Owner is whose the records are: the same for all replicas, another for each
	// other fedns that writes to the same hosted zones.
	Owner   string
	Account string // providers with one share their rates; never empty
	SealKey string // path of the key that claims are encrypted with; empty: plain
	Drift   plan.Drift
	DryRun  bool
	Retire  bool // take out what is ours

	Names, Except []dnsname.Name // with all below them; no Names: all
	Levels        []string       // of names; empty: all
	Shape         plan.Shape     // but Alias
	Audit         time.Duration  // zero: the default
	Guard         providers.Guard
	Rates         []hosted.Rate // instead of the provider's own, by action

	Route53  Route53Zone
	CloudDNS CloudDNSZone
	RFC2136  Primary
	URL      string // of Webhook
	Dir      string // of ZoneFile: path
}

// Route53Zone is how a hosted zone of Route 53 is reached.
type Route53Zone struct {
	HostedZoneID              string
	Private                   bool
	AssumeRoleARN, ExternalID string
	CredentialsFile, Profile  string // CredentialsFile: path
	Region                    string
	Endpoint, STSEndpoint     string
}

// CloudDNSZone is how a managed zone of Cloud DNS is reached.
type CloudDNSZone struct {
	Project, ManagedZone      string
	Private                   bool
	CredentialsFile           string // path
	HealthCheck, BackupRegion string
	Endpoint                  string
}

// Primary is a name server that takes updates.
type Primary struct {
	Servers, Secondaries []string
	KeyFile              string // path
	KeyName              dnsname.Name
	TLS                  bool
	ServerName, CAFile   string // of TLS; CAFile: path
}

func (r *reader) providers(v value) (all []Provider) {
	for item := range r.items(v, "a list of providers") {
		all = append(all, r.provider(item))
	}
	return all
}

func (r *reader) provider(v value) Provider {
	var p Provider
	for name, f := range r.fields(v) {
		switch name {
		case "name":
			p.Name = r.label(f)
		case "zones":
			p.Zones = r.domains(f)
			r.some(f, "one zone")
		case "owner":
			p.Owner = r.owner(f)
		case "account":
			p.Account = r.label(f)
		case "sealKey":
			p.SealKey = r.file(f)
		case "drift":
			p.Drift = choose(r, f, plan.ParseDrift, "one of Sync, UpsertOnly, Report")
		case "dryRun":
			p.DryRun = r.truth(f)
		case "retire":
			p.Retire = r.truth(f)
		case "audit":
			p.Audit = r.span(f)
		case "withdrawals":
			r.providerGuard(f, &p.Guard)
		case "rates":
			p.Rates = r.rates(f)
		case "names", "except", "levels", "view", "routing", "regions", "order", "health", "minTTL":
			r.shape(name, f, &p)
		default:
			if p.Kind != "" {
				r.fault(f, "second kind of provider in one entry, want an entry each")
				continue
			}
			p.Kind = name
			r.providerKind(f, &p)
		}
	}
	return p
}

// shape is what is written, and in which form.
func (r *reader) shape(name string, f value, p *Provider) {
	switch name {
	case "names":
		p.Names = r.domains(f)
	case "except":
		p.Except = r.domains(f)
	case "levels":
		want := "one of " + strings.Join(levels, ", ")
		for item := range r.items(f, "a list of levels") {
			if text, ok := r.text(item, want); ok && slices.Contains(levels, text) {
				p.Levels = append(p.Levels, text)
			} else if ok {
				r.want(item, want)
			}
		}
		r.some(f, want)
	case "view":
		p.Shape.View = choose(r, f, plan.ParseView, "one of All, Public, Private")
	case "routing":
		p.Shape.Routing = choose(r, f, hosted.ParsePolicy, "one of Simple, Weighted, Latency, Geolocation, Failover, Multivalue")
	case "regions":
		r.regions(f, &p.Shape)
	case "order":
		for item := range r.items(f, "a list of clusters") {
			p.Shape.Order = append(p.Shape.Order, r.label(item))
		}
	case "health":
		r.health(f, &p.Shape.Health)
	case "minTTL":
		p.Shape.MinTTL = r.ttl(f)
	}
}

// choose is one of a few words.
func choose[T any](r *reader, v value, parse func(string) (T, bool), want string) (chosen T) {
	text, ok := r.text(v, want)
	if !ok {
		return chosen
	}
	if chosen, ok = parse(text); !ok {
		r.want(v, want)
	}
	return chosen
}

func (r *reader) domains(v value) (all []dnsname.Name) {
	for item := range r.items(v, "a list of domain names") {
		n := r.domain(item)
		if !n.IsZero() && slices.Contains(all, n) {
			r.want(item, "a name that is not listed before")
		}
		all = append(all, n)
	}
	return all
}

func (r *reader) owner(v value) string {
	const want = "1 to 40 of a-z, 0-9 and -, no - at either end"
	text, ok := r.text(v, want)
	if ok && ownership.CheckOwner(text) != nil {
		r.want(v, want)
		return ""
	}
	return text
}

func (r *reader) providerGuard(v value, g *providers.Guard) {
	for name, f := range r.fields(v) {
		switch name {
		case "window":
			g.Window = r.span(f)
		case "count":
			g.Count = r.number(f, 1, 1_000_000_000)
		case "share":
			g.Share = r.share(f)
		}
	}
}

func (r *reader) rates(v value) (all []hosted.Rate) {
	for item := range r.items(v, "a list of rates") {
		var rate hosted.Rate
		for name, f := range r.fields(item) {
			switch name {
			case "action":
				rate.Action, _ = r.text(f, "an action of the provider's API")
			case "burst":
				rate.Burst = r.number(f, 1, 1_000_000)
			case "perSecond":
				rate.PerSecond = float64(r.number(f, 1, 1_000_000))
			}
		}
		r.needs(item.path, "action", "an action of the provider's API")
		r.needs(item.path, "burst", "a number")
		r.needs(item.path, "perSecond", "a number")
		all = append(all, rate)
	}
	return all
}

// regions are the provider's names of our regions, and who is near them.
func (r *reader) regions(v value, s *plan.Shape) {
	s.Regions, s.Locations = map[string]string{}, map[string]hosted.Routing{}
	for item := range r.items(v, "a list of regions") {
		var region, as string
		var at hosted.Routing
		for name, f := range r.fields(item) {
			switch name {
			case "region":
				region = r.label(f)
			case "as":
				as, _ = r.text(f, "the provider's name of the region")
			case "continent":
				at.Continent = r.code(f, 2, "a continent's code: AF, AN, AS, EU, OC, NA or SA")
			case "country":
				at.Country, _ = r.text(f, "a country's code of two letters, or *")
			case "subdivision":
				at.Subdivision = r.code(f, 3, "a subdivision's code without its country")
			}
		}
		r.needs(item.path, "region", "a region of the clusters")
		if as != "" {
			s.Regions[region] = as
		}
		if at != (hosted.Routing{}) {
			s.Locations[region] = at
		}
	}
}

// code is at most so many letters or digits.
func (r *reader) code(v value, most int, want string) string {
	text, ok := r.text(v, want)
	if ok && (len(text) > most || strings.ToUpper(text) != text) {
		r.want(v, want)
		return ""
	}
	return text
}

func (r *reader) health(v value, h *hosted.Health) {
	for name, f := range r.fields(v) {
		switch name {
		case "protocol":
			h.Protocol = choose(r, f, func(s string) (string, bool) { return s, s == "TCP" || s == "HTTP" || s == "HTTPS" }, "one of TCP, HTTP, HTTPS")
		case "port":
			h.Port = uint16(r.number(f, 1, 65535))
		case "path":
			h.Path, _ = r.text(f, "a path")
		case "host":
			h.Host, _ = r.text(f, "a host name")
		case "interval":
			h.Interval = uint16(r.span(f) / time.Second)
		case "threshold":
			h.Threshold = uint8(r.number(f, 1, 10))
		}
	}
	r.needs(v.path, "protocol", "one of TCP, HTTP, HTTPS")
	r.needs(v.path, "port", "a number from 1 to 65535")
}

// needs notes that the mapping at path is without a field that must be given.
func (r *reader) needs(path, name, want string) {
	if _, given := r.seen[path+"."+name]; !given {
		r.lack(path, name, want)
	}
}

// checkProviders notes what is wrong between their fields, and fills in defaults.
func (r *reader) checkProviders(c *Config) {
	for i := range c.Providers {
		p, path := &c.Providers[i], fmt.Sprintf("providers[%d]", i)
		r.needs(path, "name", "a DNS label")
		r.needs(path, "zones", "a list of zones that fedns serves")
		for j, o := range c.Providers[:i] {
			if p.Name != "" && p.Name == o.Name {
				r.want(r.seen[path+".name"], fmt.Sprintf("a name other than that of providers[%d]", j))
			}
		}
		if p.Account == "" {
			p.Account = p.Name
		}
		r.checkOwner(c, p, path)
		r.checkProviderKind(p, path)
		if f, given := r.seen[path+".drift"]; given && p.Retire && p.Drift != plan.Sync {
			r.want(f, "Sync, or none, where retire is true: all that is ours is taken away")
		}
		r.checkPlace(c, i)
		r.checkNames(p, path)
		for j, z := range p.Zones {
			if !z.IsZero() && !served(c, z) {
				r.want(r.seen[path+".zones"], fmt.Sprintf("zones that fedns serves (the federation's, or one of zones), not %s as item %d", z, j+1))
			}
		}
	}
}

// checkOwner: who does not say whose the records are means the federation's.
func (r *reader) checkOwner(c *Config, p *Provider, path string) {
	if _, given := r.seen[path+".owner"]; given {
		return
	}
	if c.Federation.Name.IsZero() {
		r.lack(path, "owner", "a name of this federation, such as prod")
		return
	}
	p.Owner = strings.TrimSuffix(c.Federation.Name.String(), ".")
}

// served says that a zone is one of those that fedns answers.
func served(c *Config, apex dnsname.Name) bool {
	return apex == c.Federation.Name || apex == c.Federation.Domain || apex == c.Federation.ClusterSet ||
		slices.ContainsFunc(c.Zones, func(z Zone) bool { return z.Name == apex })
}
