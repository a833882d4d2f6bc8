package kubefed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/work/worktest"
	"github.com/fedns/fedns/integration/harness"
)

const namesConfig = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod, domain: example.com, others: [{name: next, domain: example.com}]}
host: {kubeconfig: %s, namespace: fedns}
evidence: {behindAfter: 1s, unprobedAfter: 2s}
clusters:
- {name: cluster1, kubeconfig: %s, region: eu, zone: eu-a}
- {name: cluster2, kubeconfig: %s, region: us, zone: us-a}
propagation: {dialects: [kubefed]}
providers: [{name: files, zones: [example.com], zonefile: {dir: %s}, withdrawals: {count: 100}}] # all names of few go at once here
`

const shop = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: kube-federation-system}
---
apiVersion: multiclusterdns.kubefed.io/v1alpha1
kind: Domain
metadata: {name: prod, namespace: kube-federation-system}
domain: example.com
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedDeployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      replicas: 1
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: nginx}]}
  placement: {clusterSelector: {}}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedIngress
metadata: {name: web, namespace: shop}
spec:
  template:
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
  placement: {clusterSelector: {}}
---
apiVersion: multiclusterdns.kubefed.io/v1alpha1
kind: IngressDNSRecord
metadata: {name: web, namespace: shop}
spec: {hosts: [ingress.example.com], recordTTL: 50}
`

// service is the Service, in some clusters.
const service = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedService
metadata: {name: web, namespace: shop}
spec:
  template:
    spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
  placement: {clusters: [%s]}
`

const record = `
apiVersion: multiclusterdns.kubefed.io/v1alpha1
kind: ServiceDNSRecord
metadata: {name: web, namespace: shop}
spec: {domainRef: prod, recordTTL: 60, dnsPrefix: www, externalName: outlet}
`

// naming is the state that the steps of TestNames share.
type naming struct {
	*testing.T
	host    *harness.Cluster
	members []*harness.Cluster
	daemon  *harness.Daemon
	dir     string // of the provider's zone files
}

// TestNames: who applies KubeFed's records finds the names that KubeFed published, as
// answers, in the statuses and in DNSEndpoints; they follow what becomes of the
// Service, and go with the records. In the host fedns may do what its manifests let it.
func TestNames(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "cluster1"}, {Name: "cluster2"}}})
	w := &naming{T: t, dir: t.TempDir(), host: f.Cluster("host"), members: []*harness.Cluster{f.Cluster("cluster1"), f.Cluster("cluster2")}}
	both := fmt.Sprintf(service, "{name: cluster1}, {name: cluster2}")
	for _, pattern := range []string{"crds/kubefed/*", "crds/fedns.io_bindings", "manifests/namespace", "manifests/rbac", "manifests/propagation", "manifests/kubefed"} {
		files, err := filepath.Glob("../../deploy/" + pattern + ".yaml")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, file := range files {
			w.apply(worktest.Read(t, file))
		}
	}
	account, err := w.host.UserKubeconfig("system:serviceaccount:fedns:fedns")
	if err != nil {
		t.Fatal(err)
	}
	w.apply(shop)
	w.apply(both)
	w.daemon = harness.Fedns(t, f, harness.DaemonSpec{Config: fmt.Sprintf(namesConfig, account, w.members[0].Kubeconfig, w.members[1].Kubeconfig, w.dir)})
	w.balance(0, "192.0.2.1")
	w.balance(1, "192.0.2.2")
	w.answers("a host of an Ingress", "ingress.example.com.", "50 A 192.0.2.1", "50 A 192.0.2.2")
	w.answers("a Service without a record", "web.shop.prod.svc.example.com.")

	w.apply(record)
	all := []string{"60 A 192.0.2.1", "60 A 192.0.2.2"}
	w.answers("everywhere", "web.shop.prod.svc.example.com.", all...)
	w.answers("a region", "web.shop.prod.svc.eu.example.com.", all[0])
	w.answers("a zone", "web.shop.prod.svc.us-a.us.example.com.", all[1])
	w.answers("another name", "outlet.shop.prod.svc.eu-a.eu.example.com.", all[0])
	w.answers("a label of the domain", "www.example.com.", all...)
	w.answers("another federation", "outlet.shop.next.svc.us.example.com.", all[1])
	w.written("web.shop.prod.svc.eu.example.com.", true)
	w.written("www.example.com.", true)
	w.shows("servicednsrecord web", "{.status.domain} {range .status.dns[*]}{.cluster},{.region},{.zones[0]},{.loadBalancer.ingress[0].ip} {end}",
		"example.com cluster1,eu,eu-a,192.0.2.1 cluster2,us,us-a,192.0.2.2 ")
	w.shows("ingressdnsrecord web", "{range .status.dns[*]}{.cluster},{.loadBalancer.ingress[0].ip} {end}", "cluster1,192.0.2.1 cluster2,192.0.2.2 ")
	w.shows("dnsendpoint service-web", `{range .spec.endpoints[?(@.dnsName=="outlet.shop.prod.svc.example.com")]}{.recordType} {.recordTTL} {.targets} {.labels.serviceName}{end} {.metadata.ownerReferences[0].name}`,
		`A 60 ["192.0.2.1","192.0.2.2"] web web`)
	w.shows("dnsendpoint ingress-web", "{.spec.endpoints[0].dnsName} {.spec.endpoints[0].targets}", `ingress.example.com ["192.0.2.1","192.0.2.2"]`)

	w.apply(fmt.Sprintf(service, "{name: cluster1}"))
	w.answers("lost in one cluster", "web.shop.prod.svc.example.com.", all[0])
	w.answers("a zone without any", "outlet.shop.prod.svc.us-a.us.example.com.", "60 CNAME outlet.shop.prod.svc.us.example.com.", "60 CNAME outlet.shop.prod.svc.example.com.", all[0])
	w.answers("a label of the domain", "www.example.com.", all[0])
	w.shows("servicednsrecord web", "{range .status.dns[*]}{.cluster},{.loadBalancer.ingress[0].ip} {end}", "cluster1,192.0.2.1 cluster2, ")
	w.shows("dnsendpoint service-web", `{range .spec.endpoints[?(@.recordType=="CNAME")]}{.dnsName} {end}`,
		"outlet.shop.prod.svc.us-a.us.example.com outlet.shop.prod.svc.us.example.com www.example.com ")
	w.apply(both)
	w.balance(1, "192.0.2.2")
	w.answers("and back", "www.example.com.", all...)

	if err := w.host.Delete(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web.shop.prod.svc.example.com.", "web.shop.prod.svc.eu-a.eu.example.com.", "outlet.shop.prod.svc.example.com.", "www.example.com."} {
		w.answers("without the record", name)
	}
	w.written("web.shop.prod.svc.eu.example.com.", false)
	w.written("www.example.com.", false)
	w.answers("the Ingress stays", "ingress.example.com.", "50 A 192.0.2.1", "50 A 192.0.2.2")
}

func (w *naming) apply(text string) {
	w.Helper()
	if err := w.host.Apply(w.Context(), text); err != nil {
		w.Fatal(err)
	}
}

// balance gives a member's Service and Ingress an address, as its controllers would.
func (w *naming) balance(member int, address string) {
	w.Helper()
	patch := fmt.Appendf(nil, `{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, address)
	m := w.members[member]
	w.eventually(func(ctx context.Context) error {
		if _, err := m.Client().CoreV1().Services("shop").Patch(ctx, "web", types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
			return err
		}
		_, err := m.Client().NetworkingV1().Ingresses("shop").Patch(ctx, "web", types.MergePatchType, patch, metav1.PatchOptions{}, "status")
		return err
	})
}

