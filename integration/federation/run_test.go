package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/integration/harness"
)

// web is an application and its headless Service, whose names have the Pods' addresses.
const web = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 6
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
`

const webTerms = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: web, namespace: shop}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: web}]
  placement:
    clusterTolerations:
    - {key: cluster.karmada.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}
    replicaScheduling:
      replicaSchedulingType: Divided
      replicaDivisionPreference: Weighted
      weightPreference:
        staticWeightList:
        - {targetCluster: {clusterNames: [cluster1]}, weight: 3}
        - {targetCluster: {clusterNames: [cluster2]}, weight: 2}
        - {targetCluster: {clusterNames: [member1]}, weight: 1}
---
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: web-service, namespace: shop}
spec:
  resourceSelectors: [{apiVersion: v1, kind: Service, name: web}]
---
apiVersion: policy.karmada.io/v1alpha1
kind: OverridePolicy
metadata: {name: web, namespace: shop}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: web}]
  overrideRules:
  - targetCluster: {clusterNames: [cluster1]}
    overriders: {imageOverrider: [{component: Tag, operator: replace, value: "1.27"}]}
`

const webName = "web.shop.svc.clusterset.local"

// killed: replicas are divided by weight, as KubeFed's users say it and as Karmada's
// do; those of a cluster that is killed move, and DNS follows; they come back with
// it, as their policies say.
func (w *world) killed() {
	one, two, three := w.members[0], w.members[1], w.members[2]
	w.apply(w.host, web+"---"+webTerms+"---"+mart)
	w.probers = []*prober{w.probe(webName, "shop"), w.probe(martName, "mart")}
	for _, namespace := range []string{"shop", "mart"} {
		w.divided(namespace, 3, 2, 1)
		w.becomes(one, deployments, namespace, "web", image("nginx:1.27"))
		w.becomes(two, deployments, namespace, "web", image("nginx"))
		w.answers("web."+namespace+".svc.clusterset.local", w.ready(namespace, "web", one, two, three)...)
	}
	w.becomes(two, services, "mart", "web", func(o *unstructured.Unstructured) string {
		if got := nested(o, "spec", "ports"); !strings.Contains(got, `"port":8080`) {
			return "spec.ports is " + got
		}
		return ""
	})

	w.kill(one)
	w.standing("cluster1", "behind")
	w.divided("shop", -1, 4, 2)
	w.answers(webName, w.ready("shop", "web", two, three)...)
	w.becomes(w.host, federatedServices, "mart", "web", told(map[string]string{"cluster1": "ClusterNotReady", "cluster2": "", "member1": ""}, "False", "CheckClusters"))
}

// returned goes on with it.
func (w *world) returned() {
	one, two, three := w.members[0], w.members[1], w.members[2]
	w.within = movesWithin
	w.divided("mart", -1, 4, 2)
	w.within = patience
	w.answers(martName, w.ready("mart", "web", two, three)...)

	w.revive(one)
	w.standing("cluster1", "first")
	for _, namespace := range []string{"shop", "mart"} {
		w.divided(namespace, 3, 2, 1)
		w.answers("web."+namespace+".svc.clusterset.local", w.ready(namespace, "web", one, two, three)...)
	}
	w.becomes(w.host, federatedServices, "mart", "web", told(map[string]string{"cluster1": "", "cluster2": "", "member1": ""}, "True", ""))
	for _, p := range w.probers {
		p.end()
	}
	w.remove(w.host, web+"---"+mart)
	for _, m := range w.members {
		for _, namespace := range []string{"shop", "mart"} {
			w.goes(m, deployments, namespace, "web")
			w.goes(m, services, namespace, "web")
		}
	}
}

// movesWithin is how long replicas may take to move: KubeFed's do after a minute.
const movesWithin = 2 * patience

// divided waits until the members have so many replicas, all ready; -1: any.
func (w *world) divided(namespace string, n ...int64) {
	w.t.Helper()
	for i, m := range w.members {
		if n[i] >= 0 {
			w.becomes(m, deployments, namespace, "web", replicas(n[i]))
		}
	}
}

// image wants the first container's.
func image(name string) func(*unstructured.Unstructured) string {
	return func(o *unstructured.Unstructured) string {
		if got := containers(o); !strings.Contains(got, fmt.Sprintf(`"image":%q`, name)) {
			return "containers are " + got + ", want " + name
		}
		return ""
	}
}

