package federate

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fedns/fedns/integration/harness"
)

const colored = `
apiVersion: v1
kind: ConfigMap
metadata: {name: %[1]s, namespace: default}
data: {color: %[2]s}
---
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: %[1]s, namespace: default}
spec:
  resourceSelectors: [{apiVersion: v1, kind: ConfigMap, name: %[1]s}]
  placement: {clusterAffinity: {clusterNames: [%[3]s]}}
---
`

// color waits until a member has a ConfigMap of a color; empty: until it has none.
func color(t *testing.T, m *harness.Cluster, name, want string) {
	t.Helper()
	harness.Eventually(t, time.Minute, func(ctx context.Context) error {
		list, err := m.Client().CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		got := ""
		for _, o := range list.Items {
			if o.Name == name {
				got = o.Data["color"]
			}
		}
		if got != want {
			err = fmt.Errorf("%s of %s is %q, want %q", name, m.Name, got, want)
		}
		return err
	})
}

// renewed is when the leader renewed its Lease.
func renewed(t *testing.T, host *harness.Cluster) time.Time {
	t.Helper()
	lease, err := host.Client().CoordinationV1().Leases("default").Get(t.Context(), "fedns-propagation", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return lease.Spec.RenewTime.Time
}

// TestRestoredHost: a host that is restored from a backup while fedns runs is followed from
// there, though its versions are lower than those that fedns has seen.
func TestRestoredHost(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host", OwnEtcd: true}, {Name: "member1"}, {Name: "member2"}}})
	host, members := f.Cluster("host"), []*harness.Cluster{f.Cluster("member1"), f.Cluster("member2")}
	apply(t, host, definitions(t))
	harness.Fedns(t, f, harness.DaemonSpec{Config: fmt.Sprintf(config, host.Kubeconfig, members[0].Kubeconfig, members[1].Kubeconfig)})
	set := func(name, color, where string) { t.Helper(); apply(t, host, fmt.Sprintf(colored, name, color, where)) }
	set("same", "blue", "member1, member2")
	set("deleted", "blue", "member1")
	color(t, members[1], "same", "blue")
	color(t, members[0], "deleted", "blue")

	backup, err := host.CopyData()
	if err != nil {
		t.Fatal(err)
	}
	set("same", "green", "member1, member2")
	set("later", "green", "member1")
	if err := host.Delete(t.Context(), fmt.Sprintf(colored, "deleted", "blue", "member1")); err != nil {
		t.Fatal(err)
	}
	color(t, members[1], "same", "green")
	color(t, members[0], "later", "green")
	color(t, members[0], "deleted", "")
	for i := range 500 { // others write, so that the backup is far behind
		apply(t, host, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: noise, namespace: default}, data: {n: '%d'}}", i))
	}
	noted := renewed(t, host)
	harness.Eventually(t, time.Minute, func(context.Context) error {
		if renewed(t, host).Equal(noted) {
			return errors.New("the leader has not seen how far the host has come")
		}
		return nil
	})
	if _, err := host.ReplaceData(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	color(t, members[1], "same", "blue")
	color(t, members[0], "deleted", "blue")
	set("same", "red", "member1, member2")
	for _, m := range members {
		color(t, m, "same", "red")
	}
	// Of this the host knows nothing any more. Nobody took it back.
	if _, err := members[0].Client().CoreV1().ConfigMaps("default").Get(t.Context(), "later", metav1.GetOptions{}); err != nil {
		t.Error(errors.Join(errors.New("what was made after the backup is not left as it is"), err))
	}
}
