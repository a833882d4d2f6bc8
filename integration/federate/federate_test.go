package federate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/integration/harness"
)

const config = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {name: prod}
host: {kubeconfig: %[1]s, namespace: default}
clusters:
- {name: member1, kubeconfig: %[2]s, region: eu, zone: a}
- {name: member2, kubeconfig: %[3]s, region: us, zone: b}
evidence: {unprobedAfter: 2s}
propagation: {dialects: [karmada]}
`

const nginx = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {color: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: nginx, envFrom: [{configMapRef: {name: settings}}]}]}
`

const policy = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: nginx, namespace: default}
spec:
  propagateDeps: true
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: nginx}]
  placement: {clusterAffinity: {clusterNames: [%s]}}
`

const divided = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: nginx, namespace: default}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: nginx}]
  placement:
    clusterAffinity: {clusterNames: [member1, member2]}
    clusterTolerations:
    - {key: cluster.karmada.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 3}
    replicaScheduling: {replicaSchedulingType: Divided, replicaDivisionPreference: Weighted}
`

// TestLostMember: replicas of a member that is lost move, and come back with it.
func TestLostMember(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "member1"}, {Name: "member2"}}})
	host, members := f.Cluster("host"), []*harness.Cluster{f.Cluster("member1"), f.Cluster("member2")}
	if err := host.Apply(t.Context(), definitions(t)+"---"+nginx+"---"+divided); err != nil {
		t.Fatal(err)
	}
	harness.Fedns(t, f, harness.DaemonSpec{Config: fmt.Sprintf(config, host.Kubeconfig, members[0].Kubeconfig, members[1].Kubeconfig)})
	replicas(t, members[0], 1)
	replicas(t, members[1], 1)
	if err := members[0].StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	replicas(t, members[1], 2)
	harness.Eventually(t, time.Minute, func(context.Context) error {
		b := binding(t, host)
		if len(b.Spec.Targets) != 1 || len(b.Spec.Leaving) > 0 || len(b.Spec.Removing) != 1 || b.Spec.Removing[0].Cluster != "member1" {
			return fmt.Errorf("Binding %+v, want member1 to be left, and what may be there to be kept in mind", b.Spec)
		}
		return nil
	})
	if err := members[0].StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Static weights are told out anew, as Karmada does it: one comes back, and only
	// then the other one goes.
	replicas(t, members[0], 1)
	replicas(t, members[1], 1)
}

// replicas waits until a member's Deployment is to have n, and has them ready.
func replicas(t *testing.T, m *harness.Cluster, n int32) {
	t.Helper()
	harness.Eventually(t, time.Minute, func(ctx context.Context) error {
		d, err := m.Client().AppsV1().Deployments("default").Get(ctx, "nginx", metav1.GetOptions{})
		if err == nil && (*d.Spec.Replicas != n || d.Status.ReadyReplicas != n) {
			err = fmt.Errorf("%s is to have %d, and has %d ready, want %d", m.Name, *d.Spec.Replicas, d.Status.ReadyReplicas, n)
		}
		return err
	})
}

