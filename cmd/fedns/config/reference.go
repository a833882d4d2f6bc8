package config

import (
	"fmt"
	"slices"
	"strings"
)

// Field is one field of the configuration file.
type Field struct {
	Path    string // clusters[].name
	Takes   string // what values
	Default string // in words or as YAML; empty: the field must be given
	Text    string // what it does, one paragraph
}

// Fields lists every field in the order of the reference. It is what the reader
// goes by: a field that is not in it is unknown.
func Fields() []Field {
	return slices.Concat([]Field{
		{"apiVersion", "`fedns.io/v1alpha1`", "", "Version of this file's form."},
		{"kind", "`Config`", "", "Kind of this file."},

		{"listen", "mapping", "see below", "Where the daemon can be reached."},
		{"listen.dns", "list of address:port, IPv6 in brackets", "`[\"127.0.0.1:5353\"]`",
			"Where DNS is answered, over UDP and TCP each. An IPv6 address, `[::]` too, takes no IPv4; that holds for the three below as well."},
		{"listen.tls", "list of address:port", "none", "Where DNS is answered over TLS (DoT); usually port 853."},
		{"listen.https", "list of address:port", "none", "Where DNS is answered over HTTPS (DoH), at `/dns-query`; usually port 443."},
		{"listen.quic", "list of address:port", "none", "Where DNS is answered over QUIC (DoQ); usually port 853."},
		{"listen.certificate", "mapping", "none; required by the three above", "The certificate that TLS, HTTPS and QUIC show. It is read again when its files change; a pair that does not fit leaves the last good one in use."},
		{"listen.certificate.file", "path", "", "The certificate's chain, PEM."},
		{"listen.certificate.key", "path", "", "Its private key, PEM."},
		{"listen.http", "address:port, IPv6 in brackets", "`\"127.0.0.1:8053\"`",
			"Where probes, metrics and the API are."},

		{"federation", "mapping", "see below", "The zones made from the clusters' Services."},
		{"federation.name", "DNS label", "no short names",
			"Short names: `<svc>.<ns>.<name>.` Choose one that is not a namespace in any cluster, nor a top-level domain you use."},
		{"federation.domain", "domain name", "no federation names",
			"Federation names, by zone, region and globally: `<svc>.<ns>.<name>.svc[.<zone>.<region>].<domain>.` Needs `federation.name`. Hosts may lie in it, too."},
		{"federation.clusterSet", "domain name", "`clusterset.local`",
			"ClusterSet names: `<svc>.<ns>.svc.<clusterSet>.` The three zones may not lie within each other."},
		{"federation.others", "list of mappings", "none",
			"Further federations by whose names, by zone, region and globally, all Services are found, too: KubeFed's Domains, where there are several."},
		{"federation.others[].name", "DNS label", "must be given", "As `federation.name`; short names it has none."},
		{"federation.others[].domain", "domain name", "must be given", "`federation.domain`, or a domain in one of `zones`. Of several federations each has the same domain, or one apart from all others."},
		{"federation.ttl", "mapping", "see below",
			"How long answers may be cached. A Service's annotation `fedns.io/ttl` goes before it."},
		{"federation.ttl.shortName", ttlTakes, "`5`", "Of short names."},
		{"federation.ttl.clusterSet", ttlTakes, "`5`", "Of ClusterSet names."},
		{"federation.ttl.zone", ttlTakes, "`30`", "Of federation names of a zone."},
		{"federation.ttl.region", ttlTakes, "`30`", "Of federation names of a region."},
		{"federation.ttl.global", ttlTakes, "`30`", "Of federation names without zone or region, and of hosts."},

		{"exports", "list of `ServiceExport`, `Annotated`, `LoadBalancer`, `Ingress`, `Gateway`", "`[ServiceExport, Annotated]`; with `propagation`, `Ingress` and `Gateway`, too",
			"Which Services federate: those with a ServiceExport of their name; those annotated `fedns.io/export: \"true\"`; all of type LoadBalancer. With `Ingress` and `Gateway` the hosts of Ingresses and HTTPRoutes that federation placed, or with `Annotated` that are so annotated, are answered, too: see names.md."},

		{"clusters", "list of mappings", "none",
			"The member clusters. Each has exactly one of `kubeconfig`, `manifests` and `inCluster`, and none is listed twice."},
		{"clusters[].name", "DNS label, unique", "", "The cluster's name; it is seen in the names of headless Services' endpoints."},
		{"clusters[].kubeconfig", "path", "none", "How to reach the cluster. It is read again when it changes."},
		{"clusters[].context", "name of a context in `kubeconfig`", "its current context", "Which of several clusters in `kubeconfig` is meant."},
		{"clusters[].allowExec", "`true` or `false`", "`false`",
			"Whether `kubeconfig` may run a program (an exec plugin) to get credentials."},
		{"clusters[].manifests", "path of a folder", "none",
			"A folder of Kubernetes YAML in place of an API server. It is read again when it changes."},
		{"clusters[].inCluster", "`true` or `false`", "`false`", "The cluster that fedns itself runs in, by its ServiceAccount."},
		{"clusters[].region", "DNS label", "as its nodes' labels say", "The region the cluster is in."},
		{"clusters[].zone", "DNS label", "as its nodes' labels say", "The zone the cluster is in."},
		{"clusters[].state", "`drained` or `evicted`", "as the evidence says", "What the operator wants: a drained cluster is answered only where nothing else is left, an evicted one not at all. `fedns drain` and `fedns evict` do the same at once, for one daemon."},

		{"clusters[].probes", "list of mappings", "none", "Gateways into the cluster that fedns tries, to see whether its data plane works: it does while one of them answers. At most 16, each with exactly one of `tcp`, `http` and `https`."},
		{"clusters[].probes[].tcp", "host:port, IPv6 in brackets", "none", "Good when a connection is made."},
		{"clusters[].probes[].http", "URL", "none", "Good when it is answered with 2xx or 3xx. Redirects are not followed."},
		{"clusters[].probes[].https", "URL", "none", "The same over TLS, with a certificate that is good for the name and trusted."},
		{"clusters[].probes[].serverName", "domain name", "the URL's host", "The name that the certificate has to be for."},
		{"clusters[].probes[].caFile", "path", "the system's", "Certificates that are trusted, PEM. It is read at each try."},
		{"clusters[].probes[].insecure", "`true` or `false`", "`false`", "Whether any certificate will do."},
		{"clusters[].probe", "mapping", "see below", "How `probes` are tried."},
		{"clusters[].probe.interval", intervalTakes, "`2s`", "From one try to the next, a tenth more or less."},
		{"clusters[].probe.timeout", timeoutTakes, "`1s`", "How long a try may take as a whole."},
		{"clusters[].probe.failures", "a number from 1 to 100", "`3`", "How many tries in a row have to fail for a gateway to count as down."},
		{"clusters[].probe.successes", "a number from 1 to 100", "`1`", "How many have to succeed for it to count as up again."},

		{"inventories", "list of mappings", "none",
			"Further sources of member clusters, each of one kind. Where several state one cluster, the first in this list counts, and `clusters` before all. A cluster is removed when its object is seen to be deleted; not while the host cannot be reached, nor when the object becomes malformed."},
		{"inventories[].allowExec", "`true` or `false`", "`false`", "Whether the clusters' credentials may come from programs that are run (exec plugins). Whoever can write the objects can run any program here then."},
		{"inventories[].holdShare", shareTakes, "`50%`", "A list that suddenly lacks more than this share of three or more known clusters is not believed: they are kept, with a finding, until each is seen deleted or this file changes what is said of the inventory. `100%`: every list is believed."},
		{"inventories[].drained", "list of DNS labels", "none", "Names of its clusters that are answered only where nothing else is left, as `clusters[].state` says it of others."},
		{"inventories[].evicted", "list of DNS labels", "none", "Names of its clusters that are not answered at all."},
		{"inventories[].probes", "list of mappings", "none", "Gateways into each of its clusters, as `clusters[].probes`. In what is tried, `{cluster}` stands for the cluster's name, `{region}` for its region as stated, and `{server}` for its API server's host. A gateway of which nothing is known to stand there is left out, with a finding."},
		{"inventories[].probes[].tcp", "host:port, IPv6 in brackets", "none", "Good when a connection is made."},
		{"inventories[].probes[].http", "URL", "none", "Good when it is answered with 2xx or 3xx. Redirects are not followed."},
		{"inventories[].probes[].https", "URL", "none", "The same over TLS, with a certificate that is good for the name and trusted."},
		{"inventories[].probes[].serverName", "domain name", "the URL's host", "The name that the certificate has to be for."},
		{"inventories[].probes[].caFile", "path", "the system's", "Certificates that are trusted, PEM. It is read at each try."},
		{"inventories[].probes[].insecure", "`true` or `false`", "`false`", "Whether any certificate will do."},
		{"inventories[].probe", "mapping", "see below", "How `probes` are tried."},
		{"inventories[].probe.interval", intervalTakes, "`2s`", "From one try to the next, a tenth more or less."},
		{"inventories[].probe.timeout", timeoutTakes, "`1s`", "How long a try may take as a whole."},
		{"inventories[].probe.failures", "a number from 1 to 100", "`3`", "How many tries in a row have to fail for a gateway to count as down."},
		{"inventories[].probe.successes", "a number from 1 to 100", "`1`", "How many have to succeed for it to count as up again."},
		{"inventories[].kubeconfigs", "mapping", "none", "Kubeconfig files on this host."},
		{"inventories[].kubeconfigs.dir", "path of a folder", "none; or `file`", "Each file in it is read, but those whose names begin with a dot. It is watched."},
		{"inventories[].kubeconfigs.file", "path", "none; or `dir`", "The file that is read. It is watched."},
		{"inventories[].kubeconfigs.contexts", "`all` or `current`", "`current` for `dir`, `all` for `file`", "Which contexts are clusters: each, named as the context is; or each file's current one, named as the file is up to its first dot."},
		{"inventories[].secrets", "mapping", "none", "Secrets of the host with kubeconfigs. These may name no files."},
		{"inventories[].secrets.namespace", "DNS label", "all", "The namespace that is read."},
		{"inventories[].secrets.formats", "list of `fedns`, `istio`, `clusterAPI`, `argoCD`", "all",
			"`fedns`: label `fedns.io/cluster: NAME`, key `kubeconfig`. `istio`: label `istio/multiCluster: \"true\"`, each key a cluster's name. `clusterAPI`: `NAME-kubeconfig` of type `cluster.x-k8s.io/secret`, key `value`. `argoCD`: label `argocd.argoproj.io/secret-type: cluster`, keys `name`, `server`, `config`."},
		{"inventories[].clusterProfiles", "mapping", "none", "ClusterProfiles (multicluster.x-k8s.io) of the host. Credentials come from a Secret labelled `x-k8s.io/cluster-profile: NAME` (key `Config`), or from `providers`."},
		{"inventories[].clusterProfiles.namespace", "DNS label", "all", "The namespace that is read, for Secrets too."},
		{"inventories[].clusterProfiles.providers", "path", "none", "A JSON file of programs that get credentials, by access provider, as KEP-5339 has it. Needs `allowExec`. It is read again when it changes."},
		{"inventories[].memberClusters", "mapping", "none", "MemberClusters (fedns.io) of the host, as `fedns join` writes them. One of the replicas writes what the evidence says of each into its status, and renews its token."},
		{"inventories[].memberClusters.namespace", "DNS label", "`fedns`", "The namespace of their Secrets."},
		{"inventories[].memberClusters.renewBefore", spanTakes, "a third of its life", "How long before its end a token that `fedns join` made is renewed."},
		{"inventories[].karmada", "mapping", "none", "Clusters (cluster.karmada.io) of a Karmada API server, which `host` is then."},
		{"inventories[].karmada.namespace", "DNS label", "`karmada-cluster`", "The namespace of their Secrets."},
		{"inventories[].kubefed", "mapping", "none", "KubeFedClusters (core.kubefed.io) of the host."},
		{"inventories[].kubefed.namespace", "DNS label", "`kube-federation-system`", "The namespace that is read, for Secrets too."},

		{"zones", "list of mappings", "none", "Zones with records of their own, reverse zones, and zones that hosts lie in."},
		{"zones[].name", "domain name, unique", "",
			"The zone's apex. PTR records of exported addresses are made in zones under `in-addr.arpa` and `ip6.arpa`."},
		{"zones[].files", "list of paths", "none; required of a zone that is no reverse zone, unless `exports` has hosts",
			"Zone files (RFC 1035) that are merged into the zone. They are read again when they, or files they include, change."},

		{"resolvers", "list of address or address:port", "the system's",
			"Recursive resolvers that the hostnames of load balancers are asked of."},

		{"server", "mapping", "see below", "What queries get besides the zones' records."},
		{"server.id", "text", "not told", "The server's name, told to who asks by NSID or for `id.server` in class CHAOS."},
		{"server.version", "text", "not told", "What `version.bind` in class CHAOS is answered with."},
		{"server.cookies", "mapping", "see below", "DNS cookies, by which a client shows that it is where it says."},
		{"server.cookies.enabled", "`true` or `false`", "`true`", "Whether cookies are given and looked at."},
		{"server.cookies.secrets", "path", "a random secret", "A file of secrets, 32 hexadecimal digits a line: the first makes cookies, all are accepted. Replicas behind one address share it. Roll it over by adding the new one behind, then putting it first, then taking the old one away."},
		{"server.rateLimit", "mapping", "see below", "Response rate limiting over UDP, where source addresses can be forged. Clients with a cookie of ours are not limited."},
		{"server.rateLimit.responses", "a number from 0 to 32767", "`0`: no limit", "How many responses with the same answer a network (IPv4 /24, IPv6 /56) gets a second."},
		{"server.rateLimit.negatives", "a number from 1 to 32767", "as `responses`", "How many that say no such name or data, a zone."},
		{"server.rateLimit.errors", "a number from 1 to 32767", "as `responses`", "How many of all others."},
		{"server.rateLimit.slip", "a number from 0 to 1000", "`2`", "Every how many a response over the limit is sent truncated, so that a real client asks by TCP. `0`: never."},
		{"server.rateLimit.exempt", "list of networks", "none", "Who is never limited."},

		{"access", "mapping", "see below", "Who may have what. It holds for every transport alike."},
		{"access.query", "list of networks", "everybody", "Who is answered; all others get REFUSED."},
		{"access.transfer", "list of mappings", "nobody", "Who may transfer zones (AXFR, IXFR). Any one grant is enough; who uses it has to meet all that it gives."},
		{"access.transfer[].from", "list of networks", "from anywhere", "Where the request comes from."},
		{"access.transfer[].key", "name of a TSIG key", "none is asked", "What the request is signed with."},
		{"access.recurse", "list of networks", "nobody", "For whom names outside of the zones are resolved, by `forward`."},

		{"tsigKeys", "list of paths", "none", "Files of TSIG keys, in the form that `tsig-keygen` writes."},
		{"secondaries", "list of mappings", "none", "Name servers that are told by NOTIFY when a zone changes. What they may transfer `access.transfer` says."},
		{"secondaries[].address", "address or address:port", "", "Where the secondary is."},
		{"secondaries[].key", "name of a TSIG key", "none", "What NOTIFY is signed with."},
		{"catalog", "domain name", "none", "Name of a catalog zone (RFC 9432) that lists the zones served, so that a secondary configures itself."},

		{"forward", "mapping", "none", "How names outside of the zones are resolved, for those whom `access.recurse` names: those that CNAMEs of the zones lead to."},
		{"forward.to", "list of mappings", "", "Recursive resolvers."},
		{"forward.to[].address", "address or address:port", "", "Where the resolver is."},
		{"forward.to[].tlsName", "domain name", "UDP and TCP", "Asks over TLS, and the certificate has to be for this name."},
		{"forward.everything", "`true` or `false`", "`false`", "Whether any name is resolved, not only what the zones' CNAMEs lead to."},
		{"forward.cacheSize", "a number from 1 to 10000000", "`10000`", "How many answers are kept."},
		{"forward.stale", staleTakes, "`24h`", "How long past its TTL an answer is given when no resolver answers (RFC 8767)."},

		{"dnssec", "mapping", "none", "Zones that are signed, on the fly."},
		{"dnssec.keys", "path of a folder", "", "Where the zones' keys are: `K<zone>+<algorithm>+<tag>.key` and `.private`, as BIND writes them, of ECDSA P-256 or Ed25519. They are read again when they change."},
		{"dnssec.zones", "list of domain names", "", "The zones, each one that is served."},
		{"dnssec.generate", "`true` or `false`", "`false`", "Whether a zone without keys gets one (ECDSA P-256, one key for all)."},

		{"dnstap", "mapping", "none", "Writes what is asked and answered as dnstap. Nobody waits for it: what the writer or the reader cannot keep up with is left out and counted (`fedns_dns_tap_dropped_total`). It has exactly one of `socket` and `file`."},
		{"dnstap.socket", "path", "none", "A Unix socket that a dnstap reader listens on. It is tried again and again while nobody does."},
		{"dnstap.file", "path", "none", "A file. One that is there at the start is set aside, with a time at the end of its name."},
		{"dnstap.sample", "a number from 1 to 100000000", "`1`", "One message in so many is written."},
		{"dnstap.identity", "text", "as `server.id`", "What this server is called in dnstap."},
		{"dnstap.queries", "`true` or `false`", "`false`", "Whether a response (AUTH_RESPONSE) is written with its query. A query that gets no response is written either way (AUTH_QUERY)."},
		{"queryLog", "mapping", "see below", "Logs queries, a line each: client, transport, name, type, flags, rcode and size of the response."},
		{"queryLog.sample", "a number from 0 to 100000000", "`0`", "One query in so many is logged. `0`: none."},

		{"stateDir", "path of a folder", "nothing is kept", "Where is kept what has to outlive a restart: the zones' SOA serials, and what is last known of the clusters, so that it is answered when none can be reached."},

		{"startup", "mapping", "see below", "What holds until every cluster was read once."},
		{"startup.wait", waitTakes, "`5m`",
			"How long after the start a name that is not there is answered SERVFAIL, not NXDOMAIN, while a cluster cannot be reached that was not read since: it may have the name. `0`: not at all; a cluster that is being read is waited for either way. Clusters added later are not."},

		{"host", "mapping", "none: each replica goes by what it sees itself", "The cluster that fedns belongs to, usually the one it runs in: there `inventories` are read, replicas tell each other by Leases what they see, and Events tell the operator. It has exactly one of `kubeconfig` and `inCluster`. What replicas tell each other follows a change at the next start only."},
		{"host.kubeconfig", "path", "none", "How to reach it. It is read again when it changes."},
		{"host.context", "name of a context in `kubeconfig`", "its current context", "Which of several clusters in `kubeconfig` is meant."},
		{"host.allowExec", "`true` or `false`", "`false`", "Whether `kubeconfig` may run a program (an exec plugin) to get credentials."},
		{"host.inCluster", "`true` or `false`", "`false`", "The cluster that fedns itself runs in, by its ServiceAccount."},
		{"host.namespace", "DNS label", "`fedns-system`", "The namespace of what fedns keeps there."},
		{"replica", "DNS label", "the host name", "This replica's name, which no other may have. A change takes effect at the next start."},
	}, evidenceFields(), providerFields(), propagationFields())
}

