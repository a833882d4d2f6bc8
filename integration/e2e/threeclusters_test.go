package e2e

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/fedns/fedns/integration/harness"
)

// web is a Deployment behind a Service that federates by annotation.
const web = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations: {fedns.io/export: "true"}
spec:
  ipFamilyPolicy: RequireDualStack
  selector: {app: web}
  ports:
  - {name: http, port: 80}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web}]
`

// db is a StatefulSet behind a headless Service that federates by ServiceExport.
const db = `
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  clusterIP: None
  selector: {app: db}
  ports:
  - {name: sql, port: 5432}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: db}]
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: db, namespace: shop}
`

// config has the shortest TTLs there are: CoreDNS keeps what it was told for as
// long as that, and what is tested is when a pod sees a change. Regions and zones
// come from the clusters' nodes.
const config = `apiVersion: fedns.io/v1alpha1
kind: Config
listen:
  dns: ["{{.DNS}}"]
  http: "{{.HTTP}}"
federation:
  name: prod
  domain: example.com
  clusterSet: clusterset.local
  ttl: {shortName: 1, clusterSet: 1, zone: 1, region: 1, global: 1}
exports: [ServiceExport, Annotated, LoadBalancer]
zones:
- name: 10.in-addr.arpa
clusters:
{{- range .Clusters}}
- name: {{.Name}}
  kubeconfig: {{.Kubeconfig}}
{{- end}}
`

func spec(name, region, zone string) harness.Spec {
	return harness.Spec{Name: name, Region: region, Zones: []string{zone}, IPv6: true, MCS: true}
}

// tour is the state that the steps of TestThreeClusters share.
type tour struct {
	fleet *harness.Fleet
	fedns *harness.Daemon
	pods  map[string]*harness.Pod
}

// TestThreeClusters is the main job: Services of real clusters, found by a pod
// through its own cluster's CoreDNS, through all that happens to them.
func TestThreeClusters(t *testing.T) {
	harness.Need(t, "getent", "libc-bin")
	w := &tour{pods: map[string]*harness.Pod{}}
	w.fleet = harness.Start(t, harness.Options{Network: true, Clusters: []harness.Spec{
		spec("eu-1", "eu-west", "eu-west-1a"), spec("eu-2", "eu-west", "eu-west-1b"), spec("us-1", "us-east", "us-east-1a"),
	}})
	w.fedns = harness.Fedns(t, w.fleet, harness.DaemonSpec{Config: config})
	for _, c := range w.fleet.Clusters() {
		w.dns(t, c)
	}
	for _, name := range []string{"eu-1", "eu-2"} {
		if err := w.fleet.Cluster(name).Apply(t.Context(), web); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a pod in each cluster gets all of them", w.everybody)
	t.Run("every path agrees", w.everyPath)
	t.Run("a Service appears in a third cluster", w.appears)
	t.Run("a Deployment is scaled to nothing and back", w.scaled)
	t.Run("a headless StatefulSet", w.headless)
	t.Run("load balancers", w.loadBalancers)
	t.Run("a Service is deleted", w.deleted)
	t.Run("a cluster joins and leaves", w.joins)
	t.Run("an API server goes away", w.silence)
}

// dns gives a cluster its CoreDNS, and a pod that uses it.
func (w *tour) dns(t *testing.T, c *harness.Cluster) {
	t.Helper()
	host, _, err := net.SplitHostPort(w.fedns.DNSAddr)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StartCoreDNS(t.Context(), corefile(t, host)); err != nil {
		t.Fatal(err)
	}
	w.pods[c.Name] = harness.NewPod(t, c, harness.PodSpec{Name: "client", Namespace: "team"})
}

// web is the addresses of the Service web in clusters, both families.
func (w *tour) web(t *testing.T, clusters ...string) (all []string) {
	t.Helper()
	for _, name := range clusters {
		all = append(all, clusterIPs(t, w.fleet.Cluster(name), "web")...)
	}
	return all
}

// inPods waits until a pod in every cluster finds want for a name.
func (w *tour) inPods(t *testing.T, began time.Time, name string, want []string) {
	t.Helper()
	for cluster, pod := range w.pods {
		shows(t, "getent ahosts "+name+" in "+cluster, began, want, func(ctx context.Context) ([]string, error) {
			return getent(ctx, pod, name), nil
		})
	}
}

// atFedns waits until fedns itself answers want.
func (w *tour) atFedns(t *testing.T, began time.Time, name string, typ uint16, want ...string) {
	t.Helper()
	shows(t, name+" "+dns.TypeToString[typ], began, want, func(ctx context.Context) ([]string, error) {
		return ask(ctx, w.fedns.DNSAddr, name, typ)
	})
}

func (w *tour) everybody(t *testing.T) {
	w.inPods(t, time.Time{}, "web.shop.prod", w.web(t, "eu-1", "eu-2"))
	// The cluster's own names are as they were.
	own := clusterIPs(t, w.fleet.Cluster("eu-1"), "web")
	shows(t, "web.shop in eu-1", time.Time{}, own, func(ctx context.Context) ([]string, error) {
		return getent(ctx, w.pods["eu-1"], "web.shop"), nil
	})
	if got := getent(t.Context(), w.pods["us-1"], "nothing.shop.prod"); got != nil {
		t.Errorf("a Service that nobody has is at %v", got)
	}
}

func (w *tour) everyPath(t *testing.T) {
	ladder := func(level string) string { return "web.shop.prod.svc." + level + "example.com" }
	both := w.web(t, "eu-1", "eu-2")
	for name, want := range map[string][]string{
		"web.shop.prod":                   both,
		"web.shop.prod.svc.cluster.local": both, // what the search path makes of it, rewritten
		"web.shop.svc.clusterset.local":   both,
	} {
		w.inPods(t, time.Time{}, name, want)
	}
	for name, want := range map[string][]string{
		"web.shop.prod":                 both,
		"web.shop.svc.clusterset.local": both,
		ladder(""):                      both,
		ladder("eu-west."):              both,
		ladder("eu-west-1a.eu-west."):   w.web(t, "eu-1"),
		ladder("eu-west-1b.eu-west."):   w.web(t, "eu-2"),
		ladder("us-east."):              both, // by CNAME
		ladder("us-east-1a.us-east."):   both, // by two
	} {
		v4, v6 := families(want)
		w.atFedns(t, time.Time{}, name, dns.TypeA, v4...)
		w.atFedns(t, time.Time{}, name, dns.TypeAAAA, v6...)
	}
	for _, name := range []string{"web.shop.prod.", "web.shop.svc.clusterset.local.", ladder("eu-west.") + "."} {
		w.atFedns(t, time.Time{}, "_http._tcp."+name, dns.TypeSRV, name+" 80")
	}
	w.atFedns(t, time.Time{}, ladder("no-such-zone.eu-west."), dns.TypeA, "NXDOMAIN")
}

func families(addrs []string) (v4, v6 []string) {
	for _, a := range addrs {
		if strings.Contains(a, ":") {
			v6 = append(v6, a)
		} else {
			v4 = append(v4, a)
		}
	}
	return v4, v6
}

func (w *tour) appears(t *testing.T) {
	c := w.fleet.Cluster("us-1")
	if err := c.Apply(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	podIPs(t, c, "web", 4) // two, in two families
	began := time.Now()
	w.inPods(t, began, "web.shop.prod", w.web(t, "eu-1", "eu-2", "us-1"))
	v4, _ := families(w.web(t, "us-1"))
	w.atFedns(t, began, "web.shop.prod.svc.us-east-1a.us-east.example.com", dns.TypeA, v4...)
}

func (w *tour) scaled(t *testing.T) {
	for _, step := range []struct {
		replicas int
		clusters []string
	}{{0, []string{"eu-1", "us-1"}}, {3, []string{"eu-1", "eu-2", "us-1"}}} {
		want := w.web(t, step.clusters...)
		began := time.Now()
		if err := w.fleet.Cluster("eu-2").Scale(t.Context(), "shop", "web", step.replicas); err != nil {
			t.Fatal(err)
		}
		w.inPods(t, began, "web.shop.prod", want)
		v4, _ := families(want)
		w.atFedns(t, began, "web.shop.svc.clusterset.local", dns.TypeA, v4...)
	}
}

func (w *tour) headless(t *testing.T) {
	var all []string
	began := time.Now()
	for _, name := range []string{"eu-1", "us-1"} {
		if err := w.fleet.Cluster(name).Apply(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	var srv []string
	for _, name := range []string{"eu-1", "us-1"} {
		addrs, hosts := podIPs(t, w.fleet.Cluster(name), "db", 2)
		all = append(all, addrs...)
		for host, addr := range hosts {
			target := fmt.Sprintf("%s.%s.db.shop.svc.clusterset.local", host, name)
			srv = append(srv, target+". 5432")
			w.atFedns(t, began, target, dns.TypeA, addr)
			reverse, err := dns.ReverseAddr(addr)
			if err != nil {
				t.Fatal(err)
			}
			w.atFedns(t, time.Time{}, reverse, dns.TypePTR, target+".")
			w.inPods(t, time.Time{}, target, []string{addr})
		}
	}
	w.inPods(t, began, "db.shop.prod", all)
	w.inPods(t, began, "db.shop.svc.clusterset.local", all)
	w.atFedns(t, began, "_sql._tcp.db.shop.svc.clusterset.local", dns.TypeSRV, srv...)
	w.atFedns(t, time.Time{}, "_sql._tcp.db.shop.prod", dns.TypeSRV, srv...)
	w.atFedns(t, time.Time{}, "eu-1.db.shop.svc.clusterset.local", dns.TypeA) // reserved: NODATA
	w.atFedns(t, time.Time{}, "eu-2.db.shop.svc.clusterset.local", dns.TypeA, "NXDOMAIN")

	began = time.Now()
	if _, err := w.fleet.Cluster("us-1").Kubectl(t.Context(), "-n", "shop", "scale", "statefulset/db", "--replicas=1"); err != nil {
		t.Fatal(err)
	}
	one, _ := podIPs(t, w.fleet.Cluster("us-1"), "db", 1)
	w.inPods(t, began, "db.shop.prod", append(slices.Clone(all[:2]), one...))
	w.atFedns(t, began, "db-1.us-1.db.shop.svc.clusterset.local", dns.TypeA, "NXDOMAIN")
}

func (w *tour) loadBalancers(t *testing.T) {
	c := w.fleet.Cluster("eu-2")
	const lb = `{apiVersion: v1, kind: Service, metadata: {name: lb, namespace: shop}, spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: 80}]}}`
	if err := c.Apply(t.Context(), lb); err != nil {
		t.Fatal(err)
	}
	w.atFedns(t, time.Time{}, "lb.shop.prod", dns.TypeA, "NXDOMAIN") // no address yet
	began := time.Now()
	if err := c.SetIngress(t.Context(), "shop", "lb", "192.0.2.7", "2001:db8::7"); err != nil {
		t.Fatal(err)
	}
	w.inPods(t, began, "lb.shop.prod", []string{"192.0.2.7", "2001:db8::7"})
}

func (w *tour) deleted(t *testing.T) {
	want := w.web(t, "eu-1", "us-1")
	began := time.Now()
	if _, err := w.fleet.Cluster("eu-2").Kubectl(t.Context(), "-n", "shop", "delete", "service", "web"); err != nil {
		t.Fatal(err)
	}
	w.inPods(t, began, "web.shop.prod", want)
}

func (w *tour) joins(t *testing.T) {
	before := w.web(t, "eu-1", "us-1")
	c, err := w.fleet.AddCluster(t.Context(), spec("ap-1", "ap-south", "ap-south-1a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	podIPs(t, c, "web", 4)
	w.dns(t, c)
	began := time.Now()
	if err := w.fedns.Rewrite(config); err != nil {
		t.Fatal(err)
	}
	w.inPods(t, began, "web.shop.prod", append(slices.Clone(before), w.web(t, "ap-1")...))
	v4, _ := families(w.web(t, "ap-1"))
	w.atFedns(t, began, "web.shop.prod.svc.ap-south.example.com", dns.TypeA, v4...)

	began = time.Now()
	delete(w.pods, "ap-1")
	if err := w.fedns.Rewrite(without(config, "ap-1")); err != nil {
		t.Fatal(err)
	}
	w.inPods(t, began, "web.shop.prod", before)
}

// without is the configuration template less one cluster.
func without(config, cluster string) string {
	config = strings.Replace(config, "{{- range .Clusters}}", `{{- range .Clusters}}{{- if ne .Name "`+cluster+`"}}`, 1)
	return strings.Replace(config, "{{- end}}", "{{- end}}{{- end}}", 1)
}

// silence: what cannot be seen is not gone.
func (w *tour) silence(t *testing.T) {
	before := w.web(t, "eu-1", "us-1")
	if err := w.fleet.Cluster("us-1").StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func(ctx context.Context) error {
		for _, c := range clusters(ctx, t, w.fedns) {
			if c.ID == "us-1" && c.Phase == "unreachable" && c.Reason != "" {
				return nil
			}
		}
		return fmt.Errorf("us-1 is not told to be unreachable")
	})
	w.inPods(t, time.Time{}, "web.shop.prod", before)
	if err := w.fleet.Cluster("us-1").StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := w.web(t, "eu-1")
	began := time.Now()
	if err := w.fleet.Cluster("us-1").Scale(t.Context(), "shop", "web", 0); err != nil {
		t.Fatal(err)
	}
	w.inPods(t, began, "web.shop.prod", want)
}
