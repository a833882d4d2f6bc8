package config

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// document reads the whole file into c, which holds the defaults.
func (r *reader) document(v value, c *Config) {
	header := map[string]string{"apiVersion": APIVersion, "kind": Kind}
	for name, f := range r.fields(v) {
		switch name {
		case "apiVersion", "kind":
			if text, ok := r.text(f, header[name]); ok && text != header[name] {
				r.want(f, header[name])
			}
		case "listen":
			r.listen(f, &c.Listen)
		case "federation":
			r.federation(f, &c.Federation)
		case "exports":
			c.Exports = r.exports(f)
		case "clusters":
			for item := range r.items(f, "a list of clusters") {
				c.Clusters = append(c.Clusters, r.cluster(item))
			}
		case "host":
			r.host(f, &c.Host)
		case "inventories":
			c.Inventories = r.inventories(f)
		case "zones":
			for item := range r.items(f, "a list of zones") {
				c.Zones = append(c.Zones, r.zone(item))
			}
		case "resolvers":
			for item := range r.items(f, "a list of addresses") {
				c.Resolvers = append(c.Resolvers, r.resolver(item))
			}
		case "startup":
			r.startup(f, &c.Startup)
		case "evidence":
			r.evidence(f, &c.Evidence)
		case "withdrawals":
			r.withdrawals(f, &c.Withdrawals)
		case "propagation":
			r.propagation(f, &c.Propagation)
		case "replica":
			c.Replica = r.label(f)
		case "providers":
			c.Providers = r.providers(f)
		case "stateDir":
			c.StateDir = r.file(f)
		default:
			r.serving(name, f, &c.Serving)
		}
	}
	for _, name := range []string{"apiVersion", "kind"} {
		if _, given := r.seen[name]; !given {
			r.lack("", name, header[name])
		}
	}
}

func (r *reader) listen(v value, l *Listen) {
	for name, f := range r.fields(v) {
		switch name {
		case "dns":
			l.DNS = r.addresses(f)
			r.some(f, "one address:port")
		case "tls":
			l.TLS = r.addresses(f)
		case "https":
			l.HTTPS = r.addresses(f)
		case "quic":
			l.QUIC = r.addresses(f)
		case "certificate":
			r.certificate(f, &l.Certificate)
		case "http":
			l.HTTP = r.addrPort(f)
		}
	}
}

// addresses is a list of address:port, none twice.
func (r *reader) addresses(v value) []netip.AddrPort {
	var all []netip.AddrPort
	for item := range r.items(v, "a list of address:port") {
		a := r.addrPort(item)
		if a.IsValid() && slices.Contains(all, a) {
			r.want(item, "an address that is not listed before")
		}
		all = append(all, a)
	}
	return all
}

// ladder is a federation, of which both must be given.
func (r *reader) ladder(v value) (l Ladder) {
	seen := map[string]bool{}
	for name, f := range r.fields(v) {
		seen[name] = true
		switch name {
		case "name":
			l.Name, _ = dnsname.Parse(r.label(f))
		case "domain":
			l.Domain = r.domain(f)
		}
	}
	if !seen["name"] {
		r.lack(v.path, "name", "a DNS label such as prod")
	}
	if !seen["domain"] {
		r.lack(v.path, "domain", "a domain name such as example.com")
	}
	return l
}

func (r *reader) federation(v value, fed *Federation) {
	for name, f := range r.fields(v) {
		switch name {
		case "name":
			fed.Name, _ = dnsname.Parse(r.label(f))
		case "domain":
			fed.Domain = r.domain(f)
		case "clusterSet":
			fed.ClusterSet = r.domain(f)
		case "others":
			for item := range r.items(f, "a list of federations") {
				fed.Others = append(fed.Others, r.ladder(item))
			}
		case "ttl":
			r.ttls(f, &fed.TTL)
		}
	}
}

func (r *reader) ttls(v value, t *TTL) {
	for name, f := range r.fields(v) {
		switch name {
		case "shortName":
			t.ShortName = r.ttl(f)
		case "clusterSet":
			t.ClusterSet = r.ttl(f)
		case "zone":
			t.Zone = r.ttl(f)
		case "region":
			t.Region = r.ttl(f)
		case "global":
			t.Global = r.ttl(f)
		}
	}
}

func (r *reader) exports(v value) cluster.Export {
	const want = "one of ServiceExport, Annotated, LoadBalancer, Ingress, Gateway"
	rules := map[string]cluster.Export{
		"ServiceExport": cluster.ByServiceExport,
		"Annotated":     cluster.ByAnnotation,
		"LoadBalancer":  cluster.ByLoadBalancer,
		"Ingress":       cluster.ByIngress,
		"Gateway":       cluster.ByGateway,
	}
	var all cluster.Export
	for item := range r.items(v, "a list of ServiceExport, Annotated, LoadBalancer, Ingress, Gateway") {
		text, ok := r.text(item, want)
		rule := rules[text]
		switch {
		case !ok:
		case rule == 0:
			r.want(item, want)
		case all&rule != 0:
			r.want(item, "a rule that is not listed before")
		}
		all |= rule
	}
	r.some(v, want)
	return all
}

func (r *reader) cluster(v value) Cluster {
	var m Cluster
	for name, f := range r.fields(v) {
		switch name {
		case "name":
			m.Name = cluster.ID(r.label(f))
		case "kubeconfig":
			m.Kubeconfig = r.file(f)
		case "context":
			m.Context, _ = r.text(f, "the name of a context")
		case "allowExec":
			m.AllowExec = r.truth(f)
		case "manifests":
			m.Manifests = r.file(f)
		case "inCluster":
			m.InCluster = r.truth(f)
		case "region":
			m.Region = r.label(f)
		case "zone":
			m.Zone = r.label(f)
		case "state":
			m.Word = r.word(f)
		case "probes":
			m.Probes = r.probes(f, false)
		case "probe":
			r.pace(f, &m.Probe)
		}
	}
	return m
}

func (r *reader) zone(v value) Zone {
	var z Zone
	for name, f := range r.fields(v) {
		switch name {
		case "name":
			z.Name = r.domain(f)
		case "files":
			for item := range r.items(f, "a list of paths") {
				path := r.file(item)
				if path != "" && slices.Contains(z.Files, path) {
					r.want(item, "a file that is not listed before")
				}
				z.Files = append(z.Files, path)
			}
		}
	}
	return z
}

func (r *reader) startup(v value, s *Startup) {
	for name, f := range r.fields(v) {
		if name == "wait" {
			s.Wait = r.wait(f)
		}
	}
}

// file is a path made absolute.
func (r *reader) file(v value) string {
	text, ok := r.text(v, "a path")
	if !ok {
		return ""
	}
	if text == "~" || strings.HasPrefix(text, "~/") {
		r.want(v, "a path without ~, which only a shell understands")
		return ""
	}
	if filepath.IsAbs(text) {
		return filepath.Clean(text)
	}
	return filepath.Join(r.dir, text)
}

// resolver is an address with or without a port; IPv6 with a port in brackets.
func (r *reader) resolver(v value) netip.AddrPort {
	const want = "address or address:port, such as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"
	text, ok := r.text(v, want)
	if !ok {
		return netip.AddrPort{}
	}
	bare := text
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		bare = text[1 : len(text)-1]
	}
	if a, err := netip.ParseAddr(bare); err == nil && (bare == text || a.Is6()) {
		return netip.AddrPortFrom(a.Unmap(), 53)
	}
	return r.parseAddrPort(v, text, want)
}