const (
	ttlTakes  = "seconds from 1 to 604800, or a duration such as `30s`"
	waitTakes = "seconds from 0 to 86400, or a duration such as `5m`"
	// as long as a TTL may be
	staleTakes = "seconds from 0 to 604800, or a duration such as `1h`"
)

// children maps a mapping's pattern ("" for the file, clusters[]) to the names
// of its fields, in the order of the reference.
var children = func() map[string][]string {
	m := map[string][]string{}
	for _, f := range Fields() {
		parent, name := "", f.Path
		if i := strings.LastIndexByte(f.Path, '.'); i >= 0 {
			parent, name = f.Path[:i], f.Path[i+1:]
		}
		m[parent] = append(m[parent], name)
	}
	return m
}()

// Reference is docs/configuration.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# The configuration file

<!-- Made from cmd/fedns/config/reference.go by: go test ./cmd/fedns/config -run Reference -update -->

` + "`fedns serve --config FILE`" + ` reads one YAML document. Every field but ` + "`apiVersion` and `kind`" + ` may be left out. An
unknown field, a field given twice or a value of the wrong form is an error; all errors are shown, one line each, with
file, line and field. Relative paths start at the configuration file's folder. Anchors and aliases are not read.

fedns looks at the file again when it changes, and at the kubeconfigs and zone files it names. A file with an error
changes nothing: what was read last stays in force.

