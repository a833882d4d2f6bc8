package join

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/discovery/cluster"
)

func TestJoin(t *testing.T) {
	raw, err := os.ReadFile("testdata/join.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name  string
		Rules []string
		Steps []struct {
			Put, Delete string
			Want        []string
			Warn        *int
		}
	}
	if err := yaml.UnmarshalStrict(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var logged bytes.Buffer
			j := New(Config{Cluster: "c", Rules: rules(t, c.Rules), Log: slog.New(slog.NewTextHandler(&logged, nil))})
			for i, step := range c.Steps {
				logged.Reset()
				feed(t, j, step.Put, false)
				feed(t, j, step.Delete, true)
				if got := takeAll(j); !slices.Equal(got, step.Want) {
					t.Errorf("step %d tells\n  %s\nwant\n  %s", i, strings.Join(got, "\n  "), strings.Join(step.Want, "\n  "))
				}
				if got := takeAll(j); len(got) > 0 {
					t.Errorf("step %d tells twice: %s", i, got)
				}
				if warned := strings.Count(logged.String(), "level=WARN"); step.Warn != nil && warned != *step.Warn {
					t.Errorf("step %d warns %d times, want %d:\n%s", i, warned, *step.Warn, &logged)
				}
			}
		})
	}
}

// TestWarning: an annotation is told even of a Service that is not exported.
func TestWarning(t *testing.T) {
	var logged bytes.Buffer
	j := New(Config{Cluster: "eu-1", Log: slog.New(slog.NewTextHandler(&logged, nil))})
	feed(t, j, `{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web, annotations: {fedns.io/ttl: soon}}}`, false)
	takeAll(j)
	for _, want := range []string{"cluster=eu-1", "service=shop/web", "Service shop/web: metadata.annotations[fedns.io/ttl]: want 1 to 604800 seconds", "soon"} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("warning lacks %q: %s", want, &logged)
		}
	}
}

// A Replace is evidence for what it lacks, of its own kind only.
func TestReplaceWithdrawsWhatItLacks(t *testing.T) {
	for _, hyphen := range []string{"", "-"} { // slices that are not, and that are called after their Service
		testReplace(t, hyphen)
	}
}

func testReplace(t *testing.T, hyphen string) {
	j := New(Config{Cluster: "c"})
	service := func(name string) Service {
		return FromService(&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name, Annotations: map[string]string{AnnotationExport: "true"}},
			Spec:       corev1.ServiceSpec{ClusterIP: "10.0.0.1"},
		})
	}
	slice := func(number, of, addr string) Slice { return sliceOf(of+hyphen+number, of, addr) }
	j.ReplaceServices([]Service{service("s"), service("t")}, cluster.Missing)
	j.ReplaceSlices([]Slice{slice("1", "s", "10.1.0.1"), slice("2", "s", "10.1.0.2"), slice("1", "t", "10.1.0.3")}, cluster.Missing)
	j.ReplaceExports([]Export{{Key: cluster.ServiceKey{Namespace: "a", Name: "t"}}}, cluster.Missing)
	takeAll(j)

	j.ReplaceSlices([]Slice{slice("2", "s", "10.1.0.2"), slice("1", "t", "10.1.0.3")}, cluster.Missing)
	want(t, j, "a/s ClusterIP export:2 ips:10.0.0.1 [10.1.0.2 RS]")
	j.ReplaceExports(nil, cluster.Missing)
	want(t, j, "a/t ClusterIP export:2 ips:10.0.0.1 [10.1.0.3 RS]")
	j.ReplaceServices([]Service{service("t")}, cluster.Missing)
	want(t, j, "a/s withdrawn")
	j.ReplaceServices(nil, cluster.Missing)
	want(t, j, "a/t withdrawn")
	j.ReplaceSlices(nil, cluster.Missing)
	takeAll(j)
	if len(j.services)+len(j.strays) != 0 {
		t.Errorf("%d entries and %d slices are kept of nothing", len(j.services), len(j.strays))
	}
}

func sliceOf(name, of, addr string) Slice {
	return FromSlice(&discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "a", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: of}},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{addr}}},
	})
}

