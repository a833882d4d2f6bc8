package federation

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness"
)

var (
	gateways = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	routes   = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
)

// edge is a Gateway and two routes on it, whose hosts are found by DNS.
const edge = `
apiVersion: v1
kind: Namespace
metadata: {name: edge}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  gatewayClassName: example
  listeners: [{name: http, port: 80, protocol: HTTP, hostname: "*.example.com"}]
---
` + edgeRoute + `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: blog, namespace: edge}
spec:
  parentRefs: [{name: edge, sectionName: http}]
  hostnames: [blog.example.com]
  rules: [{backendRefs: [{name: blog, port: 80}]}]
`

const edgeRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: edge}
spec:
  parentRefs: [{name: edge}]
  hostnames: [shop.example.com, elsewhere.example.org]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs: [{name: shop, port: 80}]
`

const edgeTerms = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: edge, namespace: edge}
spec:
  resourceSelectors:
  - {apiVersion: gateway.networking.k8s.io/v1, kind: Gateway}
  - {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute}
  placement: {clusterAffinity: {clusterNames: [%s]}}
`

// gateway: a Gateway and its HTTPRoutes that a policy places are found by their hosts,
// at the addresses of each cluster's Gateway, and are gone with them.
func (w *world) gateway() {
	one, two := w.members[0], w.members[1]
	for _, c := range []*harness.Cluster{w.host, one, two} {
		for _, name := range []string{"gateways", "httproutes"} {
			w.apply(c, manifest(w.t, filepath.Join("gateway-api", name)))
		}
	}
	w.apply(w.host, edge+"---"+fmt.Sprintf(edgeTerms, "cluster1, cluster2"))
	for _, m := range []*harness.Cluster{one, two} {
		w.becomes(m, gateways, "edge", "edge", there)
		for _, name := range []string{"shop", "blog"} {
			w.becomes(m, routes, "edge", name, there)
			w.accept(m, name, "True")
		}
	}
	w.answers("shop.example.com") // no Gateway has an address yet
	w.serve(one, "192.0.2.11")
	w.serve(two, "192.0.2.12")
	w.answers("shop.example.com", "192.0.2.11", "192.0.2.12")
	w.answers("blog.example.com", "192.0.2.11", "192.0.2.12")
	w.becomes(w.host, bound, "edge", "edge-gateway", everyApplied)
	w.becomes(w.host, bound, "edge", "shop-httproute", everyApplied)

	w.serve(two, "192.0.2.13")
	w.answers("shop.example.com", "192.0.2.11", "192.0.2.13")
	w.accept(two, "shop", "False") // a Gateway that does not take it is not its address
	w.answers("shop.example.com", "192.0.2.11")
	w.answers("blog.example.com", "192.0.2.11", "192.0.2.13")
	w.accept(two, "shop", "True")
	w.answers("shop.example.com", "192.0.2.11", "192.0.2.13")

	w.apply(w.host, fmt.Sprintf(edgeTerms, "cluster1"))
	w.goes(two, routes, "edge", "shop")
	w.answers("shop.example.com", "192.0.2.11")
	w.remove(w.host, edgeRoute)
	w.goes(one, routes, "edge", "shop")
	w.answers("shop.example.com")
	w.answers("blog.example.com", "192.0.2.11")
	w.remove(w.host, fmt.Sprintf(edgeTerms, "cluster1")+"---"+edge)
	w.goes(one, gateways, "edge", "edge")
	w.answers("blog.example.com")
}

// serve sets a Gateway's address, as its controller would.
func (w *world) serve(c *harness.Cluster, address string) {
	w.t.Helper()
	w.patchStatus(c, gateways, "edge", map[string]any{"addresses": []any{map[string]any{"type": "IPAddress", "value": address}}})
}

// accept has a cluster's Gateway take a route, or not, as its controller would.
func (w *world) accept(c *harness.Cluster, route, accepted string) {
	w.t.Helper()
	o, err := get(w.t.Context(), c, routes, "edge", route)
	if err != nil || o == nil {
		w.t.Fatal("no route: ", err)
	}
	parents, _, _ := unstructured.NestedSlice(o.Object, "spec", "parentRefs")
	w.patchStatus(c, routes, route, map[string]any{"parents": []any{map[string]any{
		"controllerName": "example.com/gateway", "parentRef": parents[0],
		"conditions": []any{map[string]any{
			"type": "Accepted", "status": accepted, "reason": "Accepted", "message": "", "observedGeneration": 1, "lastTransitionTime": "2026-01-02T03:04:05Z",
		}},
	}}})
}

func (w *world) patchStatus(c *harness.Cluster, r schema.GroupVersionResource, name string, status map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = c.Dynamic().Resource(r).Namespace("edge").Patch(w.t.Context(), name, types.MergePatchType, text, metav1.PatchOptions{FieldManager: "gateway-controller"}, "status")
	if err != nil {
		w.t.Fatal(err)
	}
}

// everyApplied wants every cluster of a ResourceBinding to have it as it was sent.
func everyApplied(o *unstructured.Unstructured) string {
	items, _, _ := unstructured.NestedSlice(o.Object, "status", "aggregatedStatus")
	for _, item := range items {
		if c, _ := item.(map[string]any); c["applied"] != true || c["appliedMessage"] != nil {
			return fmt.Sprintf("status.aggregatedStatus says %v", c)
		}
	}
	if len(items) != 2 || !strings.Contains(nested(o, "status", "conditions"), "FullyApplied") {
		return fmt.Sprintf("status.aggregatedStatus has %d clusters", len(items))
	}
	return ""
}