` + "```yaml\n" + Example + "```\n\n| field | takes | default | |\n|---|---|---|---|\n")
	for _, f := range Fields() {
		def := f.Default
		if def == "" {
			def = "must be given"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Path, f.Takes, def, f.Text)
	}
	return b.String()
}

// Example is a file that uses every field.
const Example = `apiVersion: fedns.io/v1alpha1
kind: Config
listen:
  dns: ["0.0.0.0:5353", "[::]:5353"]
  tls: ["0.0.0.0:853", "[::]:853"]
  https: ["0.0.0.0:443", "[::]:443"]
  quic: ["0.0.0.0:853", "[::]:853"]
  certificate: {file: tls.crt, key: tls.key}
  http: "[::]:8053"                 # IPv4, too
federation:
  name: prod                        # <svc>.<ns>.prod.
  domain: example.com               # <svc>.<ns>.prod.svc[.<zone>.<region>].example.com.
  clusterSet: clusterset.local      # <svc>.<ns>.svc.clusterset.local.
  others: [{name: next, domain: example.com}]
  ttl: {shortName: 5, clusterSet: 5, zone: 30s, region: 30s, global: 1m}
exports: [ServiceExport, Annotated, LoadBalancer]
clusters:
- name: host
  inCluster: true
- name: eu-1
  kubeconfig: /etc/fedns/members/eu-1.kubeconfig
  context: eu-1
  allowExec: false
  region: eu-west
  zone: eu-west-1a
  probes:
  - {tcp: "10.1.0.1:443"}
  - {http: "http://10.1.0.2/healthz"}
  - {https: "https://gw.eu-1.example.com/healthz", serverName: gw.example.com, caFile: gw.crt, insecure: false}
  probe: {interval: 2s, timeout: 500ms, failures: 3, successes: 1}
