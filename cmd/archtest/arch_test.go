package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var root = filepath.Join("..", "..")

func TestImports(t *testing.T) {
	g, err := list(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := g[module+"/dnsserver/dnsname"]; !ok {
		t.Fatalf("go list told of %d packages, dnsname not among them", len(g))
	}
	for _, b := range check(g, rules) {
		t.Error(b)
	}
}

func TestSources(t *testing.T) {
	broken, err := sources(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// TestEveryRuleCanBreak: for each rule a package that breaks it and one that
// comes close and does not.
func TestEveryRuleCanBreak(t *testing.T) {
	covered := make([]bool, len(rules))
	for _, tt := range []struct {
		name   string
		from   string
		to     []string // from imports the first, which imports the second, and so on
		broken string   // a part of the reason; empty: allowed
	}{
		{"dnsname and a library", "dnsserver/dnsname", []string{"golang.org/x/net/idna"}, "names are the map key"},
		{"dnsname and the standard library", "dnsserver/dnsname", []string{"net/http"}, ""},
		{"wire and the zone", "dnsserver/wire", []string{module + "/dnsserver/zone"}, "floor of the hot path"},
		{"wire and dnsname", "dnsserver/wire", []string{module + "/dnsserver/dnsname"}, ""},
		{"zone and sockets", "dnsserver/zone", []string{"net"}, "the zone is pure data"},
		{"zone and sockets by a detour", "dnsserver/zone", []string{"golang.org/x/a", "golang.org/x/b", "net"}, "the zone is pure data"},
		{"zone and addresses", "dnsserver/zone", []string{"net/netip"}, ""},
		{"zone and the standard library's own sockets", "dnsserver/zone", []string{"expvar", "net"}, ""},
		{"zone and Kubernetes", "dnsserver/zone", []string{"k8s.io/api/core/v1"}, "the zone is pure data"},
		{"zone and its reader", "dnsserver/zone", []string{module + "/dnsserver/zonefile"}, "the zone lies below"},
		{"cluster and a client", "discovery/cluster", []string{"k8s.io/client-go/rest"}, "what all of discovery shares"},
		{"state and records", "discovery/state", []string{module + "/dnsserver/zone"}, "readable when nothing else is there"},
		{"state and clusters", "discovery/state", []string{module + "/discovery/cluster/packed"}, ""},
		{"promises and a cluster", "discovery/guarantee", []string{module + "/discovery/cluster"}, "any line may ask"},
		{"promises and the standard library", "discovery/guarantee", []string{"os"}, ""},
		{"the daemon and proofs", "discovery/synth", []string{module + "/discovery/guarantee/guaranteetest"}, "only tests may import it"},
		{"proofs and promises", "discovery/guarantee/guaranteetest", []string{module + "/discovery/guarantee"}, ""},
		{"kubernetes and a client", "discovery/kubernetes", []string{"k8s.io/client-go/rest"}, ""},
		{"bounds and what is bounded", "discovery/kubernetes/bound", []string{module + "/discovery/kubernetes"}, "whoever asks an API server"},
		{"bounds and a client", "discovery/kubernetes/bound", []string{"k8s.io/client-go/rest"}, ""},
		{"tides and a client", "discovery/tide", []string{"k8s.io/client-go/rest"}, "before there is a client"},
		{"tides and versions", "discovery/tide", []string{"k8s.io/apimachinery/pkg/util/resourceversion"}, ""},
		{"probes and Kubernetes", "discovery/probe", []string{"k8s.io/client-go/rest"}, "as clients do"},
		{"probes and the other signals", "discovery/probe", []string{module + "/discovery/quorum"}, "as clients do"},
		{"probes and what discovery shares", "discovery/probe", []string{module + "/discovery/cluster"}, ""},
		{"replicas and probes", "discovery/quorum", []string{module + "/discovery/probe"}, "whatever they come from"},
		{"replicas and a client", "discovery/quorum", []string{"k8s.io/client-go/rest"}, ""},
		{"signals and the zone", "discovery/quorum", []string{module + "/dnsserver/zone"}, "without knowing what is answered"},
		{"inventory and a client", "discovery/inventory", []string{"k8s.io/client-go/rest"}, "decided on values"},
		{"an inventory and a client", "discovery/inventory/secrets", []string{"k8s.io/client-go/rest"}, ""},
		{"an inventory and names", "discovery/inventory/secrets", []string{module + "/discovery/synth"}, "not what is in them"},
		{"an inventory and what it shares", "discovery/inventory/secrets", []string{module + "/discovery/inventory"}, ""},
		{"the daemon and a played Route 53", "cmd/fedns", []string{module + "/providers/route53", module + "/providers/route53/route53test"}, "it plays Route 53"},
		{"a played Route 53 and the provider", "providers/route53/route53test", []string{module + "/providers/route53"}, "the other opinion"},
		{"a played Route 53 and a library", "providers/route53/route53test", []string{"github.com/miekg/dns"}, ""},
		{"the daemon and Amazon's SDK", "cmd/fedns", []string{"github.com/aws/aws-sdk-go-v2/aws"}, "one package knows Amazon's SDK"},
		{"Route 53 and Amazon's SDK", "providers/route53", []string{"github.com/aws/aws-sdk-go-v2/aws"}, ""},
		{"CRD types and a client", "federation/api/v1alpha1", []string{"k8s.io/client-go/rest"}, "must not get a client"},
		{"CRD types and apimachinery", "federation/api/v1alpha1", []string{"k8s.io/apimachinery/pkg/runtime"}, ""},
		{"answers and Kubernetes", "dnsserver/answer", []string{"golang.org/x/a", "k8s.io/api/core/v1"}, "serving never waits"},
		{"sockets and names", "dnsserver/udp", []string{module + "/dnsserver/dnsname"}, "sockets know bytes"},
		{"streams and answers", "dnsserver/stream", []string{module + "/dnsserver/answer"}, "sockets know bytes"},
		{"answers and names", "dnsserver/answer", []string{module + "/dnsserver/dnsname"}, ""},
		{"answers and discovery", "dnsserver/answer", []string{module + "/discovery/cluster"}, "nothing downstream asks"},
		{"signing and answers", "dnsserver/dnssec", []string{module + "/dnsserver/answer"}, "they know neither"},
		{"answers and signing", "dnsserver/answer", []string{module + "/dnsserver/dnssec"}, ""},
		{"a root and another", "discovery", []string{module + "/providers"}, "wings are joined in cmd"},
		{"a child and its root", "discovery/kubernetes", []string{module + "/discovery"}, "wings are joined in cmd"},
		{"a root and its child", "discovery", []string{module + "/discovery/kubernetes"}, ""},
		{"cmd and the roots", "cmd/fedns", []string{module + "/discovery", module + "/providers"}, "wings are joined in cmd"},
		{"cmd and a root", "cmd/fedns", []string{module + "/discovery"}, ""},
		{"discovery and compiled answers", "discovery/synth", []string{module + "/dnsserver/answer"}, "none of them sees compiled answers"},
		{"discovery and the zone", "discovery/synth", []string{module + "/dnsserver/zone"}, ""},
		{"discovery and CRD types", "discovery/inventory/membercluster", []string{module + "/federation/api/v1alpha1"}, ""},
		{"discovery and placement", "discovery/inventory/membercluster", []string{module + "/federation/placement"}, "does not know who reads it"},
		{"discovery and providers", "discovery/synth", []string{module + "/providers/plan"}, "does not know who reads it"},
		{"providers and discovery", "providers/plan", []string{module + "/discovery/cluster"}, "do not know who wrote it"},
		{"hosted zones and a library", "providers/hosted", []string{"github.com/miekg/dns"}, "no provider's library"},
		{"hosted zones and names", "providers/hosted", []string{module + "/dnsserver/dnsname"}, ""},
		{"claims and a library", "providers/ownership", []string{"github.com/miekg/dns"}, "claims are pure text"},
		{"claims and hosted zones", "providers/ownership", []string{module + "/providers/hosted"}, ""},
		{"claims and sockets", "providers/ownership", []string{"net"}, "claims ask nobody"},
		{"rates and the plan", "providers/rate", []string{module + "/providers/plan"}, "rates count calls"},
		{"rates and hosted zones", "providers/rate", []string{module + "/providers/hosted"}, ""},
		{"a provider and the plan", "providers/route53", []string{module + "/providers/plan"}, "is decided above it"},
		{"a provider and what it shares", "providers/route53", []string{module + "/providers/hosted"}, ""},
		{"signed updates and answers", "providers/rfc2136", []string{module + "/dnsserver/answer"}, "keys are read in one way"},
		{"signed updates and signatures", "providers/rfc2136", []string{module + "/dnsserver/tsig"}, ""},
		{"a provider and the suite", "providers/route53", []string{module + "/providers/providertest"}, "the suite of providers imports testing"},
		{"the suite and a provider", "providers/providertest", []string{module + "/providers/inmemory"}, "runs on any provider"},
		{"the daemon and a played Cloud DNS", "providers", []string{module + "/providers/clouddns/clouddnstest"}, "nothing that runs may reach it"},
		{"a played Cloud DNS and its provider", "providers/clouddns/clouddnstest", []string{module + "/providers/clouddns"}, "would share its mistakes"},
		{"a played Cloud DNS and a library", "providers/clouddns/clouddnstest", []string{"github.com/miekg/dns"}, ""},
		{"the suite and hosted zones", "providers/providertest", []string{module + "/providers/hosted"}, ""},
		{"placement and a client", "federation/placement", []string{"k8s.io/client-go/rest"}, "decided purely"},
		{"placement and clusters", "federation/placement", []string{module + "/federation/cluster"}, ""},
		{"federation and providers", "federation/placement", []string{module + "/providers/plan"}, "decided downstream"},
		{"propagation and the host", "federation/propagation", []string{module + "/federation/host"}, "propagation carries tasks out"},
		{"a dialect and propagation", "federation/karmada", []string{module + "/federation/propagation"}, "a dialect translates its own"},
		{"a dialect and the host", "federation/karmada", []string{module + "/federation/host"}, ""},
		{"a dialect and propagation", "federation/kubefed", []string{module + "/federation/propagation"}, "a dialect translates"},
		{"a dialect and orders", "federation/federationv1", []string{module + "/federation/work"}, ""},
		{"preferences and a client", "federation/preference", []string{"k8s.io/client-go/rest"}, "translated purely"},
		{"propagation and tasks", "federation/propagation", []string{module + "/federation/work"}, ""},
		{"a wing and the configuration file", "discovery/manifest", []string{module + "/cmd/fedns/config"}, "only cmd knows flags"},
		{"cmd and its own", "cmd/fedns", []string{module + "/cmd/fedns/config"}, ""},
		{"cmd and integration", "cmd/fedns", []string{module + "/integration/harness/pki"}, "nothing may import it"},
		{"unmaintained YAML", "cmd/fedns", []string{"gopkg.in/yaml.v3"}, "no longer maintained"},
		{"unmaintained YAML of a library", "cmd/fedns", []string{"k8s.io/x", "gopkg.in/yaml.v3"}, ""},
		{"log", "cmd/fedns", []string{"log"}, "logs are log/slog"},
		{"slog", "cmd/fedns", []string{"log/slog", "log"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from := module + "/" + tt.from
			g := graph{from: {ImportPath: from, Imports: tt.to[:1]}}
			for i, path := range tt.to {
				g[path] = unit{ImportPath: path, Imports: tt.to[i+1 : min(i+2, len(tt.to))], Standard: standard(g, path)}
			}
			got := check(g, rules)
			if tt.broken == "" {
				if len(got) > 0 {
					t.Errorf("want it allowed, got %q", got)
				}
				return
			}
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tt.broken) }) {
				t.Errorf("got %q, want a line with %q", got, tt.broken)
			}
			for i, r := range rules {
				covered[i] = covered[i] || strings.Contains(r.Because, tt.broken)
			}
		})
	}
	for i, r := range rules {
		if !covered[i] {
			t.Errorf("no case breaks the rule %q", r.Because)
		}
	}
}

// TestABrokenHouse: testdata/house is a module that breaks rules in ways that
// only real files can: by a detour, in a test, under a build tag, in a file's name.
func TestABrokenHouse(t *testing.T) {
	house := filepath.Join("testdata", "house")
	if _, err := os.Stat(house); err != nil {
		t.Fatal(err)
	}
	g, err := list(t.Context(), house)
	if err != nil {
		t.Fatal(err)
	}
	inFiles, err := sources(house)
	if err != nil {
		t.Fatal(err)
	}
	got := append(check(g, rules), inFiles...)
	for i, line := range got {
		got[i] = strings.ReplaceAll(line, module+"/", "")
	}
	want := []string{
		"discovery/manifest → discovery: wings are joined in cmd",
		"discovery/manifest → log: logs are log/slog",
		"dnsserver/zone → dnsserver/wire → net: the zone is pure data",
		"discovery/common: the name says nothing",
		"discovery/manifest/windows.go:7: func init:",
		"discovery/manifest/windows.go:9: a rest.Config of its own:",
		"discovery/manifest/windows.go:9: a rest.Config of its own:",
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, w) }) {
			t.Errorf("want a line that begins with %q", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
}