// TestSlicesGoToTheServiceTheyName: it is the label that counts, whatever Service a slice
// is called after, and whether that exists.
func TestSlicesGoToTheServiceTheyName(t *testing.T) {
	j := New(Config{Cluster: "c"})
	for _, name := range []string{"s", "s-t"} {
		j.PutService(FromService(&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name, Annotations: map[string]string{AnnotationExport: "true"}},
			Spec:       corev1.ServiceSpec{ClusterIP: "10.0.0.1"},
		}))
	}
	takeAll(j)
	const s, st = "a/s ClusterIP export:2 ips:10.0.0.1", "a/s-t ClusterIP export:2 ips:10.0.0.1"
	key := cluster.ServiceKey{Namespace: "a", Name: "s-t-x"}
	j.PutSlice(sliceOf("s-t-x", "s-t", "10.1.0.1"))
	want(t, j, st+" [10.1.0.1 RS]")
	j.PutSlice(sliceOf("s-t-x", "s", "10.1.0.1")) // the other one's now, and not called after it
	want(t, j, st, s+" [10.1.0.1 RS]")
	j.PutSlice(sliceOf("s-t-x", "s", "10.1.0.2"))
	want(t, j, s+" [10.1.0.2 RS]")
	j.PutSlice(sliceOf("s-t-x", "s-t", "10.1.0.2")) // and back
	want(t, j, s, st+" [10.1.0.2 RS]")
	j.PutSlice(sliceOf("s-t", "s", "10.1.0.3"))
	want(t, j, s+" [10.1.0.3 RS]")
	j.DeleteSlice(key)
	j.DeleteSlice(cluster.ServiceKey{Namespace: "a", Name: "s-other"})
	want(t, j, st)
	j.PutSlice(sliceOf("nobody", "", "10.1.0.4"))
	j.PutSlice(sliceOf("s-t", "", "10.1.0.3"))
	want(t, j, s)
	if len(j.strays) != 0 {
		t.Errorf("%v are kept of nothing", j.strays)
	}
}

// While one list is missing, a Service never told before must wait; one that
// was told goes on being told.
func TestUnsettledHoldsNewGroups(t *testing.T) {
	j := New(Config{Cluster: "c"})
	feed(t, j, `{apiVersion: v1, kind: Service, metadata: {namespace: a, name: old, annotations: {fedns.io/export: "true"}}, spec: {clusterIP: 10.0.0.1}}`, false)
	takeAll(j)
	feed(t, j, `{apiVersion: v1, kind: Service, metadata: {namespace: a, name: new, annotations: {fedns.io/export: "true"}}, spec: {clusterIP: 10.0.0.2}}`, false)
	feed(t, j, `{apiVersion: v1, kind: Service, metadata: {namespace: a, name: old, annotations: {fedns.io/export: "true"}}, spec: {clusterIP: 10.0.0.3}}`, false)
	groups, _ := j.Take(10, false)
	if len(groups) != 1 || groups[0].Service.Name != "old" {
		t.Fatalf("told while unsettled: %v", groups)
	}
	mark := j.Queued()
	if j.Taken() >= mark {
		t.Error("a held Group counts as told")
	}
	feed(t, j, `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: a, name: x, labels: {kubernetes.io/service-name: new}}, addressType: IPv4, endpoints: [{addresses: [10.1.0.1]}]}`, false)
	want(t, j, "a/new ClusterIP export:2 ips:10.0.0.2 [10.1.0.1 RS]")
	if j.Taken() < mark {
		t.Errorf("taken %d of %d, nothing is left", j.Taken(), mark)
	}
}

