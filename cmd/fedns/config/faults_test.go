package config

import (
	"strings"
	"testing"
)

// TestFaults: what is wrong is told in exactly these words, at this line.
func TestFaults(t *testing.T) {
	const label = "want a DNS label: at most 63 of a-z, 0-9 and -, no - at either end"
	const seconds = "want seconds from 1 to 604800, or a duration such as 30s"
	const listen = "want address:port, such as 127.0.0.1:5353 or [::1]:5353"
	long := strings.Repeat("a", 64)
	for _, tt := range []struct{ name, text, want string }{
		// The file as a whole.
		{"empty", "", "f: got an empty file, want apiVersion: fedns.io/v1alpha1 and kind: Config"},
		{"comments only", "# nothing\n", "f: got an empty file, want apiVersion: fedns.io/v1alpha1 and kind: Config"},
		{"null", "---\n", "f: got an empty file, want apiVersion: fedns.io/v1alpha1 and kind: Config"},
		{"two documents", header + "---\n" + header, "f:3: got a second document, want one"},
		{"list", "- a\n", "f:1: got a list, want a mapping"},
		{"Latin-1", header + "a: \xe9\n", "f:3: not YAML: incomplete UTF-8 octet sequence"},
		{"tab", header + "listen:\n\thttp: a\n", "f:4: not YAML: got a tab, want spaces to indent"},
		{"tab after spaces", header + "listen:\n  dns: []\n \thttp: a\n", "f:5: not YAML: got a tab, want spaces to indent"},
		{"open bracket", header + "exports: [\n", "f:3: not YAML: did not find expected node content"},
		{"control character", header + "a: \x01\n", "f:3: not YAML: control characters are not allowed"},
		{"unknown anchor", header + "listen: *a\n", "f:3: not YAML: unknown anchor 'a' referenced"},

		// Providers.
		{"no provider", providersOf("{}"), "f:6: providers[0].name: missing, want a DNS label\nf:6: providers[0].zones: missing, want a list of zones that fedns serves\nf:6: providers[0].route53: missing, want one of route53, clouddns, rfc2136, webhook, zonefile, inmemory"},
		{"two kinds", providersOf("{name: a, zones: [example.com], inmemory: {}, webhook: {url: 'http://a'}}"), "f:6: providers[0].webhook: second kind of provider in one entry, want an entry each"},
		{"no such routing", providersOf("{name: a, zones: [example.com], inmemory: {}, routing: Nearest}"), `f:6: providers[0].routing: got "Nearest", want one of Simple, Weighted, Latency, Geolocation, Failover, Multivalue`},
		{"a zone of somebody else", providersOf("{name: a, zones: [example.org], inmemory: {}}"), "f:6: providers[0].zones: got a list, want zones that fedns serves (the federation's, or one of zones), not example.org. as item 1"},
		{"a bad owner", providersOf("{name: a, owner: A_b, zones: [example.com], inmemory: {}}"), `f:6: providers[0].owner: got "A_b", want 1 to 40 of a-z, 0-9 and -, no - at either end`},
		{"one ID for two zones", providersOf("{name: a, zones: [example.com, prod], route53: {hostedZoneID: Z1}}"), `f:6: providers[0].route53.hostedZoneID: got "Z1" for 2 zones, want an entry each, or none: it is found by the zone's name`},
		{"no owner", header + "zones: [{name: example.com, files: [a]}]\nproviders:\n- {name: a, zones: [example.com], inmemory: {}}\n", "f:5: providers[0].owner: missing, want a name of this federation, such as prod"},
		{"servers wanted", providersOf("{name: a, zones: [example.com], rfc2136: {}}"), "f:6: providers[0].rfc2136.servers: missing, want a list of name servers"},
		{"retired and kept", providersOf("{name: a, zones: [example.com], inmemory: {}, drift: UpsertOnly, retire: true}"), `f:6: providers[0].drift: got "UpsertOnly", want Sync, or none, where retire is true: all that is ours is taken away`},
		{"names of other zones", providersOf("{name: a, zones: [prod], names: [web.prod, example.com], except: [b.test], inmemory: {}}"), "f:6: providers[0].names: got a list, want names in the provider's zones, not example.com. as item 2\nf:6: providers[0].except: got a list, want names in the provider's zones, not b.test. as item 1"},
		{"one hosted zone twice", providersOf("{name: a, zones: [prod, example.com], names: [a.example.com], rfc2136: {servers: [ns1, ns2]}}\n- {name: b, zones: [example.com], owner: prod, rfc2136: {servers: [ns2]}}"), "f:7: providers[1].zones: got a list, want no zone that providers[0] writes to the same place for the same owner, prod, as it does example.com.: each would delete the other's records"},
		{"not a URL", providersOf("{name: a, zones: [example.com], webhook: {url: 'localhost:88'}}"), `f:6: providers[0].webhook.url: got "localhost:88", want a URL that begins with http:// or https://`},

		// The header.
		{"no header", "listen: {}\n", "f:1: apiVersion: missing, want fedns.io/v1alpha1\nf:1: kind: missing, want Config"},
		{"wrong version", "apiVersion: fedns.io/v1\nkind: Config\n", `f:1: apiVersion: got "fedns.io/v1", want fedns.io/v1alpha1`},
		{"wrong kind", "apiVersion: fedns.io/v1alpha1\nkind: ConfigMap\n", `f:2: kind: got "ConfigMap", want Config`},

		// Fields.
		{"misspelt", header + "federation:\n  nmae: prod\n", "f:4: federation.nmae: unknown field, did you mean name?"},
		{"wrong case", header + "clusters:\n- name: a\n  kubeConfig: k\n  inCluster: true\n", "f:5: clusters[0].kubeConfig: unknown field, did you mean kubeconfig?"},
		{"unlike any", header + "telemetry: {}\n", "f:3: telemetry: unknown field, want one of " + topLevel()},
		{"twice", header + "listen: {}\nexports: [Annotated]\nlisten: {}\n", "f:5: listen: given twice, first on line 3"},
		{"unknown twice", header + "x: 1\nx: 2\n", "f:3: x: unknown field, want one of " + topLevel() + "\nf:4: x: given twice, first on line 3"},
		{"list as a name", header + "? [a]\n: b\n", "f:3: got a list as a field's name, want one of " + topLevel()},
		{"newline in a name", header + "\"li\\nsten\": 1\n", `f:3: li\nsten: unknown field, did you mean listen?`},
		{"mapping wanted", header + "listen: 127.0.0.1\n", `f:3: listen: got "127.0.0.1", want a mapping`},
		{"list wanted", header + "exports: Annotated\n", `f:3: exports: got "Annotated", want a list of ServiceExport, Annotated, LoadBalancer, Ingress, Gateway`},
		{"text wanted", header + "federation: {name: [prod]}\n", "f:3: federation.name: got a list, " + label},
		{"anchor and alias", header + "listen: &a {http: \"127.0.0.1:1\"}\nfederation: *a\n", "f:4: federation: got an alias, want a mapping"},
		{"merge key", header + "listen: &a {http: \"127.0.0.1:1\"}\nfederation:\n  <<: *a\n", "f:5: federation.<<: unknown field, want one of name, domain, clusterSet, others, ttl"},
		{"tag", header + "federation: {name: !!binary cHJvZA==}\n", "f:3: federation.name: got a value tagged !!binary, " + label},

		// listen
		{"port alone", header + "listen: {http: \":8053\"}\n", `f:3: listen.http: got ":8053", ` + listen},
		{"no port", header + "listen: {http: 127.0.0.1}\n", `f:3: listen.http: got "127.0.0.1", ` + listen},
		{"port 0", header + "listen: {http: \"127.0.0.1:0\"}\n", `f:3: listen.http: got "127.0.0.1:0", want a port from 1 to 65535`},
		{"port too high", header + "listen: {http: \"127.0.0.1:65536\"}\n", `f:3: listen.http: got "127.0.0.1:65536", ` + listen},
		{"host name", header + "listen: {http: \"localhost:8053\"}\n", `f:3: listen.http: got "localhost:8053", ` + listen},
		{"IPv6 without brackets", header + "listen:\n  dns:\n  - 127.0.0.1:53\n  - ::1:53\n", `f:6: listen.dns[1]: got "::1:53", ` + listen},
		{"no address", header + "listen: {dns: []}\n", "f:3: listen.dns: got an empty list, want at least one address:port"},
		{"nothing in a list", header + "listen:\n  dns:\n  -\n", "f:5: listen.dns[0]: got nothing, " + listen},
		{"address twice", header + "listen: {dns: [\"[::1]:53\", \"[0::1]:53\"]}\n", `f:3: listen.dns[1]: got "[0::1]:53", want an address that is not listed before`},
		{"one address for both", header + "listen:\n  dns: [\"127.0.0.1:53\"]\n  http: 127.0.0.1:53\n", "f:5: listen.http: listen.dns and listen.http are both 127.0.0.1:53, want two"},
		{"HTTP's default for DNS", header + "listen: {dns: [\"127.0.0.1:8053\"]}\n", "f:3: listen.dns: listen.dns and listen.http are both 127.0.0.1:8053, want two"},

		// serving
		{"TLS without a certificate", header + "listen: {tls: [\"127.0.0.1:853\"]}\n", "f:3: listen.tls: given without listen.certificate, want both"},
		{"half a certificate", header + "listen:\n  certificate: {file: a}\n", "f:4: listen.certificate.key: missing, want a path"},
		{"TLS where DNS is", header + "listen: {tls: [\"127.0.0.1:5353\"], certificate: {file: a, key: b}}\n", "f:3: listen.tls: got a list, want addresses of its own: [0] is listened on already"},
		{"no network", header + "access: {query: [example.com]}\n", `f:3: access.query[0]: got "example.com", want an address or a network such as 192.0.2.0/24 or 2001:db8::/32`},
		{"bits past a network", header + "access: {query: [10.0.0.1/8]}\n", `f:3: access.query[0]: got "10.0.0.1/8", want a network without bits set behind its length, such as 10.0.0.0/8`},
		{"a grant to everybody", header + "access:\n  transfer:\n  - {}\n", "f:5: access.transfer[0]: empty, want from, key or both"},
		{"recursion by nobody", header + "access: {recurse: [10.0.0.0/8]}\n", "f:3: access.recurse: given without forward, want both"},
		{"a secondary nowhere", header + "secondaries:\n- {key: a}\n", "f:4: secondaries[0].address: missing, want an address or address:port"},
		{"rate", header + "server: {rateLimit: {responses: many}}\n", `f:3: server.rateLimit.responses: got "many", want a number from 0 to 32767`},
		{"server's name", header + "server: {id: \"a\\tb\"}\n", `f:3: server.id: got "a\tb", want text of at most 128 printable ASCII characters`},
		{"signing what is not served", header + "dnssec: {keys: k, zones: [clusterset.local, a.example]}\n", "f:3: dnssec.zones[1]: got a.example., want a zone that is served"},
		{"dnssec alone", header + "dnssec: {}\n", "f:3: dnssec.keys: missing, want the path of a folder\nf:3: dnssec.zones: missing, want a list of zones"},
		{"catalog in place of a zone", header + "catalog: clusterset.local\n", `f:3: catalog: got "clusterset.local", want a name that no other zone has`},
		{"stale for ever", header + "forward: {to: [{address: 192.0.2.1}], stale: 8760h}\n", `f:3: forward.stale: got "8760h", want seconds from 0 to 604800, or a duration such as 1h`},

		{"dnstap nowhere", header + "dnstap: {sample: 2}\n", "f:3: dnstap.socket: missing, want exactly one of socket, file"},
		{"dnstap twice", header + "dnstap:\n  socket: s\n  file: f\n", "f:5: dnstap.file: second place to write to, want exactly one of socket, file"},
		{"one dnstap message in none", header + "dnstap: {file: f, sample: 0}\n", `f:3: dnstap.sample: got "0", want a number from 1 to 100000000`},
		{"fewer logged than none", header + "queryLog: {sample: -1}\n", `f:3: queryLog.sample: got "-1", want a number from 0 to 100000000`},

		// federation
		{"name of two labels", header + "federation: {name: prod.eu}\n", `f:3: federation.name: got "prod.eu", ` + label},
		{"name in capitals", header + "federation: {name: Prod}\n", `f:3: federation.name: got "Prod", ` + label},
		{"empty name", header + "federation: {name: \"\"}\n", `f:3: federation.name: got "", ` + label},
		{"domain without name", header + "federation: {domain: example.com}\n", `f:3: federation.domain: got "example.com" without federation.name, want both`},
		{"empty label", header + "federation: {name: prod, domain: example..com}\n", `f:3: federation.domain: got "example..com", want a domain name such as example.com`},
		{"root", header + "federation: {name: prod, domain: .}\n", `f:3: federation.domain: got ".", want a domain name such as example.com`},
		{"domain too long", header + "federation: {clusterSet: " + strings.Repeat("abcdefg.", 32) + "}\n",
			`f:3: federation.clusterSet: got "` + strings.Repeat("abcdefg.", 10) + `…", want a domain name such as example.com, at most 255 octets long`},
		{"name over domain", header + "federation: {name: com, domain: example.com}\n", `f:3: federation.domain: got "example.com", want a zone apart from federation.name com.`},
		{"domain over ClusterSet", header + "federation:\n  name: prod\n  clusterSet: set.example.com\n  domain: example.com\n",
			`f:5: federation.clusterSet: got "set.example.com", want a zone apart from federation.domain example.com.`},
		{"another federation without a domain", header + "federation: {others: [{name: b}]}\n", "f:3: federation.others[0].domain: missing, want a domain name such as example.com"},
		{"another federation elsewhere", header + "federation:\n  name: a\n  domain: example.com\n  others:\n  - {name: b, domain: example.org}\n",
			`f:7: federation.others[0].domain: got "example.org", want federation.domain, or a domain in one of zones`},
		{"another federation that is the same", header + "federation:\n  name: a\n  domain: example.com\n  others:\n  - {name: b, domain: example.com}\n  - {name: a, domain: example.com}\n",
			`f:8: federation.others[1].domain: got "example.com", want a federation that is not given before`},
		{"another federation below", header + "zones: [{name: eu.example.com, files: [a]}]\nfederation:\n  name: a\n  domain: example.com\n  others:\n  - {name: b, domain: eu.example.com}\n",
			`f:8: federation.others[0].domain: got "eu.example.com", want example.com. itself, or a domain apart from it`},
		{"the default ClusterSet under name", header + "federation: {name: local}\n", `f:3: federation.name: got "local", want a zone apart from federation.clusterSet clusterset.local.`},
		{"TTL 0", header + "federation: {ttl: {zone: 0}}\n", `f:3: federation.ttl.zone: got "0", ` + seconds},
		{"TTL too long", header + "federation: {ttl: {zone: 604801}}\n", `f:3: federation.ttl.zone: got "604801", ` + seconds},
		{"TTL of half a second", header + "federation: {ttl: {zone: 1500ms}}\n", `f:3: federation.ttl.zone: got "1500ms", ` + seconds},
		{"negative TTL", header + "federation: {ttl: {zone: -5s}}\n", `f:3: federation.ttl.zone: got "-5s", ` + seconds},

		// exports
		{"unknown rule", header + "exports: [Annotation]\n", `f:3: exports[0]: got "Annotation", want one of ServiceExport, Annotated, LoadBalancer, Ingress, Gateway`},
		{"rule twice", header + "exports: [Annotated, Annotated]\n", `f:3: exports[1]: got "Annotated", want a rule that is not listed before`},
		{"no rule", header + "exports: []\n", "f:3: exports: got an empty list, want at least one of ServiceExport, Annotated, LoadBalancer, Ingress, Gateway"},

		// clusters
		{"empty cluster", header + "clusters:\n- {}\n", "f:4: clusters[0].name: missing, want a DNS label\nf:4: clusters[0].kubeconfig: missing, want exactly one of kubeconfig, manifests, inCluster"},
		{"cluster that is text", header + "clusters: [eu-1]\n", `f:3: clusters[0]: got "eu-1", want a mapping`},
		{"bad names", header + "clusters:\n- {name: EU, inCluster: true}\n- {name: -a, manifests: m}\n- {name: " + long + ", manifests: n}\n",
			`f:4: clusters[0].name: got "EU", ` + label + "\n" + `f:5: clusters[1].name: got "-a", ` + label + "\n" + `f:6: clusters[2].name: got "` + long + `", ` + label},
		{"name twice", header + "clusters:\n- {name: a, manifests: m}\n- {name: b, manifests: n}\n- {name: a, manifests: o}\n", `f:6: clusters[2].name: got "a", want a name other than that of clusters[0]`},
		{"two ways", header + "clusters:\n- name: a\n  kubeconfig: k\n  manifests: m\n", "f:6: clusters[0].manifests: second way to reach the cluster, want exactly one of kubeconfig, manifests, inCluster"},
		{"no way", header + "clusters:\n- name: a\n  inCluster: false\n", "f:4: clusters[0].kubeconfig: missing, want exactly one of kubeconfig, manifests, inCluster"},
		{"context without kubeconfig", header + "clusters:\n- {name: a, inCluster: true, context: a}\n", `f:4: clusters[0].context: got "a" without kubeconfig, want both`},
		{"allowExec without kubeconfig", header + "clusters:\n- {name: a, manifests: m, allowExec: true}\n", `f:4: clusters[0].allowExec: got "true" without kubeconfig, want both`},
		{"truth in another language", header + "clusters:\n- {name: a, inCluster: yes}\n", `f:4: clusters[0].inCluster: got "yes", want true or false`},
		{"one cluster under two names", header + "clusters:\n- {name: a, kubeconfig: k}\n- {name: b, kubeconfig: ./k}\n", "f:5: clusters[1].kubeconfig: the same cluster as clusters[0]"},
		{"in two clusters", header + "clusters:\n- {name: a, inCluster: true}\n- {name: b, inCluster: true}\n", "f:5: clusters[1].inCluster: the same cluster as clusters[0]"},
		{"home folder", header + "clusters:\n- {name: a, kubeconfig: ~/.kube/config}\n", `f:4: clusters[0].kubeconfig: got "~/.kube/config", want a path without ~, which only a shell understands`},
		{"bad region and zone", header + "clusters:\n- {name: a, inCluster: true, region: eu.west, zone: A}\n",
			`f:4: clusters[0].region: got "eu.west", ` + label + "\n" + `f:4: clusters[0].zone: got "A", ` + label},

		// inventories
		{"probe that is no template", header + "host: {inCluster: true}\ninventories: [{karmada: {}, probes: [{tcp: \"{name}:1\"}]}]\n",
			`f:4: inventories[0].probes[0].tcp: got "{name}:1", want host:port, such as 10.1.0.1:443 or [2001:db8::1]:443, in which {cluster}, {region} and {server} may stand`},
		{"placeholder of a cluster", header + "clusters: [{name: a, manifests: m, probes: [{tcp: \"{cluster}:1\"}]}]\n",
			`f:3: clusters[0].probes[0].tcp: got "{cluster}:1", want host:port, such as 10.1.0.1:443 or [2001:db8::1]:443`},
		{"two words", header + "host: {inCluster: true}\ninventories:\n- karmada: {}\n  drained: [a, b]\n  evicted: [b]\n",
			"f:7: inventories[0].evicted[0]: it is drained already, want each cluster once"},

		// host
		{"empty host", header + "host: {}\n", "f:3: host.kubeconfig: missing, want exactly one of kubeconfig, inCluster"},
		{"host not in a cluster", header + "host:\n  inCluster: false\n  context: a\n", "f:4: host.kubeconfig: missing, want exactly one of kubeconfig, inCluster\nf:5: host.context: got \"a\" without kubeconfig, want both"},
		{"host reached two ways", header + "host:\n  kubeconfig: k\n  inCluster: true\n", "f:5: host.inCluster: second way to reach the cluster, want exactly one of kubeconfig, inCluster"},
		{"host's allowExec without kubeconfig", header + "host: {inCluster: true, allowExec: true}\n", `f:3: host.allowExec: got "true" without kubeconfig, want both`},
		{"host that is text", header + "host: here\n", `f:3: host: got "here", want a mapping`},

		// zones
		{"zone twice", header + "zones:\n- {name: example.com, files: [a]}\n- {name: Example.com., files: [b]}\n", `f:5: zones[1].name: got "Example.com.", want a name other than that of zones[0]`},
		{"zone without name", header + "zones:\n- files: [a]\n", "f:4: zones[0].name: missing, want a domain name"},
		{"zone without files", header + "zones:\n- name: example.com\n", "f:4: zones[0].files: missing, want a list of zone files"},
		{"file twice", header + "zones: [{name: example.com, files: [a, ./a]}]\n", `f:3: zones[0].files[1]: got "./a", want a file that is not listed before`},

		// resolvers
		{"resolver's name", header + "resolvers: [dns.example.com]\n", `f:3: resolvers[0]: got "dns.example.com", want address or address:port, such as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53`},
		{"IPv4 in brackets", header + "resolvers: [\"[192.0.2.1]\"]\n", `f:3: resolvers[0]: got "[192.0.2.1]", want address or address:port, such as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53`},
		{"resolver's port", header + "resolvers: [\"192.0.2.1:0\"]\n", `f:3: resolvers[0]: got "192.0.2.1:0", want a port from 1 to 65535`},

		{"several faults in the order of their lines", header + "zones: [{name: a b}]\nlisten: {http: x}\nfederation: {name: x_y}\n",
			`f:3: zones[0].name: got "a b", want a domain name such as example.com` + "\n" + `f:4: listen.http: got "x", ` + listen + "\n" + `f:5: federation.name: got "x_y", ` + label},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse("f", []byte(tt.text))
			if err == nil {
				t.Fatalf("got %+v, want an error", c)
			}
			if err.Error() != tt.want {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	names := []string{"name", "kubeconfig", "context", "zone"}
	for word, want := range map[string]string{
		"nam": "name", "names": "name", "Kubeconfig": "kubeconfig", "kube-config": "kubeconfig", "zoen": "zone",
		"telemetry": "", "x": "", "": "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// topLevel are the fields that a file may have, in the order of the reference.
func topLevel() string {
	var names []string
	for _, f := range Fields() {
		if !strings.ContainsAny(f.Path, ".[") {
			names = append(names, f.Path)
		}
	}
	return strings.Join(names, ", ")
}

// providersOf is a file with one provider, on its sixth line.
func providersOf(entry string) string {
	return header + "zones: []\nfederation: {name: prod, domain: example.com}\nproviders:\n- " + entry + "\n"
}
