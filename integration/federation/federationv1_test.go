package federation

import (
	"fmt"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// old is an application by the annotations of Federation v1.
const old = `
apiVersion: v1
kind: Namespace
metadata: {name: old}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: old
  annotations:
    federation.kubernetes.io/deployment-preferences: '{"rebalance": true, "clusters": {"cluster1": {"weight": 2}, "cluster2": {"weight": 1}, "member1": {"maxReplicas": 0}}}'
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: old, annotations: {federation.alpha.kubernetes.io/cluster-selector: "[]"}}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
`

// annotated: a plain Deployment and a plain Service go where their annotations say,
// and the Service has the members' ingresses written back.
func (w *world) annotated() {
	one, two, three := w.members[0], w.members[1], w.members[2]
	w.apply(w.host, old)
	w.becomes(one, deployments, "old", "web", replicas(2))
	w.becomes(two, deployments, "old", "web", replicas(1))
	w.absent(three, deployments, "old", "web")
	for i, m := range w.members {
		w.becomes(m, services, "old", "web", there)
		patch := fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, netip.AddrFrom4([4]byte{192, 0, 2, byte(30 + i)}))
		_, err := m.Client().CoreV1().Services("old").Patch(w.t.Context(), "web", types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
		if err != nil {
			w.t.Fatal(err)
		}
	}
	const want = `{"items":[{"cluster":"cluster1","items":[{"ip":"192.0.2.30"}]},{"cluster":"cluster2","items":[{"ip":"192.0.2.31"}]},{"cluster":"member1","items":[{"ip":"192.0.2.32"}]}]}`
	w.becomes(w.host, services, "old", "web", func(o *unstructured.Unstructured) string {
		if got := o.GetAnnotations()["federation.kubernetes.io/service-ingresses"]; got != want {
			return "its ingresses are " + got + ", want " + want
		}
		return ""
	})
	w.remove(w.host, old)
	for _, m := range w.members {
		w.goes(m, deployments, "old", "web")
		w.goes(m, services, "old", "web")
	}
}
