package federate

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/integration/harness"
)

const twoVersions = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]ss.example.com}
spec:
  group: example.com
  names: {kind: %[2]s, listKind: %[2]sList, plural: %[1]ss, singular: %[1]s}
  scope: Namespaced
  versions:
  - {name: v1beta1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
  - {name: v1, served: true, storage: false, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
`

const federatedToy = `
apiVersion: core.kubefed.io/v1beta1
kind: FederatedTypeConfig
metadata: {name: toys.example.com, namespace: default}
spec:
  propagation: Enabled
  targetType: {group: example.com, version: %[1]s, kind: Toy, pluralName: toys, scope: Namespaced}
  federatedType: {group: example.com, version: v1beta1, kind: FederatedToy, pluralName: federatedtoys, scope: Namespaced}
---
apiVersion: example.com/v1beta1
kind: FederatedToy
metadata: {name: bear, namespace: default}
spec: {placement: {clusters: [{name: member1}]}, template: {spec: {color: %[2]s}}}
---
`

const propagatedDoll = `
apiVersion: example.com/%[1]s
kind: Doll
metadata: {name: bear, namespace: default}
spec: {color: %[2]s}
---
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: bear, namespace: default}
spec:
  resourceSelectors: [{apiVersion: example.com/%[1]s, kind: Doll, name: bear}]
  placement: {clusterAffinity: {clusterNames: [member1]}}
---
`

// TestAnotherVersion: whoever goes on with another version of a kind changes the objects in
// members, and has none of them made anew.
func TestAnotherVersion(t *testing.T) {
	f := harness.Start(t, harness.Options{Clusters: []harness.Spec{{Name: "host"}, {Name: "member1"}, {Name: "member2"}}})
	host, member := f.Cluster("host"), f.Cluster("member1")
	apply(t, member, fmt.Sprintf(twoVersions, "toy", "Toy")+fmt.Sprintf(twoVersions, "doll", "Doll"))
	apply(t, host, definitions(t)+"---\n"+fmt.Sprintf(twoVersions, "federatedtoy", "FederatedToy")+fmt.Sprintf(twoVersions, "doll", "Doll"))
	text := strings.Replace(fmt.Sprintf(config, host.Kubeconfig, member.Kubeconfig, f.Cluster("member2").Kubeconfig), "[karmada]", "[karmada, kubefed]", 1)
	harness.Fedns(t, f, harness.DaemonSpec{Config: text})
	for resource, manifest := range map[string]string{"toys": federatedToy, "dolls": propagatedDoll} {
		t.Run(resource, func(t *testing.T) {
			apply(t, host, fmt.Sprintf(manifest, "v1beta1", "blue"))
			before := bear(t, member, resource, "v1beta1", "blue")
			apply(t, host, fmt.Sprintf(manifest, "v1", "blue"))
			after := bear(t, member, resource, "v1", "blue")
			if before.GetUID() != after.GetUID() {
				t.Error("it was deleted and made anew")
			}
			apply(t, host, fmt.Sprintf(manifest, "v1", "red"))
			if again := bear(t, member, resource, "v1", "red"); before.GetUID() != again.GetUID() {
				t.Error("it was deleted and made anew later")
			}
		})
	}
}

// bear waits until the object has a color, and was applied last in a version.
func bear(t *testing.T, member *harness.Cluster, resource, version, color string) (o *unstructured.Unstructured) {
	t.Helper()
	harness.Eventually(t, time.Minute, func(ctx context.Context) (err error) {
		o, err = member.Dynamic().Resource(schema.GroupVersionResource{Group: "example.com", Version: version, Resource: resource}).Namespace("default").Get(ctx, "bear", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if got, _, _ := unstructured.NestedString(o.Object, "spec", "color"); got != color {
			return fmt.Errorf("it is %s, want %s", got, color)
		}
		if m := o.GetManagedFields(); len(m) != 1 || m[0].APIVersion != "example.com/"+version {
			return fmt.Errorf("its fields are owned by %v", m)
		}
		return nil
	})
	return o
}
