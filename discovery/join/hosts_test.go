package join

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/cluster"
)

//go:embed testdata/multi-cluster-ingress.yaml
var multiClusterIngress string

// ingress reads an Ingress, marked as federation marks what it places.
func ingress(t *testing.T, text string, placed bool, status string) Ingress {
	t.Helper()
	var o networkingv1.Ingress
	for _, part := range []string{text, status} {
		if err := yaml.UnmarshalStrict([]byte(part), &o); err != nil {
			t.Fatal(err)
		}
	}
	if placed {
		o.Labels = map[string]string{LabelManagedBy: ManagedBy}
	}
	return FromIngress(&o)
}

func gateway(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	var o map[string]any
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: o}
}

const addressOne = "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}"

// tells takes what changed, a line a host.
func tells(t *testing.T, j *Join, what string, want ...string) {
	t.Helper()
	groups, _ := j.Take(100, true)
	var got []string
	for _, g := range groups {
		line := fmt.Sprintf("%s %s", g.Service, at(g))
		if g.Withdrawn {
			line = g.Service.String() + " withdrawn"
		}
		if g.Loss != cluster.NoLoss {
			line += fmt.Sprint(" loss ", g.Loss)
		}
		for _, f := range g.Findings {
			line += "; " + f
		}
		got = append(got, line)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s tells\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	if again, _ := j.Take(100, true); len(again) > 0 {
		t.Errorf("%s tells twice: %v", what, again)
	}
}

func at(g cluster.Group) string {
	var all []string
	for _, i := range g.Ingress {
		if i.Hostname != "" {
			all = append(all, i.Hostname)
		} else {
			all = append(all, i.Addr.String())
		}
	}
	return strings.Join(all, ",")
}

// TestIngressHosts: the issue's own manifest, as it comes, changes and goes.
func TestIngressHosts(t *testing.T) {
	j := New(Config{Cluster: "eu-1", Rules: cluster.ByIngress})
	j.PutIngress(ingress(t, multiClusterIngress, false, addressOne))
	tells(t, j, "one that is nobody's")
	j.PutIngress(ingress(t, multiClusterIngress, true, ""))
	tells(t, j, "one without an address", "example.com ")
	j.PutIngress(ingress(t, multiClusterIngress, true, addressOne))
	tells(t, j, "one with an address", "example.com 192.0.2.1")
	j.PutIngress(ingress(t, multiClusterIngress, true, addressOne))
	tells(t, j, "the same again")

	other := strings.ReplaceAll(strings.Replace(multiClusterIngress, "name: multi-cluster-ingress", "name: other", 1), "/app", "/other")
	j.PutIngress(ingress(t, other, true, "status: {loadBalancer: {ingress: [{hostname: LB.Cloud.test.}, {ip: 127.0.0.1}]}}"))
	tells(t, j, "a second of the host",
		`example.com 192.0.2.1,lb.cloud.test; Ingress default/other: status.loadBalancer.ingress[1].ip: want an address that other hosts can reach, got "127.0.0.1"`)
	j.DeleteIngress(cluster.ServiceKey{Namespace: "default", Name: "multi-cluster-ingress"})
	tells(t, j, "without the first",
		`example.com lb.cloud.test loss 1; Ingress default/other: status.loadBalancer.ingress[1].ip: want an address that other hosts can reach, got "127.0.0.1"`)
	j.PutIngress(ingress(t, strings.ReplaceAll(other, "example.com", "WWW.example.com"), true, addressOne))
	tells(t, j, "another host", "example.com withdrawn loss 1", "www.example.com 192.0.2.1")
	j.ReplaceIngresses(nil, cluster.Missing)
	tells(t, j, "a list without it", "www.example.com withdrawn loss 2")
	if n := len(j.services) + len(j.hosts.claimed); n != 0 {
		t.Errorf("%d entries are kept of nothing", n)
	}
}

// TestHostAnnotations: as on Services, and only where the rule for annotations is on.
func TestHostAnnotations(t *testing.T) {
	annotated := func(text string) Ingress {
		return ingress(t, strings.Replace(multiClusterIngress, "metadata:", "metadata:\n  annotations: {"+text+"}", 1), false, addressOne)
	}
	for _, rules := range []cluster.Export{cluster.ByIngress, cluster.ByIngress | cluster.ByAnnotation, cluster.ByAnnotation} {
		j := New(Config{Cluster: "eu-1", Rules: rules})
		j.PutIngress(annotated(`fedns.io/export: "true", fedns.io/ttl: "7", fedns.io/policy: All, fedns.io/weight: "3", fedns.io/addresses: 192.0.2.7`))
		groups, _ := j.Take(10, true)
		if rules != cluster.ByIngress|cluster.ByAnnotation {
			if len(groups) > 0 {
				t.Errorf("rules %b: got %+v", rules, groups)
			}
			continue
		}
		if len(groups) != 1 || groups[0].TTL != 7 || groups[0].Policy != "All" || groups[0].Weight != 3 || at(groups[0]) != "192.0.2.7" {
			t.Errorf("got %+v", groups)
		}
		j.PutIngress(annotated(`fedns.io/export: "false"`))
		tells(t, j, "taken back", "example.com withdrawn loss 1")
	}
}

const edge = `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {namespace: infra, name: edge, labels: {app.kubernetes.io/managed-by: fedns}},
spec: {listeners: [{name: web, port: 80, protocol: HTTP, hostname: "*.example.com"}, {name: db, port: 5432, protocol: TCP, hostname: db.example.com}, {name: one, port: 443, protocol: HTTPS, hostname: one.test}]},
status: {addresses: [{value: 192.0.2.1}, {type: Hostname, value: lb.cloud.test}, {type: x.io/Named, value: some}]}}`

func httpRoute(spec, accepted string) string {
	const ref = "{name: edge, namespace: infra}"
	return `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {namespace: shop, name: web},
spec: {parentRefs: [` + ref + `], ` + spec + `}, status: {parents: [{parentRef: ` + ref + `, conditions: [{type: Accepted, status: "` + accepted + `"}]}]}}`
}

// TestGatewayHosts: hosts are what listeners and routes have in common.
func TestGatewayHosts(t *testing.T) {
	j := New(Config{Cluster: "eu-1", Rules: cluster.ByGateway})
	route := func(spec, accepted string) { j.PutRoute(FromRoute(gateway(t, httpRoute(spec, accepted)))) }
	route("hostnames: [shop.example.com, shop.elsewhere.test]", "True")
	tells(t, j, "a route without its Gateway")
	j.PutGateway(FromGateway(gateway(t, edge)))
	tells(t, j, "the Gateway", "shop.example.com 192.0.2.1,lb.cloud.test")
	route("hostnames: [shop.example.com]", "False")
	tells(t, j, "not accepted", "shop.example.com withdrawn loss 1")
	route("rules: []", "True")
	tells(t, j, "no hostnames", "*.example.com 192.0.2.1,lb.cloud.test", "one.test 192.0.2.1,lb.cloud.test")
	route(`hostnames: ["*.a.example.com", "*.test", db.example.com]`, "True")
	tells(t, j, "wildcards", "*.a.example.com 192.0.2.1,lb.cloud.test", "*.example.com withdrawn loss 1", "db.example.com 192.0.2.1,lb.cloud.test")
	j.ReplaceGateways(nil, cluster.Doubtful)
	tells(t, j, "a list without the Gateway", "*.a.example.com withdrawn loss 3", "db.example.com withdrawn loss 3", "one.test withdrawn loss 3")
	j.ReplaceGateways([]Gateway{FromGateway(gateway(t, edge))}, cluster.Missing)
	tells(t, j, "it is back", "*.a.example.com 192.0.2.1,lb.cloud.test", "db.example.com 192.0.2.1,lb.cloud.test", "one.test 192.0.2.1,lb.cloud.test")
	j.DeleteRoute(cluster.ServiceKey{Namespace: "shop", Name: "web"}, cluster.Deleted)
	tells(t, j, "the route deleted", "*.a.example.com withdrawn loss 1", "db.example.com withdrawn loss 1", "one.test withdrawn loss 1")
	route("hostnames: shop", "True")
	tells(t, j, "a route that is not well formed")
}

func TestMeet(t *testing.T) {
	for _, c := range [][3]string{
		{"", "a.test", "a.test"}, {"a.test", "", "a.test"}, {"a.test", "a.test", "a.test"}, {"*.test", "a.test", "a.test"},
		{"*.test", "*.a.test", "*.a.test"}, {"b.a.test", "*.test", "b.a.test"}, {"*.test", "test", ""}, {"*.a.test", "b.test", ""},
		{"a.test", "b.test", ""}, {"*.est", "test", ""}, {"", "", ""},
	} {
		for _, pair := range [][2]string{{c[0], c[1]}, {c[1], c[0]}} {
			if got := meet(pair[0], pair[1]); got != c[2] {
				t.Errorf("%q and %q meet in %q, want %q", pair[0], pair[1], got, c[2])
			}
		}
	}
}