- name: edge
  manifests: /srv/edge
  state: drained
inventories:
- kubeconfigs: {dir: /etc/fedns/clusters, contexts: current}
- kubeconfigs: {file: /etc/fedns/others.kubeconfig}
  allowExec: true
- secrets: {namespace: fedns, formats: [fedns, istio, clusterAPI, argoCD]}
- clusterProfiles: {namespace: fleet-system, providers: providers.json}
  allowExec: true
  holdShare: 30%
- memberClusters: {namespace: fedns, renewBefore: 8h}
- karmada: {namespace: karmada-cluster}
- kubefed: {namespace: kube-federation-system}
  drained: [eu-7]
  evicted: [eu-8]
  probes:
  - {tcp: "{server}:443"}
  - {http: "http://gw.{cluster}.example.com/healthz"}
  - {https: "https://gw.{cluster}.{region}.example.com/healthz", serverName: gw.example.com, caFile: gw.crt, insecure: false}
  probe: {interval: 2s, timeout: 500ms, failures: 3, successes: 1}
zones:
- name: example.com
  files: [example.com.zone]
- name: 10.in-addr.arpa
resolvers: ["192.0.2.1", "[2001:db8::1]:53"]
startup: {wait: 10m}
evidence: {behindAfter: 5s, unprobedAfter: 1m, holdShare: 50%, holdWindow: 30s}
withdrawals: {window: 1m, count: 20, share: 50%}
propagation:
  dialects: [kubefed, karmada]
  dryRun: true
  createNamespaces: false
  karmada: {propagation: on, policyDeleted: Withdraw, works: false}
  failover: {toleration: 2m, grace: 5m, holdShare: 40%, holdWindow: 3m}
  withdrawals: {window: 2m, count: 10, share: 30%}
