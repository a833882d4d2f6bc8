package federate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness"
)

const homeConfig = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod}
host: {kubeconfig: %[1]s, namespace: fedns}
clusters:
- {name: home, kubeconfig: %[2]s, region: eu, zone: a}
- {name: member1, kubeconfig: %[3]s, region: us, zone: b}
evidence: {unprobedAfter: 2s}
propagation: {karmada: {propagation: on}}
`

const federatedShop = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: shop, namespace: shop}
spec: {placement: {clusterSelector: {}}}
---
`

const federatedSettings = `
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: settings, namespace: shop}
spec: {placement: {clusterSelector: {}}, template: {data: {color: blue}}}
---
`

const annotatedWeb = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations: {federation.kubernetes.io/deployment-preferences: '{"rebalance": true, "clusters": {"*": {"weight": 1}}}'}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
---
`

// TestHostIsMember: with no more rights than deploy/ gives, all dialects propagate to a
// member and to the host itself, which shares replicas and loses nothing that others
// are made of.
func TestHostIsMember(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "member1"}}})
	host, member := f.Cluster("host"), f.Cluster("member1")
	text := definitions(t)
	for _, name := range []string{"namespace", "rbac", "propagation", "kubefed", "federationv1", "karmada"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "deploy", "manifests", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		text += "---\n" + string(raw) + "\n"
	}
	apply(t, host, text)
	account, err := host.UserKubeconfig("system:serviceaccount:fedns:fedns", "system:serviceaccounts", "system:serviceaccounts:fedns")
	if err != nil {
		t.Fatal(err)
	}
	d := harness.Fedns(t, f, harness.DaemonSpec{Config: fmt.Sprintf(homeConfig, account, host.Kubeconfig, member.Kubeconfig)})

	apply(t, host, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"+federatedShop+federatedSettings+annotatedWeb+nginx+"---"+fmt.Sprintf(policy, "member1, home"))
	for _, c := range []*harness.Cluster{host, member} {
		becomes(t, c, "shop", "settings", "fedns.io/host", string(system(t, host).UID))
	}
	shares(t, host, member, 2, "4")
	_, err = host.Client().AppsV1().Deployments("shop").Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"replicas":6}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shares(t, host, member, 3, "6")
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error { return has(ctx, member, true) })
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		o, err := host.Dynamic().Resource(federatedMaps).Namespace("shop").Get(ctx, "settings", metav1.GetOptions{})
		if err == nil && !strings.Contains(fmt.Sprint(o.Object["status"]), "status:True") {
			err = fmt.Errorf("its status is %v, want Propagation to be True", o.Object["status"])
		}
		return err
	})

	// The namespace's federation ends, and the template's placement leaves the host.
	before := template(t, host)
	if err := host.Delete(t.Context(), federatedShop); err != nil {
		t.Fatal(err)
	}
	apply(t, host, fmt.Sprintf(policy, "member1"))
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		o, err := host.Dynamic().Resource(spaces).Namespace("shop").List(ctx, metav1.ListOptions{})
		if err == nil && len(o.Items) > 0 {
			err = fmt.Errorf("the FederatedNamespace is still there: %v", o.Items[0].Object)
		}
		return err
	})
	bindings(t, d, "Deployment.apps default/nginx", "member1")
	shop, err := host.Client().CoreV1().Namespaces().Get(t.Context(), "shop", metav1.GetOptions{})
	if err != nil || shop.DeletionTimestamp != nil {
		t.Fatalf("the host's namespace is gone, or going: %v %v", shop, err)
	}
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		list, err := host.Client().CoreV1().Events("shop").List(ctx, metav1.ListOptions{FieldSelector: "reason=Kept,involvedObject.kind=FederatedNamespace"})
		if err == nil && len(list.Items) == 0 {
			err = errors.New("no Event says that the host's namespace is kept")
		}
		return err
	})
	if after := template(t, host); after != before {
		t.Errorf("the template is %s, and was %s", after, before)
	}

	if err := host.Delete(t.Context(), federatedSettings+annotatedWeb+nginx); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 45*time.Second, func(ctx context.Context) error {
		list, err := host.Dynamic().Resource(allBindings).List(ctx, metav1.ListOptions{})
		if err == nil && len(list.Items) > 0 {
			err = fmt.Errorf("%d Bindings are left, of %s", len(list.Items), list.Items[0].GetName())
		}
		return err
	})
	log, err := os.ReadFile(d.Process.Log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(log), "\n") {
		if strings.Contains(line, "forbidden") {
			t.Errorf("it lacks a right: %s", line)
		}
	}
}

var (
	federatedMaps = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatedconfigmaps"}
	spaces        = schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: "federatednamespaces"}
	allBindings   = schema.GroupVersionResource{Group: "fedns.io", Version: "v1alpha1", Resource: "bindings"}
)

func apply(t *testing.T, c *harness.Cluster, text string) {
	t.Helper()
	if err := c.Apply(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// becomes waits until a ConfigMap is there with an annotation.
func becomes(t *testing.T, c *harness.Cluster, namespace, name, annotation, want string) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		o, err := c.Client().CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
		if err == nil && o.Annotations[annotation] != want {
			err = fmt.Errorf("annotations are %v, want %s: %s", o.Annotations, annotation, want)
		}
		return err
	})
}

// system is the namespace that tells clusters apart.
func system(t *testing.T, c *harness.Cluster) *corev1.Namespace {
	t.Helper()
	o, err := c.Client().CoreV1().Namespaces().Get(t.Context(), metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// shares waits until host and member have as many replicas each, and the host knows
// how many they have together.
func shares(t *testing.T, host, member *harness.Cluster, each int32, total string) {
	t.Helper()
	harness.Eventually(t, 45*time.Second, func(ctx context.Context) error {
		for _, c := range []*harness.Cluster{host, member} {
			o, err := c.Client().AppsV1().Deployments("shop").Get(ctx, "web", metav1.GetOptions{})
			if err != nil {
				return fmt.Errorf("cluster %s: %w", c.Name, err)
			}
			if *o.Spec.Replicas != each || c == host && o.Annotations["fedns.io/total-replicas"] != total {
				return fmt.Errorf("cluster %s: %d replicas, %v, want %d of %s", c.Name, *o.Spec.Replicas, o.Annotations, each, total)
			}
		}
		return nil
	})
}

// template tells versions of the template's content apart.
func template(t *testing.T, host *harness.Cluster) string {
	t.Helper()
	o, err := host.Client().AppsV1().Deployments("default").Get(t.Context(), "nginx", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s, generation %d, deleted at %v, managed-by %q", o.UID, o.Generation, o.DeletionTimestamp, o.Labels["app.kubernetes.io/managed-by"])
}
