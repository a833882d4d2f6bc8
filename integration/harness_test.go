package integration

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
)

//go:embed testdata/shop.yaml
var shop string

// TestTwoClusters is the tour of the harness: what it promises, seen by
// kubectl's API, by DNS and from inside a pod.
func TestTwoClusters(t *testing.T) {
	f := harness.Start(t, harness.Options{Network: true, Clusters: []harness.Spec{
		{Name: "eu-1", Region: "eu-west", Zones: []string{"eu-west-1a", "eu-west-1b"}, CoreDNS: true, MCS: true},
		{Name: "us-1", Region: "us-east", Zones: []string{"us-east-1a"}, CoreDNS: true},
	}})
	for _, c := range f.Clusters() {
		if err := c.Apply(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("nodes carry region and zone", func(t *testing.T) { nodesCarryZones(t, f.Cluster("eu-1")) })
	t.Run("addresses are the cluster's own", func(t *testing.T) { addressesAreOwn(t, f) })
	t.Run("a headless StatefulSet has hostnames", func(t *testing.T) { headlessHasHostnames(t, f.Cluster("eu-1")) })
	t.Run("CoreDNS answers", func(t *testing.T) { coreDNSAnswers(t, f.Cluster("us-1")) })
	t.Run("a pod resolves", func(t *testing.T) { podResolves(t, f.Cluster("eu-1")) })
	t.Run("kubectl exec runs here", func(t *testing.T) { kubectlExec(t, f.Cluster("eu-1")) })
	t.Run("MCS kinds are served", func(t *testing.T) { mcsServed(t, f.Cluster("eu-1")) })
	t.Run("ingress can be set", func(t *testing.T) { ingressCanBeSet(t, f.Cluster("eu-1")) })
}

func nodesCarryZones(t *testing.T, c *harness.Cluster) {
	nodes, err := c.Client().CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range nodes.Items {
		got = append(got, n.Labels["topology.kubernetes.io/region"]+"/"+n.Labels["topology.kubernetes.io/zone"])
	}
	slices.Sort(got)
	if want := []string{"eu-west/eu-west-1a", "eu-west/eu-west-1b"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// endpoints waits for a Service's ready endpoints and returns their addresses.
func endpoints(t *testing.T, c *harness.Cluster, service string, n int) []netip.Addr {
	t.Helper()
	slices, err := c.WaitEndpoints(t.Context(), "shop", service, n)
	if err != nil {
		t.Fatal(err)
	}
	var found []netip.Addr
	for _, s := range slices {
		for _, e := range s.Endpoints {
			for _, a := range e.Addresses {
				found = append(found, netip.MustParseAddr(a))
			}
		}
	}
	return found
}

func addressesAreOwn(t *testing.T, f *harness.Fleet) {
	seen := map[netip.Addr]bool{}
	for _, c := range f.Clusters() {
		pods := netip.MustParsePrefix(c.PodCIDR)
		for _, a := range append(endpoints(t, c, "web", 3), endpoints(t, c, "db", 2)...) {
			if !pods.Contains(a) {
				t.Errorf("%s: %v is not of %v", c.Name, a, pods)
			}
			if seen[a] {
				t.Errorf("%s: %v was given twice", c.Name, a)
			}
			seen[a] = true
		}
	}
}

func headlessHasHostnames(t *testing.T, c *harness.Cluster) {
	endpoints(t, c, "db", 2)
	list, err := c.Client().DiscoveryV1().EndpointSlices("shop").List(t.Context(), metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=db",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list.Items[0].Endpoints {
		if e.Hostname != nil {
			got = append(got, *e.Hostname)
		}
	}
	slices.Sort(got)
	if want := []string{"db-0", "db-1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// lookup asks a name server for A records.
func lookup(ctx context.Context, server, name string) ([]string, error) {
	reply, err := dns.ExchangeContext(ctx, new(dns.Msg).SetQuestion(name, dns.TypeA), server)
	if err != nil {
		return nil, err
	}
	if reply.Rcode != dns.RcodeSuccess {
		return nil, fmt.Errorf("%s: %s", name, dns.RcodeToString[reply.Rcode])
	}
	var addresses []string
	for _, rr := range reply.Answer {
		if a, ok := rr.(*dns.A); ok {
			addresses = append(addresses, a.A.String())
		}
	}
	slices.Sort(addresses)
	return addresses, nil
}

// clusterIP is the address of the Service shop/web.
func clusterIP(t *testing.T, c *harness.Cluster) string {
	t.Helper()
	s, err := c.Client().CoreV1().Services("shop").Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Spec.ClusterIP
}

func coreDNSAnswers(t *testing.T, c *harness.Cluster) {
	want := clusterIP(t, c)
	if !netip.MustParsePrefix(c.ServiceCIDR).Contains(netip.MustParseAddr(want)) {
		t.Errorf("ClusterIP %s is not of %s", want, c.ServiceCIDR)
	}
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		got, err := lookup(ctx, c.DNSAddr(), "web.shop.svc.cluster.local.")
		if err == nil && !slices.Equal(got, []string{want}) {
			err = fmt.Errorf("got %v, want %s", got, want)
		}
		return err
	})
}

func podResolves(t *testing.T, c *harness.Cluster) {
	harness.Need(t, "getent", "libc-bin")
	pod := harness.NewPod(t, c, harness.PodSpec{Name: "client", Namespace: "shop"})
	if !netip.MustParsePrefix(c.PodCIDR).Contains(pod.Addr) {
		t.Errorf("the pod's address %v is not of %s", pod.Addr, c.PodCIDR)
	}
	want := clusterIP(t, c)
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		out, err := pod.Run(ctx, "getent", "ahostsv4", "web")
		if err == nil && !strings.HasPrefix(string(out), want+" ") {
			err = fmt.Errorf("got %q, want %s", out, want)
		}
		return err
	})
	if err := pod.Remove(); err != nil {
		t.Error(err)
	}
}

func kubectlExec(t *testing.T, c *harness.Cluster) {
	endpoints(t, c, "db", 2)
	out, err := c.Kubectl(t.Context(), "-n", "shop", "exec", "db-0", "--", "echo", "hello")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(out)) != "hello" {
		t.Errorf("got %q", out)
	}
}

func mcsServed(t *testing.T, c *harness.Cluster) {
	for _, version := range []string{"v1alpha1", "v1beta1"} {
		err := c.Apply(t.Context(), `{apiVersion: multicluster.x-k8s.io/`+version+`, kind: ServiceExport, metadata: {name: web, namespace: shop}}`)
		if err != nil {
			t.Error(err)
		}
	}
}

func ingressCanBeSet(t *testing.T, c *harness.Cluster) {
	err := c.Apply(t.Context(), `{apiVersion: v1, kind: Service, metadata: {name: lb, namespace: shop}, spec: {type: LoadBalancer, ports: [{port: 80}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetIngress(t.Context(), "shop", "lb", "192.0.2.1", "lb.example.com"); err != nil {
		t.Fatal(err)
	}
	s, err := c.Client().CoreV1().Services("shop").Get(t.Context(), "lb", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Status.LoadBalancer.Ingress
	if len(got) != 2 || got[0].IP != "192.0.2.1" || got[1].Hostname != "lb.example.com" {
		t.Errorf("got %+v", got)
	}
}
