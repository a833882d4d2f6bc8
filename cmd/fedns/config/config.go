package config

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/probe"
	"github.com/fedns/fedns/dnsserver/dnsname"
)

// The header that every file must have.
const (
	APIVersion = "fedns.io/v1alpha1"
	Kind       = "Config"
)

// Config is the content of a file, with defaults filled in and everything
// checked. It is a plain value: whoever holds it must not change it, and may
// then share it freely. All paths in it are absolute.
type Config struct {
	Listen     Listen
	Federation Federation
	Exports    cluster.Export // the rules by which Services federate
	Clusters   []Cluster      // in the order of the file; names are unique
	Zones      []Zone         // in the order of the file; names are unique
	Host       Host           // of Inventories, and where replicas agree
	// Inventories are further sources of clusters, in the order of the file: of those
	// that state one cluster the first counts, and Clusters before all.
	Inventories []Inventory
	Resolvers   []netip.AddrPort // for load balancers' hostnames; empty: the system's
	Startup     Startup
	Replica     string // this replica's name, a DNS label; empty: the host name
	StateDir    string // path; empty: nothing is kept over a restart

	Evidence    evidence.Policy // zero fields: its defaults
	Withdrawals evidence.Limits // zero fields: its defaults

	Providers []Provider // in the order of the file; names are unique

	Propagation Propagation

	Serving Serving

	// Digests holds, by path, the SHA-256 in hexadecimal of the file itself and,
	// from Load, of each kubeconfig and zone file as it was then, a zone file
	// with all that it includes; empty when it could not be read. A cluster whose
	// entry is unchanged but whose kubeconfig's digest is not has new credentials.
	Digests map[string]string
	// Included lists the files that the zone files include; from Load.
	Included []string
}

// Hosted says that hosts of Ingresses or Gateways are answered: in the federation's
// domain, and in Zones.
func (c *Config) Hosted() bool { return c.Exports&cluster.Hosts != 0 }

// Host is the cluster through which replicas of fedns agree. At most one of
// Kubeconfig and InCluster is set; neither: there is no host cluster.
type Host struct {
	Kubeconfig string // path
	Context    string // within Kubeconfig; empty: its current one
	AllowExec  bool   // Kubeconfig's exec plugins may run
	InCluster  bool   // the cluster this process runs in, by its ServiceAccount
	Namespace  string // where fedns keeps what is its own
}

// Configured says that there is a host cluster.
func (h Host) Configured() bool { return h.Kubeconfig != "" || h.InCluster }

// Startup is what holds until every cluster was read once.
type Startup struct {
	// Wait is how long after the start it may be left open whether a name exists
	// that a cluster not read yet may have; 0: only while a cluster is being read.
	Wait time.Duration
}

// Listen is where the daemon can be reached.
type Listen struct {
	DNS []netip.AddrPort // UDP and TCP each; at least one
	// DNS over TLS, HTTPS and QUIC. None without Certificate.
	TLS, HTTPS, QUIC []netip.AddrPort
	Certificate      Certificate
	HTTP             netip.AddrPort
}

// Federation names the zones made from the clusters' Services.
type Federation struct {
	Name       dnsname.Name // <svc>.<ns>.<name>., one label; zero: no short names
	Domain     dnsname.Name // federation names end in it; zero: none. Never without Name
	ClusterSet dnsname.Name // never zero
	Others     []Ladder     // each whole
	TTL        TTL
}

// Ladder is a further federation by whose names Services are found.
type Ladder struct{ Name, Domain dnsname.Name }

// TTL is how long answers may be cached, in seconds, by kind of name. A
// Service's own fedns.io/ttl goes before it.
type TTL struct{ ShortName, ClusterSet, Zone, Region, Global uint32 }

// Cluster is a member cluster. Exactly one of Kubeconfig, Manifests and
// InCluster is set.
type Cluster struct {
	Name   cluster.ID
	Region string // a DNS label; empty: as its nodes say
	Zone   string // a DNS label; empty: as its nodes say
	Word   evidence.Word

	Kubeconfig string // path
	Context    string // within Kubeconfig; empty: its current one
	AllowExec  bool   // Kubeconfig's exec plugins may run

	Manifests string // path of a folder of Kubernetes YAML
	InCluster bool   // the cluster this process runs in, by its ServiceAccount

	Probes []probe.Target // gateways into the cluster that are tried; each is good by its Check
	Probe  probe.Pace     // how; what is zero is left to probe's defaults
}

// Zone is a zone merged from zone files, or a reverse zone that PTR records may go to.
type Zone struct {
	Name  dnsname.Name
	Files []string // paths; may be empty when Reverse
}

// Reverse says that the zone lies under in-addr.arpa or ip6.arpa, so that PTR
// records of what fedns answers belong into it.
func (z Zone) Reverse() bool {
	return z.Name.Under(inAddrArpa) || z.Name.Under(ip6Arpa)
}

var (
	inAddrArpa = dnsname.MustParse("in-addr.arpa.")
	ip6Arpa    = dnsname.MustParse("ip6.arpa.")
)

// Files lists the kubeconfigs, zone files with what they include, key files and
// files of access providers that c names, sorted and without duplicates; not the configuration file
// itself, nor manifests, certificates, DNSSEC keys and inventories, which are
// watched by who uses them.
func (c *Config) Files() []string {
	files := slices.Clone(c.Included)
	for _, m := range c.Clusters {
		if m.Kubeconfig != "" {
			files = append(files, m.Kubeconfig)
		}
	}
	for _, z := range c.Zones {
		files = append(files, z.Files...)
	}
	files = append(files, c.Serving.secretFiles()...)
	files = append(files, c.accessFiles()...)
	files = append(files, c.providerSecrets()...)
	slices.Sort(files)
	return slices.Compact(files)
}

// accessFiles are those of access providers.
func (c *Config) accessFiles() (files []string) {
	for _, i := range c.Inventories {
		if i.Providers != "" {
			files = append(files, i.Providers)
		}
	}
	return files
}

// standard is what holds for the fields that a file leaves out.
func standard() *Config {
	return &Config{
		Listen: Listen{
			// Loopback, so that a first try is open to nobody else; 5353 because
			// 53 needs a privilege.
			DNS:  []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5353")},
			HTTP: netip.MustParseAddrPort("127.0.0.1:8053"),
		},
		Federation: Federation{
			ClusterSet: dnsname.MustParse("clusterset.local."),
			// 5 s is the MCS DNS specification's; federation names are asked by
			// resolvers further away, and each of their levels may hold a CNAME.
			TTL: TTL{ShortName: 5, ClusterSet: 5, Zone: 30, Region: 30, Global: 30},
		},
		// Opt-in only: a Service is not published because of its type alone.
		Exports: cluster.ByServiceExport | cluster.ByAnnotation,
		// Longer than an API server takes to come back from an update or a reboot.
		Startup: Startup{Wait: 5 * time.Minute},
		Host:    Host{Namespace: "fedns-system"},
		Serving: Serving{Cookies: Cookies{Enabled: true}, RateLimit: RateLimit{Slip: 2}, Forward: Forward{CacheSize: 10_000, Stale: 24 * time.Hour}, Dnstap: Dnstap{Sample: 1}},
	}
}
