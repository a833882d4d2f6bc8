package config

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/evidence"
	"github.com/fedns/fedns/discovery/probe"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/providers"
	"github.com/fedns/fedns/providers/hosted"
	"github.com/fedns/fedns/providers/plan"
)

const header = "apiVersion: fedns.io/v1alpha1\nkind: Config\n"

func TestHeaderAloneGivesTheDefaults(t *testing.T) {
	c, err := Parse("/etc/fedns/fedns.yaml", []byte(header))
	if err != nil {
		t.Fatal(err)
	}
	c.Digests = nil
	want := &Config{
		Listen: Listen{
			DNS:  []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5353")},
			HTTP: netip.MustParseAddrPort("127.0.0.1:8053"),
		},
		Federation: Federation{
			ClusterSet: dnsname.MustParse("clusterset.local."),
			TTL:        TTL{5, 5, 30, 30, 30},
		},
		Exports: cluster.ByServiceExport | cluster.ByAnnotation,
		Startup: Startup{Wait: 5 * time.Minute},
		Host:    Host{Namespace: "fedns-system"},
		Serving: Serving{
			Cookies: Cookies{Enabled: true}, RateLimit: RateLimit{Slip: 2},
			Forward: Forward{CacheSize: 10_000, Stale: 24 * time.Hour},
			Dnstap:  Dnstap{Sample: 1},
		},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func prefixes(all ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, p := range all {
		ps = append(ps, netip.MustParsePrefix(p))
	}
	return ps
}

func TestEveryFieldIsRead(t *testing.T) {
	c, err := Parse("/etc/fedns/fedns.yaml", []byte(Example))
	if err != nil {
		t.Fatal(err)
	}
	c.Digests = nil
	want := &Config{
		Listen: Listen{
			DNS:         []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:5353"), netip.MustParseAddrPort("[::]:5353")},
			TLS:         []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:853"), netip.MustParseAddrPort("[::]:853")},
			HTTPS:       []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:443"), netip.MustParseAddrPort("[::]:443")},
			QUIC:        []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:853"), netip.MustParseAddrPort("[::]:853")},
			Certificate: Certificate{"/etc/fedns/tls.crt", "/etc/fedns/tls.key"},
			HTTP:        netip.MustParseAddrPort("[::]:8053"),
		},
		Federation: Federation{
			Name:       dnsname.MustParse("prod."),
			Domain:     dnsname.MustParse("example.com."),
			ClusterSet: dnsname.MustParse("clusterset.local."),
			Others:     []Ladder{{dnsname.MustParse("next."), dnsname.MustParse("example.com.")}},
			TTL:        TTL{5, 5, 30, 30, 60},
		},
		Exports: cluster.ByServiceExport | cluster.ByAnnotation | cluster.ByLoadBalancer,
		Clusters: []Cluster{
			{Name: "host", InCluster: true},
			{Name: "eu-1", Kubeconfig: "/etc/fedns/members/eu-1.kubeconfig", Context: "eu-1", Region: "eu-west", Zone: "eu-west-1a",
				Probes: []probe.Target{
					{Kind: probe.TCP, Address: "10.1.0.1:443"}, {Kind: probe.HTTP, Address: "http://10.1.0.2/healthz"},
					{Kind: probe.HTTPS, Address: "https://gw.eu-1.example.com/healthz", ServerName: "gw.example.com", CAFile: "/etc/fedns/gw.crt"},
				},
				Probe: probe.Pace{Interval: 2 * time.Second, Timeout: 500 * time.Millisecond, Failures: 3, Successes: 1}},
			{Name: "edge", Manifests: "/srv/edge", Word: evidence.Drain},
		},
		Inventories: []Inventory{
			{Name: "kubeconfigs", Kind: Kubeconfigs, HoldShare: 0.5, Dir: "/etc/fedns/clusters", Contexts: "current"},
			{Name: "kubeconfigs-2", Kind: Kubeconfigs, HoldShare: 0.5, File: "/etc/fedns/others.kubeconfig", AllowExec: true},
			{Name: "secrets", Kind: Secrets, HoldShare: 0.5, Namespace: "fedns", Formats: SecretFormats},
			{Name: "clusterProfiles", Kind: ClusterProfiles, HoldShare: 0.3, Namespace: "fleet-system", Providers: "/etc/fedns/providers.json", AllowExec: true},
			{Name: "memberClusters", Kind: MemberClusters, HoldShare: 0.5, Namespace: "fedns", RenewBefore: 8 * time.Hour},
			{Name: "karmada", Kind: Karmada, HoldShare: 0.5, Namespace: "karmada-cluster"},
			{Name: "kubefed", Kind: KubeFed, HoldShare: 0.5, Namespace: "kube-federation-system", Members: Members{
				Words: map[cluster.ID]evidence.Word{"eu-7": evidence.Drain, "eu-8": evidence.Evict},
				Probes: []probe.Target{
					{Kind: probe.TCP, Address: "{server}:443"},
					{Kind: probe.HTTP, Address: "http://gw.{cluster}.example.com/healthz"},
					{Kind: probe.HTTPS, Address: "https://gw.{cluster}.{region}.example.com/healthz", ServerName: "gw.example.com", CAFile: "/etc/fedns/gw.crt"},
				},
				Probe: probe.Pace{Interval: 2 * time.Second, Timeout: 500 * time.Millisecond, Failures: 3, Successes: 1},
			}},
		},
		Zones: []Zone{
			{Name: dnsname.MustParse("example.com."), Files: []string{"/etc/fedns/example.com.zone"}},
			{Name: dnsname.MustParse("10.in-addr.arpa.")},
		},
		Resolvers: []netip.AddrPort{
			netip.MustParseAddrPort("192.0.2.1:53"),
			netip.MustParseAddrPort("[2001:db8::1]:53"),
		},
		Evidence:    evidence.Policy{Behind: 5 * time.Second, Unprobed: time.Minute, HoldShare: 0.5, HoldWindow: 30 * time.Second},
		Withdrawals: evidence.Limits{Window: time.Minute, Count: 20, Share: 0.5},
		Propagation: Propagation{
			Enabled: true, Dialects: []string{"kubefed", "karmada"}, DryRun: true, Karmada: KarmadaDialect{"on", "Withdraw", true},
			Failover:    failover.Config{Toleration: 2 * time.Minute, Grace: 5 * time.Minute, HoldShare: 0.4, HoldWindow: 3 * time.Minute},
			Withdrawals: evidence.Limits{Window: 2 * time.Minute, Count: 10, Share: 0.3},
		},
		Startup:  Startup{Wait: 10 * time.Minute},
		Host:     Host{Kubeconfig: "/etc/fedns/host.kubeconfig", Context: "host", Namespace: "fedns-system"},
		Replica:  "fedns-1",
		StateDir: "/var/lib/fedns",
		Providers: []Provider{
			{
				Name: "aws", Kind: Route53, Zones: names("example.com."), Owner: "prod", Account: "main", SealKey: "/etc/fedns/registry.key", Drift: plan.Sync, DryRun: true,
				Names: names("prod.svc.example.com."), Except: names("internal.prod.svc.example.com."), Levels: []string{"Global", "Region"},
				Shape: plan.Shape{
					View: plan.ViewPublic, Routing: hosted.PolicyWeighted, Regions: map[string]string{"eu-west": "eu-west-1"},
					Locations: map[string]hosted.Routing{"eu-west": {Continent: "EU", Country: "DE", Subdivision: "BY"}}, Order: []string{"eu-1", "host"},
					Health: hosted.Health{Protocol: "HTTPS", Port: 443, Path: "/healthz", Host: "www.example.com", Interval: 30, Threshold: 3}, MinTTL: 60,
				},
				Audit: time.Hour, Guard: providers.Guard{Window: time.Minute, Count: 20, Share: 0.5}, Rates: []hosted.Rate{{Action: "ChangeResourceRecordSets", Burst: 5, PerSecond: 5}},
				Route53: Route53Zone{
					HostedZoneID: "Z0123456789ABCDEFGHIJ", AssumeRoleARN: "arn:aws:iam::123456789012:role/fedns", ExternalID: "fedns", CredentialsFile: "/etc/fedns/aws.credentials",
					Profile: "default", Region: "us-east-1", Endpoint: "https://route53.amazonaws.com", STSEndpoint: "https://sts.us-east-1.amazonaws.com",
				},
			},
			{
				Name: "google", Kind: CloudDNS, Zones: names("example.com."), Owner: "prod", Account: "google",
				CloudDNS: CloudDNSZone{
					Project: "fedns-prod", ManagedZone: "example-com", CredentialsFile: "/etc/fedns/google.json", BackupRegion: "us-central1", Endpoint: "https://dns.googleapis.com/",
					HealthCheck: "https://www.googleapis.com/compute/v1/projects/fedns-prod/global/healthChecks/web",
				},
			},
			{
				Name: "bind", Kind: RFC2136, Zones: names("example.com.", "prod."), Owner: "prod", Account: "bind",
				RFC2136: Primary{
					Servers: []string{"ns1.example.net", "[2001:db8::53]:53"}, Secondaries: []string{"ns2.example.net"}, KeyFile: "/etc/fedns/transfer.key",
					KeyName: dnsname.MustParse("transfer.example.com."), ServerName: "ns1.example.net", CAFile: "/etc/fedns/ns1.crt",
				},
			},
			{Name: "others", Kind: Webhook, Zones: names("example.com."), Owner: "prod", Account: "others", URL: "http://127.0.0.1:8888"},
			{Name: "files", Kind: ZoneFile, Zones: names("example.com."), Owner: "prod", Account: "files", Dir: "/srv/zones"},
			{Name: "trial", Kind: InMemory, Zones: names("example.com."), Owner: "prod", Account: "trial", Retire: true},
		},
		Serving: Serving{
			ID: "fedns-1", Version: "fedns",
			Access: Access{
				Query:    prefixes("0.0.0.0/0", "::/0"),
				Transfer: []Grant{{prefixes("192.0.2.53/32"), "transfer.example.com."}},
				Recurse:  prefixes("10.0.0.0/8"),
			},
			Cookies:     Cookies{true, "/etc/fedns/cookie.secrets"},
			RateLimit:   RateLimit{100, 50, 20, 2, prefixes("10.0.0.0/8")},
			Keys:        []string{"/etc/fedns/transfer.key"},
			Secondaries: []Secondary{{netip.MustParseAddrPort("192.0.2.53:53"), "transfer.example.com."}},
			Catalog:     dnsname.MustParse("catalog.example."),
			Forward: Forward{
				To:        []Upstream{{netip.MustParseAddrPort("192.0.2.1:53"), ""}, {netip.MustParseAddrPort("192.0.2.2:853"), "dns.example.net"}},
				CacheSize: 10_000, Stale: 24 * time.Hour,
			},
			DNSSEC: DNSSEC{"/etc/fedns/keys", []dnsname.Name{dnsname.MustParse("example.com.")}, false},
			Dnstap: Dnstap{Socket: "/run/dnstap.sock", Sample: 10, Identity: "ns1", Queries: true}, QueryLog: QueryLog{1000},
		},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if got, want := c.Files(), []string{"/etc/fedns/aws.credentials", "/etc/fedns/cookie.secrets", "/etc/fedns/example.com.zone", "/etc/fedns/google.json", "/etc/fedns/members/eu-1.kubeconfig", "/etc/fedns/ns1.crt", "/etc/fedns/providers.json", "/etc/fedns/registry.key", "/etc/fedns/transfer.key"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Files: got %q, want %q", got, want)
	}
	if c.Zones[0].Reverse() || !c.Zones[1].Reverse() {
		t.Error("want the second zone alone to be a reverse zone")
	}
}

func TestForms(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		get        func(*Config) any
		want       any
	}{
		{"IPv6", `listen: {dns: ["[::1]:53", "[fe80::1%eth0]:53"]}`,
			func(c *Config) any { return c.Listen.DNS },
			[]netip.AddrPort{netip.MustParseAddrPort("[::1]:53"), netip.MustParseAddrPort("[fe80::1%eth0]:53")}},
		{"IPv4-mapped", `listen: {http: "[::ffff:127.0.0.1]:80"}`,
			func(c *Config) any { return c.Listen.HTTP }, netip.MustParseAddrPort("127.0.0.1:80")},
		{"resolvers", `resolvers: [192.0.2.1, "192.0.2.1:5300", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5300"]`,
			func(c *Config) any { return c.Resolvers },
			[]netip.AddrPort{
				netip.MustParseAddrPort("192.0.2.1:53"), netip.MustParseAddrPort("192.0.2.1:5300"),
				netip.MustParseAddrPort("[2001:db8::1]:53"), netip.MustParseAddrPort("[2001:db8::1]:53"),
				netip.MustParseAddrPort("[2001:db8::1]:5300"),
			}},
		{"durations", `federation: {ttl: {shortName: 1m30s, zone: 168h, global: 0x}}`, nil,
			`f.yaml:3: federation.ttl.global: got "0x", want seconds from 1 to 604800, or a duration such as 30s`},
		{"all lost are held", `evidence: {holdShare: 100%}`, func(c *Config) any { return c.Evidence.HoldShare }, 1.0},
		{"a share of more than all", `withdrawals: {share: 101%}`, nil, `f.yaml:3: withdrawals.share: got "101%", want a share such as 50%, from 1% to 100%`},
		{"a share without percent", `withdrawals: {share: 0.5}`, nil, `f.yaml:3: withdrawals.share: got "0.5", want a share such as 50%, from 1% to 100%`},
		{"no time at all", `evidence: {behindAfter: 0}`, nil, `f.yaml:3: evidence.behindAfter: got "0", want seconds from 1 to 86400, or a duration such as 30s`},
		{"a state of no cluster", "clusters:\n- {name: a, inCluster: true, state: live}", nil, `f.yaml:4: clusters[0].state: got "live", want one of drained, evicted`},
		{"no waiting", `startup: {wait: 0}`, func(c *Config) any { return c.Startup.Wait }, time.Duration(0)},
		{"waiting in seconds", `startup: {wait: 90}`, func(c *Config) any { return c.Startup.Wait }, 90 * time.Second},
		{"waiting back", `startup: {wait: -1s}`, nil,
			`f.yaml:3: startup.wait: got "-1s", want seconds from 0 to 86400, or a duration such as 5m`},
		{"waiting for ever", `startup: {wait: 25h}`, nil,
			`f.yaml:3: startup.wait: got "25h", want seconds from 0 to 86400, or a duration such as 5m`},
		{"a region that looks like a truth value", "clusters:\n- {name: \"1\", region: no, zone: 1e3, inCluster: true}",
			func(c *Config) any { return c.Clusters[0] },
			Cluster{Name: "1", Region: "no", Zone: "1e3", InCluster: true}},
		{"domain in capitals with its dot", `federation: {clusterSet: ClusterSet.Local.}`,
			func(c *Config) any { return c.Federation.ClusterSet }, dnsname.MustParse("clusterset.local.")},
		{"hosts", "exports: [Ingress]\nzones: [{name: example.com}]", // that needs no files
			func(c *Config) any { return []any{c.Exports, c.Hosted(), c.Zones[0].Files == nil} }, []any{cluster.ByIngress, true, true}},
		{"hosts with propagation", "host: {inCluster: true}\npropagation: {}",
			func(c *Config) any { return c.Exports }, cluster.ByServiceExport | cluster.ByAnnotation | cluster.Hosts},
		{"no hosts with propagation", "host: {inCluster: true}\npropagation: {}\nexports: [Annotated]",
			func(c *Config) any { return c.Exports }, cluster.ByAnnotation},
		{"classless reverse zone", `zones: [{name: 0/25.2.0.192.in-addr.arpa}]`,
			func(c *Config) any { return c.Zones[0].Name }, dnsname.MustParse("0/25.2.0.192.in-addr.arpa.")},
		{"fields commented out", "listen:\nclusters:\nfederation:\n  ttl:\n",
			func(c *Config) any { return len(c.Clusters) }, 0},
		{"inCluster false beside another", "clusters:\n- {name: a, inCluster: false, manifests: m}",
			func(c *Config) any { return c.Clusters[0] }, Cluster{Name: "a", Manifests: "/etc/m"}},
		{"inventories by default", "host: {inCluster: true}\ninventories: [{karmada: {}}, {secrets: {}}, {secrets: {namespace: a, formats: [istio]}, holdShare: 100%}]",
			func(c *Config) any { return c.Inventories },
			[]Inventory{
				{Name: "karmada", Kind: Karmada, HoldShare: 0.5},
				{Name: "secrets", Kind: Secrets, HoldShare: 0.5, Formats: SecretFormats},
				{Name: "secrets-2", Kind: Secrets, HoldShare: 1, Namespace: "a", Formats: []string{"istio"}},
			}},
		{"one kubeconfig, two contexts", "clusters:\n- {name: a, kubeconfig: k, context: a}\n- {name: b, kubeconfig: k, context: b}",
			func(c *Config) any { return c.Files() }, []string{"/etc/k"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := "/etc/f.yaml"
			if tt.get == nil {
				file = "f.yaml"
			}
			c, err := Parse(file, []byte(header+tt.text))
			if tt.get == nil {
				if err == nil || err.Error() != tt.want {
					t.Fatalf("got  %v\nwant %v", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.get(c); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
}

// TestWindowsEditor: a byte order mark and carriage returns do no harm.
func TestWindowsEditor(t *testing.T) {
	text := "\ufeff" + strings.ReplaceAll(header+"exports: [Annotated]\n", "\n", "\r\n")
	c, err := Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if c.Exports != cluster.ByAnnotation {
		t.Errorf("exports are %v", c.Exports)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "fedns.yaml")
	write(t, filepath.Join(dir, "a.kubeconfig"), "x")
	write(t, file, header+"clusters: [{name: a, kubeconfig: a.kubeconfig}, {name: b, kubeconfig: b.kubeconfig}]")
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if c.Clusters[0].Kubeconfig != filepath.Join(dir, "a.kubeconfig") {
		t.Errorf("kubeconfig is %s, want it beside the file", c.Clusters[0].Kubeconfig)
	}
	const sha256OfX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
	if got := c.Digests[c.Clusters[0].Kubeconfig]; got != sha256OfX {
		t.Errorf("digest of a.kubeconfig is %q, want %q", got, sha256OfX)
	}
	if got, there := c.Digests[c.Clusters[1].Kubeconfig]; got != "" || !there {
		t.Errorf("digest of a missing file is %q, want it empty and there", got)
	}
	if c.Digests[file] == "" {
		t.Error("want a digest of the file itself")
	}
}

func TestLoadFails(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	big := filepath.Join(dir, "big")
	write(t, big, strings.Repeat("# nothing\n", maxSize/10+1))
	if _, err := Load(big); err == nil || !strings.Contains(err.Error(), "larger than 1048576 octets") {
		t.Errorf("big file: got %v", err)
	}
	faulty := filepath.Join(dir, "faulty")
	write(t, faulty, header+"lisen: {}\n")
	_, err := Load(faulty)
	var fault *FieldError
	if !errors.As(err, &fault) || fault.Line != 3 || fault.Field != "lisen" || fault.File != faulty {
		t.Errorf("faulty file: got %#v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(texts ...string) (all []dnsname.Name) {
	for _, t := range texts {
		all = append(all, dnsname.MustParse(t))
	}
	return all
}
