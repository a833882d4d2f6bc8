package integration

import (
	"context"
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fedns/fedns/integration/harness"
)

// services counts a cluster's Services in the namespace shop, within limit.
func services(t *testing.T, c *harness.Cluster, limit time.Duration) (int, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	list, err := c.Client().CoreV1().Services("shop").List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	return len(list.Items), nil
}

func TestFaults(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "eu-1"}}})
	c := f.Cluster("eu-1")
	if err := c.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	endpoints(t, c, "web", 3)

	// Each fault is undone, and then the cluster has what it had and works on.
	for _, fault := range []struct {
		name       string
		make, undo func() error
	}{
		{"stopped API server", c.StopAPIServer, func() error { return c.StartAPIServer(t.Context()) }},
		{"paused", c.Pause, c.Resume},
		{"killed", c.Kill, func() error { return c.Start(t.Context()) }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			if err := fault.make(); err != nil {
				t.Fatal(err)
			}
			if n, err := services(t, c, time.Second); err == nil {
				t.Errorf("it still answers: %d Services", n)
			}
			if err := fault.undo(); err != nil {
				t.Fatal(err)
			}
			if n, err := services(t, c, 10*time.Second); err != nil || n != 2 {
				t.Fatalf("got %d Services (%v), want 2", n, err)
			}
			if err := c.Scale(t.Context(), "shop", "web", 5); err != nil {
				t.Fatal(err)
			}
			endpoints(t, c, "web", 5)
			if err := c.Scale(t.Context(), "shop", "web", 3); err != nil {
				t.Fatal(err)
			}
			endpoints(t, c, "web", 3)
		})
	}
	if t.Failed() {
		return // removing it would remove the logs that say why
	}
	t.Run("removed", func(t *testing.T) { removedStartsEmpty(t, f) })
}

func removedStartsEmpty(t *testing.T, f *harness.Fleet) {
	if err := f.Cluster("eu-1").Remove(); err != nil {
		t.Fatal(err)
	}
	if f.Cluster("eu-1") != nil {
		t.Error("it is still of the fleet")
	}
	c, err := f.AddCluster(t.Context(), harness.Spec{Name: "eu-1", IPv6: true})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := services(t, c, 10*time.Second); err != nil || n != 0 {
		t.Errorf("got %d Services (%v), want 0", n, err)
	}
}

func TestAccess(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "eu-1", IPv6: true}}})
	c := f.Cluster("eu-1")
	if err := c.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	t.Run("a user may do only what RBAC allows", func(t *testing.T) { userIsLimited(t, c) })
	t.Run("readiness can be set", func(t *testing.T) { readinessCanBeSet(t, c) })
	t.Run("dual-stack", func(t *testing.T) { dualStack(t, c) })
	t.Run("a namespace can be deleted", func(t *testing.T) { namespaceGoes(t, c) })
}

func userIsLimited(t *testing.T, c *harness.Cluster) {
	file, err := c.UserKubeconfig("reader")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	list := func(ctx context.Context) error {
		_, err := reader.CoreV1().Services("shop").List(ctx, metav1.ListOptions{})
		return err
	}
	if err := list(t.Context()); !apierrors.IsForbidden(err) {
		t.Errorf("got %v, want forbidden", err)
	}
	err = c.Apply(t.Context(), `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [services], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}
`)
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 30*time.Second, list)
}

func readinessCanBeSet(t *testing.T, c *harness.Cluster) {
	endpoints(t, c, "db", 2)
	if err := c.SetPodReady(t.Context(), "shop", "db-1", false); err != nil {
		t.Fatal(err)
	}
	endpoints(t, c, "db", 1)
	if err := c.SetPodReady(t.Context(), "shop", "db-1", true); err != nil {
		t.Fatal(err)
	}
	endpoints(t, c, "db", 2)
}

func dualStack(t *testing.T, c *harness.Cluster) {
	err := c.Apply(t.Context(), `{apiVersion: v1, kind: Service, metadata: {name: both, namespace: shop},
		spec: {ipFamilyPolicy: RequireDualStack, selector: {app: web}, ports: [{port: 80}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range endpoints(t, c, "both", 6) {
		if a.Is6() {
			return
		}
	}
	t.Error("no IPv6 address")
}

func namespaceGoes(t *testing.T, c *harness.Cluster) {
	if err := c.Delete(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func(ctx context.Context) error {
		_, err := c.Client().CoreV1().Namespaces().Get(ctx, "shop", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("it is still there"))
	})
}
