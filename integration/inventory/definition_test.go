package inventory

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/mcs-api/config/crd"

	"github.com/fedns/fedns/integration/harness"
)

const kubefedOnly = `apiVersion: fedns.io/v1alpha1
kind: Config
listen: {dns: ["{{.DNS}}"], http: "{{.HTTP}}"}
federation: {clusterSet: clusterset.local}
host: {kubeconfig: %s}
inventories: [{kubefed: {namespace: fleet}}]
`

const export = `
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: web, namespace: shop}
---
`

// TestDefinitionsAreRemoved: an API server that is told to remove a CRD removes its
// objects first, one by one. What they stood for is answered on, until it is stated
// again, or somebody gives the word.
func TestDefinitionsAreRemoved(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "member", MCS: true}}})
	w := &trial{host: f.Cluster("host"), member: f.Cluster("member")}
	exported := strings.Replace(web(1), `, annotations: {fedns.io/export: "true"}`, "", 1) + "---\n" + export
	if err := w.member.Apply(t.Context(), readers+exported+`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: fedns-exports}
rules: [{apiGroups: [multicluster.x-k8s.io], resources: [serviceexports], verbs: [list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: fedns-exports}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: fedns-exports}
subjects: [{kind: ServiceAccount, name: old, namespace: default}]
`); err != nil {
		t.Fatal(err)
	}
	w.to, w.old = accessOf(t, w.member), token(t, w.member, "old")
	kubeconfig, err := w.host.UserKubeconfig("fedns")
	if err != nil {
		t.Fatal(err)
	}
	stated := definitions() + w.to.others(t, w.old)
	if err := w.host.Apply(t.Context(), rights+stated); err != nil {
		t.Fatal(err)
	}
	w.fedns = harness.Fedns(t, f, harness.DaemonSpec{Config: fmt.Sprintf(kubefedOnly, kubeconfig)})
	w.answers(t, 0, "kubefed")

	t.Run("of clusters", func(t *testing.T) {
		remove(t, w.host, "kubefedclusters.core.kubefed.io")
		w.inventory(t, "kubefed", func(_ string, findings []string) bool {
			return len(findings) == 1 && strings.Contains(findings[0], "1 of 1 clusters were deleted with their definition (kubefed)")
		})
		w.answers(t, 0, "kubefed")
		if err := w.host.Apply(t.Context(), stated); err != nil {
			t.Fatal(err)
		}
		w.inventory(t, "kubefed", func(_ string, findings []string) bool { return len(findings) == 0 })
		w.answers(t, 0, "kubefed")
	})
	t.Run("of ServiceExports", func(t *testing.T) {
		remove(t, w.member, "serviceexports.multicluster.x-k8s.io")
		w.holds(t, true)
		w.answers(t, 0, "kubefed")
		if err := w.member.Apply(t.Context(), string(crd.ServiceExportCRD)); err != nil {
			t.Fatal(err)
		}
		w.holds(t, true) // it is served, and there is none
		w.answers(t, 0, "kubefed")
		if err := w.member.Apply(t.Context(), export); err != nil {
			t.Fatal(err)
		}
		w.holds(t, false)
		w.answers(t, 0, "kubefed")
		if err := w.member.Delete(t.Context(), export); err != nil {
			t.Fatal(err)
		}
		w.answers(t, 0) // which is meant
	})
}

// remove removes a CRD with all of its objects, and waits until it is gone.
func remove(t *testing.T, c *harness.Cluster, name string) {
	t.Helper()
	if err := c.Undefine(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := c.WaitUndefined(ctx, name); err != nil {
		t.Fatal(err)
	}
}

// holds waits until the member is held, or is not.
func (w *trial) holds(t *testing.T, want bool) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, func(ctx context.Context) error {
		var body struct {
			Clusters []struct {
				ID              string
				WithdrawalsHeld int
			}
		}
		if err := w.get(ctx, "/api/v1/clusters", &body); err != nil {
			return err
		}
		if len(body.Clusters) != 1 || (body.Clusters[0].WithdrawalsHeld > 0) != want {
			return fmt.Errorf("clusters are %+v, want one, that anything is held: %v", body.Clusters, want)
		}
		return nil
	})
}