stateDir: /var/lib/fedns
host: {kubeconfig: host.kubeconfig, context: host, allowExec: false, inCluster: false, namespace: fedns-system}
replica: fedns-1
server:
  id: fedns-1
  version: fedns
  cookies: {enabled: true, secrets: cookie.secrets}
  rateLimit: {responses: 100, negatives: 50, errors: 20, slip: 2, exempt: [10.0.0.0/8]}
access:
  query: [0.0.0.0/0, "::/0"]
  transfer:
  - {from: [192.0.2.53], key: transfer.example.com}
  recurse: [10.0.0.0/8]
tsigKeys: [transfer.key]
secondaries:
- {address: 192.0.2.53, key: transfer.example.com}
catalog: catalog.example
forward:
  to:
  - {address: 192.0.2.1}
  - {address: 192.0.2.2, tlsName: dns.example.net}
  everything: false
  cacheSize: 10000
  stale: 24h
providers:
- name: aws
  zones: [example.com]
  owner: prod
  account: main
  sealKey: registry.key
  drift: Sync
  dryRun: true
  names: [prod.svc.example.com]
  except: [internal.prod.svc.example.com]
  levels: [Global, Region]
  view: Public
  routing: Weighted
  regions:
  - {region: eu-west, as: eu-west-1, continent: EU, country: DE, subdivision: BY}
  order: [eu-1, host]
  health: {protocol: HTTPS, port: 443, path: /healthz, host: www.example.com, interval: 30s, threshold: 3}
  minTTL: 60
  audit: 1h
  withdrawals: {window: 1m, count: 20, share: 50%}
  rates:
  - {action: ChangeResourceRecordSets, burst: 5, perSecond: 5}
  route53:
    hostedZoneID: Z0123456789ABCDEFGHIJ
    private: false
    assumeRole: arn:aws:iam::123456789012:role/fedns
    externalID: fedns
    credentials: aws.credentials
    profile: default
    region: us-east-1
    endpoint: https://route53.amazonaws.com
    stsEndpoint: https://sts.us-east-1.amazonaws.com
- name: google
  zones: [example.com]
  clouddns:
    project: fedns-prod
    managedZone: example-com
    private: false
    credentials: google.json
    healthCheck: https://www.googleapis.com/compute/v1/projects/fedns-prod/global/healthChecks/web
    backupRegion: us-central1
    endpoint: https://dns.googleapis.com/
- name: bind
  zones: [example.com, prod]
  rfc2136:
    servers: [ns1.example.net, "[2001:db8::53]:53"]
    secondaries: [ns2.example.net]
    key: transfer.key
    keyName: transfer.example.com
    tls: false
    serverName: ns1.example.net
    caFile: ns1.crt
- {name: others, zones: [example.com], webhook: {url: "http://127.0.0.1:8888"}}
- {name: files, zones: [example.com], zonefile: {dir: /srv/zones}}
- {name: trial, zones: [example.com], inmemory: {}, retire: true}
dnssec: {keys: keys, zones: [example.com], generate: false}
dnstap: {socket: /run/dnstap.sock, sample: 10, identity: ns1, queries: true}
queryLog: {sample: 1000}
`