func TestTakeLimits(t *testing.T) {
	j := New(Config{Cluster: "c"})
	for i := range 7 {
		feed(t, j, fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {namespace: a, name: s%d, annotations: {fedns.io/export: "true"}}}`, i), false)
	}
	var sizes []int
	for more := true; more; {
		var groups []cluster.Group
		groups, more = j.Take(3, true)
		sizes = append(sizes, len(groups))
	}
	if !slices.Equal(sizes, []int{3, 3, 1}) {
		t.Errorf("batches of %v, want 3 3 1", sizes)
	}
}

// TestTopology: the place is what most nodes say, and what none says any more
// stays as it was.
func TestTopology(t *testing.T) {
	var logged bytes.Buffer
	j := New(Config{Cluster: "c", Log: slog.New(slog.NewTextHandler(&logged, nil))})
	if got := j.TakeTopology(); got != nil {
		t.Fatalf("nothing is known, told %v", got)
	}
	node := func(name, region, zone string) Node { return Node{name, region, zone} }
	expect := func(want string, findings ...string) {
		t.Helper()
		got := "nothing"
		topo := j.TakeTopology()
		if topo != nil {
			got = topo.Region + ":" + strings.Join(topo.Zones, ",")
		} else {
			topo = &cluster.Topology{}
		}
		if got != want || !slices.Equal(topo.Findings, findings) {
			t.Errorf("told %q with %q, want %q with %q", got, topo.Findings, want, findings)
		}
	}
	j.ReplaceNodes(nil)
	j.PutNode(node("n3", "", ""))
	expect("nothing")
	j.ReplaceNodes([]Node{node("n1", "r", "b"), node("n2", "r", "a"), node("n3", "", ""), node("n4", "r", "a")})
	expect("r:a,b")
	j.PutNode(node("n1", "r", "b"))
	j.DeleteNode("n2") // n4 stands in the same zone
	expect("nothing")
	j.PutNode(node("n5", "q", "c"))
	expect("r:a,b", `nodes disagree on the region: it is taken for "r", but not by n5 ("q")`)
	if !strings.Contains(logged.String(), "n5") || !strings.Contains(logged.String(), "cluster=c") {
		t.Errorf("logged %s", &logged)
	}
	j.DeleteNode("n4")
	expect("r:b", `nodes disagree on the region: it is taken for "r", but not by n5 ("q")`) // as many: what was told stands
	j.PutNode(node("n6", "r", "b"))
	expect("nothing")
	j.DeleteNode("n5")
	expect("r:b")
	for i := range 3 { // more, but what can be no part of a name
		j.PutNode(node(fmt.Sprintf("x%d", i), "EU_west", "d"))
	}
	expect("r:b", `nodes disagree on the region: it is taken for "r", but not by x0 ("EU_west"), x1 ("EU_west"), x2 ("EU_west")`)
	for i := range 3 {
		j.DeleteNode(fmt.Sprintf("x%d", i))
	}
	expect("r:b")
	for i := range 9 {
		j.PutNode(node(fmt.Sprintf("m%d", i), fmt.Sprintf("s%d", i), "d"))
	}
	expect("r:b", `nodes disagree on the region: it is taken for "r", but not by m0 ("s0"), m1 ("s1"), m2 ("s2"), m3 ("s3"), m4 ("s4") and 4 more`)

	const noRegion, noZone = `no node says its region any more: it is still taken for "r"`, `no node says its zone any more: the zones are still taken for ["b"]`
	j.ReplaceNodes(nil)
	expect("r:b", noRegion, noZone)
	j.ReplaceNodes([]Node{node("n1", "", ""), node("n2", "", "")})
	expect("nothing")
	j.PutNode(node("n1", "r", ""))
	expect("r:b", noZone)
	j.PutNode(node("n1", "r", "e"))
	expect("r:e")
	j.PutNode(node("n1", "", "f"))
	expect("r:f", noRegion)
	j.PutNode(node("n1", "q", ""))
	expect("q:") // another region's zones are not this one's
	old := FromNode(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{
		corev1.LabelFailureDomainBetaRegion: "old", corev1.LabelFailureDomainBetaZone: "oz", corev1.LabelTopologyZone: "nz"}}})
	if old != node("n", "old", "nz") {
		t.Errorf("labels read as %v", old)
	}
}

func rules(t *testing.T, names []string) cluster.Export {
	t.Helper()
	var x cluster.Export
	for _, n := range names {
		bit, ok := map[string]cluster.Export{"ServiceExport": cluster.ByServiceExport, "Annotated": cluster.ByAnnotation, "LoadBalancer": cluster.ByLoadBalancer}[n]
		if !ok {
			t.Fatalf("unknown rule %s", n)
		}
		x |= bit
	}
	return x
}

// feed puts or deletes the objects of a YAML stream.
func feed(t *testing.T, j *Join, stream string, drop bool) {
	t.Helper()
	for doc := range strings.SplitSeq(stream, "---\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		var meta metav1.PartialObjectMetadata
		decode(t, doc, &meta)
		key := cluster.ServiceKey{Namespace: meta.Namespace, Name: meta.Name}
		switch meta.Kind {
		case "Service":
			var o corev1.Service
			if decode(t, doc, &o); drop {
				j.DeleteService(key)
			} else {
				j.PutService(FromService(&o))
			}
		case "EndpointSlice":
			var o discoveryv1.EndpointSlice
			if decode(t, doc, &o); drop {
				j.DeleteSlice(key)
			} else {
				j.PutSlice(FromSlice(&o))
			}
		case "ServiceExport":
			if drop {
				j.DeleteExport(key, cluster.Deleted)
			} else {
				j.PutExport(FromExport(&meta.ObjectMeta))
			}
		default:
			t.Fatalf("no kind in %s", doc)
		}
	}
}

func decode(t *testing.T, doc string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(doc), into); err != nil {
		t.Fatalf("%v in\n%s", err, doc)
	}
}

func want(t *testing.T, j *Join, groups ...string) {
	t.Helper()
	if got := takeAll(j); !slices.Equal(got, groups) {
		t.Errorf("told\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(groups, "\n  "))
	}
}

func takeAll(j *Join) []string {
	var out []string
	for more := true; more; {
		var groups []cluster.Group
		groups, more = j.Take(500, true)
		for _, g := range groups {
			out = append(out, show(g))
		}
	}
	return out
}

// show puts a Group on one line; what is zero is left out.
func show(g cluster.Group) string {
	if g.Withdrawn {
		return g.Service.String() + " withdrawn"
	}
	s := fmt.Sprintf("%s %s export:%d", g.Service, g.Type, g.Export)
	if !g.Created.IsZero() {
		s += g.Created.Format(" created:2006-01-02")
	}
	if g.PublishNotReady {
		s += " notready"
	}
	list := func(name string, items []string) {
		if len(items) > 0 {
			s += " " + name + ":" + strings.Join(items, ",")
		}
	}
	list("ips", texts(g.ClusterIPs))
	var ingress []string
	for _, i := range g.Ingress {
		if ingress = append(ingress, i.Hostname); i.Hostname == "" {
			ingress[len(ingress)-1] = i.Addr.String()
		}
	}
	list("ingress", ingress)
	list("ports", ports(g.Ports))
	if g.TTL+g.Weight > 0 || g.Policy != "" {
		s += fmt.Sprintf(" ttl:%d policy:%s weight:%d", g.TTL, g.Policy, g.Weight)
	}
	list("addresses", texts(g.Addresses))
	for _, e := range g.Endpoints {
		flags := ""
		for i, set := range []bool{e.Ready, e.Serving, e.Terminating} {
			if set {
				flags += "RST"[i : i+1]
			}
		}
		if flags == "" {
			flags = "-"
		}
		s += " [" + e.Addr.String() + " " + flags
		if e.Hostname != "" {
			s += " host:" + e.Hostname
		}
		if e.Zone != "" {
			s += " zone:" + e.Zone
		}
		list("ports", ports(e.Ports))
		s += "]"
	}
	for _, f := range g.Findings {
		s += " !" + f
	}
	return s
}

func texts[T fmt.Stringer](in []T) (out []string) {
	for _, v := range in {
		out = append(out, v.String())
	}
	return out
}

func ports(in []cluster.Port) (out []string) {
	for _, p := range in {
		out = append(out, fmt.Sprintf("%s/%s/%d", p.Name, p.Protocol, p.Number))
	}
	return out
}