// TestFederate: a Deployment goes where its policy says, with what it refers to;
// moves when the policy does; survives a restart without a write; and goes with
// its template.
func TestFederate(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "member1"}, {Name: "member2"}}})
	host, members := f.Cluster("host"), []*harness.Cluster{f.Cluster("member1"), f.Cluster("member2")}
	if err := host.Apply(t.Context(), definitions(t)); err != nil {
		t.Fatal(err)
	}
	d := harness.Fedns(t, f, harness.DaemonSpec{Config: fmt.Sprintf(config, host.Kubeconfig, members[0].Kubeconfig, members[1].Kubeconfig)})
	if err := host.Apply(t.Context(), nginx+"---"+fmt.Sprintf(policy, "member1")); err != nil {
		t.Fatal(err)
	}
	in(t, members, true, false)
	b := binding(t, host)
	if len(b.Spec.Targets) != 1 || b.Spec.Targets[0].Cluster != "member1" || b.Spec.Dialect != "karmada" || len(b.Spec.Dependencies) != 1 {
		t.Errorf("Binding %+v, want one target and one dependency", b.Spec)
	}
	bindings(t, d, "Deployment.apps default/nginx", "member1")

	// A Binding that somebody deletes is made again: nothing else says what is where.
	if err := host.Dynamic().Resource(v1alpha1.Bindings).Namespace(b.Namespace).Delete(t.Context(), b.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		again, err := host.Dynamic().Resource(v1alpha1.Bindings).Namespace(b.Namespace).Get(ctx, b.Name, metav1.GetOptions{})
		if err == nil && (again.GetUID() == b.UID || again.GetDeletionTimestamp() != nil) {
			err = fmt.Errorf("the Binding that was deleted is there still, with %v", again.GetFinalizers())
		}
		return err
	})
	if again := binding(t, host); len(again.Spec.Targets) != 1 || again.Spec.Targets[0] != b.Spec.Targets[0] {
		t.Errorf("the Binding that was made again has %+v, want %+v", again.Spec.Targets, b.Spec.Targets)
	}
	in(t, members, true, false)

	if err := host.Apply(t.Context(), fmt.Sprintf(policy, "member2")); err != nil {
		t.Fatal(err)
	}
	// Nothing runs Pods in these clusters unless the harness does: the old one stays
	// until the new one is ready, or its grace is over.
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error { return has(ctx, members[1], true) })

	before := version(t, members[1])
	if err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	bindings(t, d, "Deployment.apps default/nginx", "member2")
	if after := version(t, members[1]); after != before {
		t.Errorf("after a restart the member's object has version %s, want %s: nothing is written that is right", after, before)
	}

	// Whoever installs fedns anew takes the Lease away, and terms begin anew with it:
	// what was written in a later one is still to be written, and to be deleted.
	paint(t, host, members[1], "green")
	if err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := host.Client().CoordinationV1().Leases("default").Delete(t.Context(), "fedns-propagation", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	paint(t, host, members[1], "red")

	if err := host.Delete(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	in(t, members, false, false)
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		list, err := host.Dynamic().Resource(v1alpha1.Bindings).List(ctx, metav1.ListOptions{})
		if err == nil && len(list.Items) > 0 {
			err = fmt.Errorf("%d Bindings are left", len(list.Items))
		}
		return err
	})
}

// definitions are all there are of the host.
func definitions(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "deploy", "crds", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no definitions: %v", err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text.WriteString("---\n" + string(raw) + "\n")
		}
	}
	return text.String()
}

// in waits until the members have the Deployment, and its ConfigMap, or not.
func in(t *testing.T, members []*harness.Cluster, want ...bool) {
	t.Helper()
	for i, m := range members {
		harness.Eventually(t, 30*time.Second, func(ctx context.Context) error { return has(ctx, m, want[i]) })
	}
}

func has(ctx context.Context, m *harness.Cluster, want bool) error {
	_, err := m.Client().AppsV1().Deployments("default").Get(ctx, "nginx", metav1.GetOptions{})
	_, other := m.Client().CoreV1().ConfigMaps("default").Get(ctx, "settings", metav1.GetOptions{})
	for what, err := range map[string]error{"Deployment": err, "ConfigMap": other} {
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		if got := err == nil; got != want {
			return fmt.Errorf("%s has the %s: %v, want %v", m.Name, what, got, want)
		}
	}
	return nil
}

// paint changes the ConfigMap's template, and waits until the member has it.
func paint(t *testing.T, host, member *harness.Cluster, color string) {
	t.Helper()
	if err := host.Apply(t.Context(), strings.Replace(nginx, "blue", color, 1)); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		o, err := member.Client().CoreV1().ConfigMaps("default").Get(ctx, "settings", metav1.GetOptions{})
		if err == nil && o.Data["color"] != color {
			err = fmt.Errorf("the member's color is %s, want %s", o.Data["color"], color)
		}
		return err
	})
}

func version(t *testing.T, m *harness.Cluster) string {
	t.Helper()
	o, err := m.Client().CoreV1().ConfigMaps("default").Get(t.Context(), "settings", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o.ResourceVersion
}

// binding is the only one there is.
func binding(t *testing.T, host *harness.Cluster) (b v1alpha1.Binding) {
	t.Helper()
	list, err := host.Dynamic().Resource(v1alpha1.Bindings).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%v, %v: want one Binding", list, err)
	}
	raw, err := list.Items[0].MarshalJSON()
	if err == nil {
		err = json.Unmarshal(raw, &b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bindings waits until the daemon tells that an object has been applied to a cluster.
func bindings(t *testing.T, d *harness.Daemon, object, cluster string) {
	t.Helper()
	harness.Eventually(t, time.Minute, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.HTTPAddr+"/api/v1/bindings?reasons=true", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var answer struct {
			Bindings []struct {
				Object   string
				Clusters []struct{ Cluster, State, Phase string }
			}
		}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			return err
		}
		for _, b := range answer.Bindings {
			for _, c := range b.Clusters {
				if b.Object == object && c.Cluster == cluster && c.State == "target" && c.Phase == "Applied" {
					return nil
				}
			}
		}
		return fmt.Errorf("bindings are %+v", answer.Bindings)
	})
}
