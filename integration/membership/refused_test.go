package membership

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedns/fedns/integration/harness"
)

// definitions are the CustomResourceDefinitions of fedns' own kinds.
func definitions(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"memberclusters", "bindings"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "crds", "fedns.io_"+name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		all.WriteString("\n---\n")
	}
	return all.String()
}

func member(name, spec string) string {
	return "{apiVersion: fedns.io/v1alpha1, kind: MemberCluster, metadata: {name: " + name + "}, spec: {" + spec + "}}"
}

func binding(name, spec string) string {
	return "{apiVersion: fedns.io/v1alpha1, kind: Binding, metadata: {name: " + name + ", namespace: default}, spec: {" + spec + "}}"
}

// TestRefused: a real API server takes what is good, and refuses what is not with
// words that name the field.
func TestRefused(t *testing.T) {
	host := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}}}).Cluster("host")
	if err := host.Apply(t.Context(), definitions(t)); err != nil {
		t.Fatal(err)
	}
	const (
		web    = "dialect: karmada, template: {apiVersion: apps/v1, kind: Deployment, namespace: shop, name: web}"
		at     = "since: '2026-01-01T00:00:00Z'"
		before = "until: '2025-01-01T00:00:00Z'"
	)
	for _, tt := range []struct{ name, text, want string }{
		{"all that a member can say", member("eu-1", "secretRef: {name: eu-1}, region: eu-west, zones: [a, b-1], provider: aws, networks: [flat], price: 250m, capacity: {cpu: 100, memory: 1Ti}, drain: true, taints: [{key: a.b/c, value: d, effect: NoExecute}, {key: a.b/c, effect: NoSchedule}]"), ""},
		{"nothing that a member must say", member("eu-2", ""), ""},
		{"a whole price", member("eu-3", "price: 1"), ""},
		{"a name with a dot", member("eu.1", ""), "metadata.name must be a DNS label"},
		{"a name too long", member(strings.Repeat("a", 64), ""), "metadata.name must be a DNS label"},
		{"a region that is none", member("m", "region: EU West"), `spec.region: Invalid value: "EU West": must be a DNS label`},
		{"a region too long", member("m", "region: "+strings.Repeat("a", 64)), "spec.region: Too long"},
		{"a zone that is none", member("m", "zones: [a, b.c]"), `spec.zones[1]: Invalid value: "b.c": must be a DNS label`},
		{"a zone twice", member("m", "zones: [a, a]"), "spec.zones: duplicate entries"},
		{"a network that is none", member("m", "networks: ['-']"), "spec.networks[0]: Invalid value"},
		{"a negative price", member("m", "price: -1m"), "spec.price: Invalid value: \"-1m\": must not be negative"},
		{"a negative whole price", member("m", "price: -1"), "spec.price: Invalid value"},
		{"a price that is none", member("m", "price: cheap"), "spec.price: Invalid value"},
		{"a negative capacity", member("m", "capacity: {cpu: -1}"), "spec.capacity: Invalid value"},
		{"an effect that is none", member("m", "taints: [{key: a, effect: Never}]"), `spec.taints[0].effect: Unsupported value: "Never"`},
		{"a taint without a key", member("m", "taints: [{effect: NoExecute}]"), "spec.taints[0].key: Required value"},
		{"a taint's bad value", member("m", "taints: [{key: a, value: 'b c', effect: NoExecute}]"), "spec.taints[0].value: Invalid value"},
		{"a taint twice", member("m", "taints: [{key: a, effect: NoExecute}, {key: a, value: b, effect: NoExecute}]"), "spec.taints: duplicate entries"},
		{"a reference without a name", member("m", "secretRef: {namespace: fedns}"), "spec.secretRef.name: Required value"},

		{"all that a Binding can say", binding("web", web+", source: {apiVersion: a/v1, kind: B, namespace: c, name: d, uid: e, generation: 3}, targets: [{cluster: eu-1, replicas: 2, "+at+"}], leaving: [{cluster: eu-2, why: drained, "+at+"}], evicted: [{cluster: eu-3, "+at+"}], affinity: first, orphan: true, deleted: true"), ""},
		{"another version of the template", binding("web", strings.ReplaceAll(web, "apps/v1", "apps/v2")), ""},
		{"another kind", binding("web", strings.ReplaceAll(web, "Deployment", "StatefulSet")), "spec.template: Invalid value"},
		{"another group", binding("web", strings.ReplaceAll(web, "apps/v1", "batch/v1")), "kind, API group, namespace and name are immutable"},
		{"the core group", binding("web", strings.ReplaceAll(web, "apps/v1", "v1")), "kind, API group, namespace and name are immutable"},
		{"another namespace", binding("web", strings.ReplaceAll(web, "shop", "store")), "kind, API group, namespace and name are immutable"},
		{"no template", binding("b", "dialect: karmada"), "spec.template: Required value"},
		{"a target twice", binding("b", web+", targets: [{cluster: a, "+at+"}, {cluster: a, "+at+"}]"), "spec.targets: duplicate entries"},
		{"a target that is no name", binding("b", web+", targets: [{cluster: A, "+at+"}]"), "spec.targets[0].cluster: Invalid value"},
		{"fewer than no replicas", binding("b", web+", targets: [{cluster: a, replicas: -1, "+at+"}]"), "spec.targets[0].replicas: Invalid value"},
		{"an end before its start", binding("b", web+", leaving: [{cluster: a, "+at+", "+before+"}]"), "spec.leaving[0].until: Invalid value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := host.Apply(t.Context(), tt.text)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && err == nil:
				t.Errorf("taken, want %q", tt.want)
			case tt.want != "" && !strings.Contains(err.Error(), tt.want):
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	table, err := host.Kubectl(t.Context(), "get", "fb", "web")
	if got := strings.Join(strings.Fields(string(table)), " "); err != nil || !strings.HasPrefix(got, "NAME KIND TEMPLATE CLUSTERS PROPAGATED HEALTHY AGE web Deployment web ") {
		t.Errorf("kubectl get fb: %v\n%s", err, table)
	}
}
