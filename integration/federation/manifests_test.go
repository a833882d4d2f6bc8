package federation

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/integration/harness"
)

// nginx is what the policies in testdata are about.
const nginx = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, labels: {app: nginx}}
spec:
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: nginx}]}
`

// karmada: the Deployment reaches member1 and no other cluster, and there it has
// what the OverridePolicy says.
func (w *world) karmada() {
	policies := manifest(w.t, "karmada-propagationpolicy") + "\n---\n" + manifest(w.t, "karmada-overridepolicy")
	w.apply(w.host, nginx+"---\n"+policies)
	w.becomes(w.members[2], deployments, "default", "nginx", func(o *unstructured.Unstructured) string {
		if o.GetAnnotations()["foo"] != "bar" {
			return fmt.Sprintf("annotations are %v, want foo=bar", o.GetAnnotations())
		}
		return replicas(2)(o)
	})
	w.becomes(w.host, bound, "default", "nginx-deployment", func(o *unstructured.Unstructured) string {
		if got := nested(o, "spec", "clusters"); got != `[{"name":"member1","replicas":2}]` {
			return "spec.clusters is " + got
		}
		if got := nested(o, "status", "aggregatedStatus"); !strings.Contains(got, `"applied":true`) {
			return "status.aggregatedStatus is " + got
		}
		return ""
	})
	w.absent(w.members[0], deployments, "default", "nginx")
	w.absent(w.members[1], deployments, "default", "nginx")
	w.remove(w.host, nginx)
	w.goes(w.members[2], deployments, "default", "nginx")
	w.unbound("nginx")
	w.remove(w.host, policies)
}

const appKind = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: kubedirectorapps.director.kubedirector.io}
spec:
  group: director.kubedirector.io
  names: {kind: KubeDirectorApp, plural: kubedirectorapps}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`

const appPolicy = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: apps}
spec:
  resourceSelectors: [{apiVersion: director.kubedirector.io/v1, kind: KubeDirectorApp}]
  placement: {clusterAffinity: {clusterNames: [cluster2, member1]}}
`

// custom: a kind that fedns knows nothing of goes to the member that serves it, and
// to the other when that does.
func (w *world) custom() {
	app := manifest(w.t, "kubedirectorapp")
	w.apply(w.members[2], appKind)
	w.apply(w.host, appKind+"---\n"+app+"\n---\n"+appPolicy)
	whole := func(o *unstructured.Unstructured) string {
		if got := nested(o, "spec", "roles"); !strings.Contains(got, `"memory":"1Gi"`) {
			return "spec.roles is " + got
		}
		return ""
	}
	w.becomes(w.members[2], apps, "default", "redis-app", whole)
	w.absent(w.members[1], apps, "default", "redis-app") // it does not serve the kind
	w.apply(w.members[1], appKind)
	w.becomes(w.members[1], apps, "default", "redis-app", whole)
	w.remove(w.host, app)
	w.goes(w.members[2], apps, "default", "redis-app")
	w.goes(w.members[1], apps, "default", "redis-app")
	w.remove(w.host, appPolicy)
}

const serviceTerms = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: app-service}
spec:
  resourceSelectors: [{apiVersion: v1, kind: Service, name: app-service}]
  placement: {clusterAffinity: {clusterNames: [cluster2, member1]}}
---
apiVersion: policy.karmada.io/v1alpha1
kind: OverridePolicy
metadata: {name: app-service}
spec:
  resourceSelectors: [{apiVersion: v1, kind: Service, name: app-service}]
  overrideRules:
  - overriders: {annotationsOverrider: [{operator: add, value: {fedns.io/export: "true"}}]}
`