// kill ends a member's control plane and its data path.
func (w *world) kill(m *harness.Cluster) {
	w.t.Helper()
	if err := w.paths[m.Name].listener.Close(); err != nil {
		w.t.Fatal(err)
	}
	if err := m.Kill(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) revive(m *harness.Cluster) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	if err := m.Start(ctx); err != nil {
		w.t.Fatal(err)
	}
	w.paths[m.Name].open(w.t)
}

const api = `
apiVersion: v1
kind: Namespace
metadata: {name: api}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: nginx}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: api, annotations: {fedns.io/export: "true"}}
spec: {clusterIP: None, selector: {app: api}, ports: [{port: 80}]}
`

const apiTerms = `
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: api, namespace: api}
spec:
  resourceSelectors: [{apiVersion: apps/v1, kind: Deployment}, {apiVersion: v1, kind: Service, name: api}]
  placement: {clusterAffinity: {clusterNames: [%s]}}
`

// gracious: what a policy moves is answered where it was until it is ready where it
// is to be, and not for longer.
func (w *world) gracious() {
	const name = "api.api.svc.clusterset.local"
	two, three := w.members[1], w.members[2]
	w.apply(w.host, api+"---"+fmt.Sprintf(apiTerms, "cluster2"))
	w.becomes(two, deployments, "api", "api", replicas(2))
	before := w.ready("api", "api", two)
	w.answers(name, before...)
	p := w.probe(name, "api")
	w.cordon(three, true)
	w.apply(w.host, fmt.Sprintf(apiTerms, "member1"))
	w.becomes(three, deployments, "api", "api", func(o *unstructured.Unstructured) string {
		if n, _, _ := unstructured.NestedInt64(o.Object, "status", "unavailableReplicas"); n != 2 {
			return fmt.Sprintf("%d Pods are not available, want 2", n)
		}
		return ""
	})
	w.leaves("api", "cluster2", "placed elsewhere")
	w.answers(name, before...) // nobody else could
	w.cordon(three, false)
	w.becomes(three, deployments, "api", "api", replicas(2))
	w.goes(two, deployments, "api", "api")
	w.goes(two, services, "api", "api")
	w.answers(name, w.ready("api", "api", three)...)
	p.end()
	w.remove(w.host, api)
	w.goes(three, deployments, "api", "api")
}

// cordon has a member's nodes take no more Pods, or take them again.
func (w *world) cordon(m *harness.Cluster, on bool) {
	w.t.Helper()
	nodes := m.Client().CoreV1().Nodes()
	all, err := nodes.List(w.t.Context(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range all.Items {
		patch := fmt.Sprintf(`{"spec":{"unschedulable":%t}}`, on)
		if _, err := nodes.Patch(w.t.Context(), all.Items[i].Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// leaves waits until the Bindings of a name say that it leaves a cluster.
func (w *world) leaves(name, cluster, why string) {
	w.t.Helper()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		all, err := w.named(ctx, name)
		if err != nil {
			return err
		}
		for _, b := range all {
			for _, l := range b.Spec.Leaving {
				if string(l.Cluster) == cluster && l.Why == why {
					return nil
				}
			}
		}
		return fmt.Errorf("%s does not leave %s: %+v", name, cluster, all)
	})
}

// named are the Bindings of a template's name.
func (w *world) named(ctx context.Context, name string) (all []v1alpha1.Binding, err error) {
	list, err := w.host.Dynamic().Resource(bindings).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("bindings: %w", err)
	}
	for _, item := range list.Items {
		var b v1alpha1.Binding
		raw, err := item.MarshalJSON()
		if err == nil {
			err = json.Unmarshal(raw, &b)
		}
		if err != nil {
			return nil, fmt.Errorf("binding %s: %w", item.GetName(), err)
		}
		if b.Spec.Template.Name == name {
			all = append(all, b)
		}
	}
	return all, nil
}

// unbound waits until no Binding of a template's name is left.
func (w *world) unbound(name string) {
	w.t.Helper()
	harness.Eventually(w.t, patience, func(ctx context.Context) error {
		all, err := w.named(ctx, name)
		if err == nil && len(all) > 0 {
			err = fmt.Errorf("%s has Bindings still: %+v", name, all)
		}
		return err
	})
}

// binding is what the Bindings of a template's name say of its clusters.
func (w *world) binding(ctx context.Context, name string) (all []v1alpha1.ClusterStatus, err error) {
	list, err := w.named(ctx, name)
	for _, b := range list {
		all = append(all, b.Status.Clusters...)
	}
	return all, err
}
