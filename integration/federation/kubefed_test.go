package federation

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const testNamespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: test-namespace}\n"

// kubefed: cluster1 has the template as its overrides have it, applied in their
// order; cluster2 has the template; member1, which was not named, has nothing.
func (w *world) kubefed() {
	one, two, three := w.members[0], w.members[1], w.members[2]
	text := manifest(w.t, "kubefed-federateddeployment")
	w.apply(w.host, testNamespace+"---\n"+text)
	w.becomes(one, deployments, "test-namespace", "test-deployment", as(5, "nginx:1.17.0-alpine", `["-q","-v"]`))
	w.becomes(two, deployments, "test-namespace", "test-deployment", as(3, "nginx", `["-v"]`))
	w.absent(three, deployments, "test-namespace", "test-deployment")
	w.becomes(w.host, federated, "test-namespace", "test-deployment", told(map[string]string{"cluster1": "", "cluster2": ""}, "True", ""))
	w.remove(w.host, text)
	w.goes(one, deployments, "test-namespace", "test-deployment")
	w.goes(two, deployments, "test-namespace", "test-deployment")
	w.goes(w.host, federated, "test-namespace", "test-deployment")
}

// as wants a Deployment of the file to be so, without the annotation foo, which is
// added and then removed.
func as(n int64, of, args string) func(*unstructured.Unstructured) string {
	return func(o *unstructured.Unstructured) string {
		if foo, ok := o.GetAnnotations()["foo"]; ok {
			return "it has the annotation foo: " + foo
		}
		if got := containers(o); !strings.Contains(got, `"args":`+args) {
			return "containers are " + got + ", want args " + args
		}
		if o.GetLabels()["kubefed.io/managed"] != "true" || o.GetLabels()["app"] != "nginx" {
			return fmt.Sprintf("labels are %v", o.GetLabels())
		}
		if not := image(of)(o); not != "" {
			return not
		}
		return replicas(n)(o)
	}
}

// told wants a federated object to tell so of its clusters and of itself, in
// KubeFed's form: nothing of a cluster where all is well.
func told(clusters map[string]string, status, reason string) func(*unstructured.Unstructured) string {
	return func(o *unstructured.Unstructured) string {
		got := map[string]string{}
		items, _, _ := unstructured.NestedSlice(o.Object, "status", "clusters")
		for _, item := range items {
			c, _ := item.(map[string]any)
			s, _ := c["status"].(string)
			got[fmt.Sprint(c["name"])] = s
		}
		if fmt.Sprint(got) != fmt.Sprint(clusters) {
			return fmt.Sprintf("status.clusters says %v, want %v", got, clusters)
		}
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, item := range conditions {
			c, _ := item.(map[string]any)
			why, _ := c["reason"].(string)
			if c["type"] == "Propagation" && c["status"] == status && why == reason {
				return ""
			}
		}
		return fmt.Sprintf("status.conditions is %v, want Propagation %s %s", conditions, status, reason)
	}
}

// mart is web in KubeFed's words.
const mart = `
apiVersion: v1
kind: Namespace
metadata: {name: mart}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedDeployment
metadata: {name: web, namespace: mart}
spec:
  template:
    spec:
      replicas: 1
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: nginx}]}
  placement: {clusterSelector: {}}
  overrides:
  - clusterName: cluster1
    clusterOverrides: [{path: /spec/template/spec/containers/0/image, value: "nginx:1.27"}]
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedService
metadata: {name: web, namespace: mart}
spec:
  template:
    metadata: {annotations: {fedns.io/export: "true"}}
    spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
  placement: {clusterSelector: {}}
  overrides:
  - clusterName: cluster2
    clusterOverrides: [{path: /spec/ports/0/port, value: 8080}]
---
apiVersion: scheduling.kubefed.io/v1alpha1
kind: ReplicaSchedulingPreference
metadata: {name: web, namespace: mart}
spec:
  targetKind: FederatedDeployment
  totalReplicas: 6
  rebalance: true
  clusters: {cluster1: {weight: 3}, cluster2: {weight: 2}, member1: {weight: 1}}
`

const martName = "web.mart.svc.clusterset.local"