const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: app-service-1, namespace: default, labels: {kubernetes.io/service-name: app-service}}
addressType: IPv4
ports: [{port: 9376, protocol: TCP}]
endpoints: [{addresses: ["192.0.2.7"], conditions: {ready: true}}]
`

// headless: a Service without a selector has no names until somebody writes slices,
// and then has those.
func (w *world) headless() {
	const name = "app-service.default.svc.clusterset.local"
	service := manifest(w.t, "headless-service")
	w.apply(w.host, service+"\n---\n"+serviceTerms)
	for _, m := range w.members[1:] {
		w.becomes(m, services, "default", "app-service", func(o *unstructured.Unstructured) string {
			if o.GetAnnotations()["fedns.io/export"] != "true" || nested(o, "spec", "clusterIP") != `"None"` {
				return fmt.Sprintf("%v, %s", o.GetAnnotations(), nested(o, "spec"))
			}
			return ""
		})
	}
	w.apply(w.members[1], strings.NewReplacer("app-service", "other").Replace(exported)) // which comes after it
	w.answers("other.default.svc.clusterset.local", "192.0.2.8")
	if all, rcode, err := w.ask(w.t.Context(), name); err != nil || len(all) > 0 {
		w.t.Errorf("%s: %s %v, %v before anybody wrote a slice", name, rcode, all, err)
	}
	w.apply(w.members[1], slice)
	w.answers(name, "192.0.2.7")
	w.remove(w.members[1], slice)
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		all, rcode, err := w.ask(ctx, name)
		if err == nil && len(all) > 0 {
			err = fmt.Errorf("%s: %s %v after its slice is gone", name, rcode, all)
		}
		return err
	})
	w.remove(w.host, service)
	w.goes(w.members[2], services, "default", "app-service")
	w.goes(w.members[1], services, "default", "app-service")
	w.remove(w.host, serviceTerms)
	w.remove(w.members[1], strings.NewReplacer("app-service", "other").Replace(exported))
}

const ingressTerms = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: ingress}
spec:
  resourceSelectors: [{apiVersion: networking.k8s.io/v1, kind: Ingress, name: multi-cluster-ingress}]
  placement: {clusterAffinity: {clusterNames: [cluster1, member1]}}
`

// ingress: its host has the address of every cluster that it was placed in, as soon
// as there is one.
func (w *world) ingress() {
	text := manifest(w.t, "multi-cluster-ingress")
	w.apply(w.host, text+"\n---\n"+ingressTerms)
	for i, m := range []*harness.Cluster{w.members[0], w.members[2]} {
		w.becomes(m, ingresses, "default", "multi-cluster-ingress", there)
		patch := fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.%d"}]}}}`, 20+i)
		_, err := m.Client().NetworkingV1().Ingresses("default").Patch(w.t.Context(), "multi-cluster-ingress", types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
		if err != nil {
			w.t.Fatal(err)
		}
	}
	w.answers("example.com", "192.0.2.20", "192.0.2.21")
	w.absent(w.members[1], ingresses, "default", "multi-cluster-ingress")
	w.remove(w.host, text)
	w.goes(w.members[0], ingresses, "default", "multi-cluster-ingress")
	w.goes(w.members[2], ingresses, "default", "multi-cluster-ingress")
	w.answers("example.com")
	w.remove(w.host, ingressTerms)
}

// exported is a Service that is published at once.
const exported = `
apiVersion: v1
kind: Service
metadata: {name: app-service, namespace: default, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: None, ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: app-service-1, namespace: default, labels: {kubernetes.io/service-name: app-service}}
addressType: IPv4
ports: [{port: 80, protocol: TCP}]
endpoints: [{addresses: ["192.0.2.8"], conditions: {ready: true}}]
`

// status waits until a Binding of a name tells of a cluster so. An empty reason is
// any; it may stand in the message as well.
func (w *world) status(name, cluster, phase, reason string) {
	w.t.Helper()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		all, err := w.binding(ctx, name)
		if err != nil {
			return err
		}
		for _, c := range all {
			if string(c.Cluster) == cluster && c.Phase == phase && strings.Contains(c.Reason+": "+c.Message, reason) {
				w.t.Logf("%s in %s: %s %s: %s", name, cluster, c.Phase, c.Reason, c.Message)
				return nil
			}
		}
		return fmt.Errorf("%s is %+v, want %s in %s, %s", name, all, phase, cluster, reason)
	})
}
