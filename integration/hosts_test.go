package integration

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness"
)

//go:embed testdata/multi-cluster-ingress.yaml
var multiClusterIngress string

// hostsConfig serves a zone that is made of hosts only.
const hostsConfig = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod}
exports: [Ingress]
evidence: {unprobedAfter: 2s, behindAfter: 1s}
zones:
- name: example.com
clusters:
{{- range .Clusters}}
- {name: {{.Name}}, kubeconfig: {{.Kubeconfig}}}
{{- end}}
`

// TestHostOfTwoClusters: an Ingress that federation placed in two clusters is found
// by its host, at the address of each; a cluster that is lost steps behind, and
// what is deleted goes.
func TestHostOfTwoClusters(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "eu-1"}, {Name: "us-1"}}})
	placed := strings.Replace(multiClusterIngress, "metadata:\n", "metadata:\n  labels: {app.kubernetes.io/managed-by: fedns}\n", 1)
	all := map[string]string{"eu-1": "192.0.2.1", "us-1": "192.0.2.2"}
	for _, c := range f.Clusters() {
		if err := c.Apply(t.Context(), placed); err != nil {
			t.Fatal(err)
		}
		balance(t, c, all[c.Name])
	}
	d := harness.Fedns(t, f, harness.DaemonSpec{Config: hostsConfig})
	answers := func(what string, want ...string) {
		t.Helper()
		began := time.Now()
		harness.Eventually(t, time.Minute, func(ctx context.Context) error {
			got, err := lookup(ctx, d.DNSAddr, "example.com.")
			if err == nil && !slices.Equal(got, want) {
				err = fmt.Errorf("%s: got %v, want %v", what, got, want)
			}
			return err
		})
		t.Logf("%s: %v after %v", what, want, time.Since(began).Round(time.Millisecond))
	}
	answers("both", "192.0.2.1", "192.0.2.2")

	eu, us := f.Cluster("eu-1"), f.Cluster("us-1")
	if err := eu.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	answers("one is lost", "192.0.2.2")
	if err := eu.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	answers("it is back", "192.0.2.1", "192.0.2.2")

	balance(t, us, "192.0.2.3")
	answers("another load balancer", "192.0.2.1", "192.0.2.3")
	withdraw(t, us)
	answers("deleted in one", "192.0.2.1")
	withdraw(t, eu)
	answers("deleted in both")
}

// balance sets the Ingress' address, as a cluster's controller would.
func balance(t *testing.T, c *harness.Cluster, address string) {
	t.Helper()
	patch := fmt.Appendf(nil, `{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, address)
	_, err := c.Client().NetworkingV1().Ingresses("default").Patch(t.Context(), "multi-cluster-ingress", types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		t.Fatal(err)
	}
}

func withdraw(t *testing.T, c *harness.Cluster) {
	t.Helper()
	if err := c.Client().NetworkingV1().Ingresses("default").Delete(t.Context(), "multi-cluster-ingress", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
