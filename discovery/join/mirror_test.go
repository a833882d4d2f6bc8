package join

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/cluster"
)

// balanced is a Service of type LoadBalancer at 192.0.2.1.
func balanced(t *testing.T, name, annotations string) Service {
	t.Helper()
	var o corev1.Service
	text := fmt.Sprintf(`{metadata: {namespace: shop, name: %s, annotations: {%s}}, spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}`, name, annotations)
	if err := yaml.UnmarshalStrict([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return FromService(&o)
}

func slice(t *testing.T, service string) Slice {
	t.Helper()
	var o discoveryv1.EndpointSlice
	text := fmt.Sprintf(`{metadata: {namespace: shop, name: %s-abcde, labels: {kubernetes.io/service-name: %s}}, addressType: IPv4, endpoints: [{addresses: [10.0.0.1]}]}`, service, service)
	if err := yaml.UnmarshalStrict([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return FromSlice(&o)
}

const otherNames = `fedns.io/export: "true", fedns.io/alias: outlet, fedns.io/hosts: "www.example.com, WWW.example.com."`

// TestMirrors: what other names a Service asks for have all of it behind them, as it
// comes, changes and goes, and by the same evidence.
func TestMirrors(t *testing.T) {
	j := New(Config{Cluster: "eu-1", Rules: cluster.ByAnnotation})
	web := cluster.ServiceKey{Namespace: "shop", Name: "web"}
	j.PutService(balanced(t, "web", `fedns.io/alias: outlet, fedns.io/hosts: www.example.com`))
	tells(t, j, "one that is not exported")
	j.PutSlice(slice(t, "web"))
	j.PutService(balanced(t, "web", otherNames))
	groups, _ := j.Take(100, true)
	if len(groups) != 3 {
		t.Fatalf("got %d groups, want 3: %v", len(groups), groups)
	}
	for _, g := range groups {
		if len(g.Endpoints) != 1 || at(g) != "192.0.2.1" || g.Export != cluster.ByAnnotation || len(g.Findings) > 0 {
			t.Errorf("%s: got %+v", g.Service, g)
		}
	}
	j.DeleteSlice(cluster.ServiceKey{Namespace: "shop", Name: "web-abcde"})
	if n := j.Losing([]cluster.Group{{Loss: cluster.Deleted}}); n != 4 {
		t.Errorf("%d are losing, want the three names and the one that was given", n)
	}
	j.PutSlice(slice(t, "web"))
	tells(t, j, "endpoints that came back at once")
	j.ReplaceSlices(nil, cluster.Missing)
	tells(t, j, "without endpoints", "shop/outlet 192.0.2.1 loss 2", "shop/web 192.0.2.1 loss 2", "www.example.com 192.0.2.1 loss 2")
	j.PutService(balanced(t, "web", otherNames+`, fedns.io/without-endpoints: "true"`))
	tells(t, j, "meant to be so", "shop/outlet 192.0.2.1", "shop/web 192.0.2.1", "www.example.com 192.0.2.1")
	j.PutService(balanced(t, "web", `fedns.io/export: "true", fedns.io/alias: outlet`))
	tells(t, j, "a host less", "shop/outlet 192.0.2.1", "shop/web 192.0.2.1", "www.example.com withdrawn loss 1")
	j.DeleteService(web)
	tells(t, j, "deleted", "shop/outlet withdrawn loss 1", "shop/web withdrawn loss 1")
	if n := len(j.services) + len(j.mirrors); n != 0 {
		t.Errorf("%d entries are kept of nothing: %v %v", n, j.services, j.mirrors)
	}
}

// TestMirrorsStepBack: a name goes to what has it itself, and comes back.
func TestMirrorsStepBack(t *testing.T) {
	j := New(Config{Cluster: "eu-1", Rules: cluster.ByAnnotation | cluster.ByIngress})
	j.PutService(balanced(t, "web", otherNames))
	tells(t, j, "alone", "shop/outlet 192.0.2.1", "shop/web 192.0.2.1", "www.example.com 192.0.2.1")

	taken := func(field, name string) string {
		return `; Service shop/web: metadata.annotations[fedns.io/` + field + `]: want a name that nothing else here has, got "` + name + `"`
	}
	outlet := balanced(t, "outlet", `fedns.io/export: "true", fedns.io/ttl: "7"`)
	j.PutService(outlet)
	tells(t, j, "a Service of the alias' name", "shop/outlet 192.0.2.1", "shop/web 192.0.2.1"+taken("alias", "outlet"))
	j.PutIngress(ingress(t, strings.ReplaceAll(multiClusterIngress, "example.com", "www.example.com"), true, "status: {loadBalancer: {ingress: [{ip: 192.0.2.9}]}}"))
	tells(t, j, "an Ingress of the host", "shop/web 192.0.2.1"+taken("alias", "outlet")+taken("hosts", "www.example.com"), "www.example.com 192.0.2.9")
	j.DeleteIngress(cluster.ServiceKey{Namespace: "default", Name: "multi-cluster-ingress"})
	tells(t, j, "without it", "shop/web 192.0.2.1"+taken("alias", "outlet"), "www.example.com 192.0.2.1 loss 1")
	j.DeleteService(outlet.Key)
	tells(t, j, "without the Service", "shop/outlet 192.0.2.1 loss 1", "shop/web 192.0.2.1")

	j.PutService(balanced(t, "a", `fedns.io/export: "true", fedns.io/alias: outlet`))
	tells(t, j, "another that asks for it", "shop/a 192.0.2.1", "shop/web 192.0.2.1"+taken("alias", "outlet"))
	j.PutService(balanced(t, "a", `fedns.io/alias: outlet`))
	tells(t, j, "and is not exported", "shop/a withdrawn", "shop/web 192.0.2.1")
}

// TestHostsOfIngressByAnnotation: beside those of its rules.
func TestHostsOfIngressByAnnotation(t *testing.T) {
	j := New(Config{Cluster: "eu-1", Rules: cluster.ByIngress})
	i := strings.Replace(multiClusterIngress, "metadata:", `metadata:
  annotations: {fedns.io/hosts: "shop.example.com,example.com"}`, 1)
	j.PutIngress(ingress(t, i, true, addressOne))
	tells(t, j, "both", "example.com 192.0.2.1", "shop.example.com 192.0.2.1")
}

// TestOtherNamesAreRead: what is wrong is told, and costs nothing else.
func TestOtherNamesAreRead(t *testing.T) {
	many := make([]string, maxHosts+1)
	for i := range many {
		many[i] = fmt.Sprintf("h%03d.example.com", i)
	}
	for _, tt := range []struct{ annotation, want string }{
		{`fedns.io/alias: Out.let`, "want a name that a Service could have"},
		{`fedns.io/hosts: " , "`, "want comma-separated domain names"},
		{`fedns.io/hosts: "` + strings.Join(many, ",") + `"`, "want at most 64 hosts"},
		{`fedns.io/without-endpoints: "yes"`, `want "true" or "false"`},
	} {
		s := balanced(t, "web", `fedns.io/export: "true", `+tt.annotation)
		if all := s.misannotated.list; len(all) != 1 || !strings.Contains(all[0], tt.want) || !s.optIn {
			t.Errorf("%.60s: got %v, want %s", tt.annotation, all, tt.want)
		}
		if len(s.hosts) > maxHosts {
			t.Errorf("%d hosts", len(s.hosts))
		}
	}
}