// answers awaits that a name has these records, and no others.
func (w *naming) answers(what, name string, want ...string) {
	w.Helper()
	began := time.Now()
	defer func() { w.Logf("%s: %s after %v", what, name, time.Since(began).Round(time.Millisecond)) }()
	w.eventually(func(ctx context.Context) error {
		m := new(dns.Msg)
		m.SetQuestion(name, dns.TypeA)
		in, _, err := new(dns.Client).ExchangeContext(ctx, m, w.daemon.DNSAddr)
		if err != nil {
			return err
		}
		var got []string
		for _, rr := range in.Answer {
			text := strings.TrimPrefix(rr.String(), rr.Header().String())
			got = append(got, fmt.Sprintf("%d %s %s", rr.Header().Ttl, dns.TypeToString[rr.Header().Rrtype], text))
		}
		slices.SortFunc(got, func(a, b string) int {
			if a, b := strings.Contains(a, "CNAME"), strings.Contains(b, "CNAME"); a || b {
				return 0 // aliases stand in their order
			}
			return strings.Compare(a, b)
		})
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s: %s is %v (%s), want %v", what, name, got, dns.RcodeToString[in.Rcode], want)
		}
		return nil
	})
}

// written awaits that a provider has addresses of a name, or none.
func (w *naming) written(name string, want bool) {
	w.Helper()
	w.eventually(func(context.Context) error {
		text, err := os.ReadFile(filepath.Join(w.dir, "example.com.zone"))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 3 && f[0] == name && slices.Contains(f, "A") {
				if want {
					return nil
				}
				return fmt.Errorf("%s is written still: %s", name, line)
			}
		}
		if want {
			return fmt.Errorf("%s is not written:\n%s", name, text)
		}
		return nil
	})
}

// shows awaits what kubectl prints of an object of the host.
func (w *naming) shows(object, path, want string) {
	w.Helper()
	kind, name, _ := strings.Cut(object, " ")
	w.eventually(func(ctx context.Context) error {
		out, err := w.host.Kubectl(ctx, "get", kind+"s.multiclusterdns.kubefed.io", name, "-n", "shop", "-o", "jsonpath="+path)
		if err == nil && string(out) != want {
			err = fmt.Errorf("%s shows %q, want %q", object, out, want)
		}
		return err
	})
}

func (w *naming) eventually(so func(context.Context) error) {
	w.Helper()
	harness.Eventually(w.T, time.Minute, so)
}
