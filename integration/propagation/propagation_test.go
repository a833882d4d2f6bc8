package propagation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/propagation"
	"github.com/fedns/fedns/federation/work"
	"github.com/fedns/fedns/integration/harness"
)

const (
	deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: shop, labels: {app: %[1]s}}
spec:
  replicas: %[2]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      containers:
      - {name: web, image: "nginx:1.27", resources: {requests: {cpu: 1000m, memory: 1024Mi}}, ports: [{containerPort: 80}]}
`
	service = `
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: shop}
spec: {type: NodePort, selector: {app: %[1]s}, clusterIP: 10.255.255.1, ports: [{name: http, port: 80, nodePort: 31999}]}
`
	configMap  = "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, namespace: shop}, data: {a: '%d', b: '1'}}"
	definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.example.com}
spec:
  group: example.com
  names: {kind: Toy, listKind: ToyList, plural: toys, singular: toy}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`
	toy = "{apiVersion: example.com/v1, kind: Toy, metadata: {name: bear, namespace: shop}, spec: {soft: true}}"
)

func TestOneMember(t *testing.T) {
	w := newWorld(t, "eu")
	t.Run("kinds", func(t *testing.T) { w.on(t).kinds() })
	t.Run("unknown field", func(t *testing.T) { w.on(t).unknown() })
	t.Run("change", func(t *testing.T) { w.on(t).change() })
	t.Run("drift", func(t *testing.T) { w.on(t).drift() })
	t.Run("adopt and leave", func(t *testing.T) { w.on(t).existing() })
	t.Run("orphan", func(t *testing.T) { w.on(t).orphan() })
	t.Run("definition", func(t *testing.T) { w.on(t).definition() })
	t.Run("restart", func(t *testing.T) { w.on(t).restart() })
	t.Run("cascade", func(t *testing.T) { w.on(t).cascade() })
}

// on has a subtest fail where it fails.
func (w *world) on(t *testing.T) *world {
	w.t = t
	return w
}

// kinds: a Deployment runs, and a Service has what its own cluster gave it.
func (w *world) kinds() {
	d, s := parse(w.t, deployment, "web", 2), parse(w.t, service, "web")
	w.do("eu", d)
	w.do("eu", s)
	w.comes("eu", s, work.Applied, "")
	w.becomes("eu", d, 2, "status", "readyReplicas")
	harness.Eventually(w.t, within, func(context.Context) error {
		if o := w.comes("eu", d, work.Applied, ""); o.Health != work.Healthy || o.Ready != 2 {
			return fmt.Errorf("it is %s with %d ready", o.Health, o.Ready)
		}
		return nil
	})
	given := w.live("eu", s)
	ip, _, _ := unstructured.NestedString(given.Object, "spec", "clusterIP")
	if ip == "" || ip == "10.255.255.1" {
		w.t.Errorf("clusterIP is %q", ip)
	}
	s = s.DeepCopy()
	s.SetAnnotations(map[string]string{"changed": "yes"})
	w.do("eu", s)
	w.becomes("eu", s, "yes", "metadata", "annotations", "changed")
	now := w.live("eu", s)
	if after, _, _ := unstructured.NestedString(now.Object, "spec", "clusterIP"); after != ip {
		w.t.Errorf("clusterIP was %s and is %s", ip, after)
	}
	was, _, _ := unstructured.NestedSlice(given.Object, "spec", "ports")
	is, _, _ := unstructured.NestedSlice(now.Object, "spec", "ports")
	if fmt.Sprint(was) != fmt.Sprint(is) {
		w.t.Errorf("ports were %v and are %v", was, is)
	}
}

// unknown: a field that the member does not know is said, and is not left out.
func (w *world) unknown() {
	d := parse(w.t, deployment, "unknown", 1)
	if err := unstructured.SetNestedField(d.Object, "blue", "spec", "colour"); err != nil {
		w.t.Fatal(err)
	}
	w.do("eu", d)
	if got := w.comes("eu", d, work.Failed, "BadRequest"); !strings.Contains(got.Message, `unknown field "spec.colour"`) {
		w.t.Errorf("because %q", got.Message)
	}
	unstructured.RemoveNestedField(d.Object, "spec", "colour")
	w.do("eu", d.DeepCopy())
	w.comes("eu", d, work.Applied, "")
}

// change: what is no longer stated goes, and an autoscaler's replicas stay.
func (w *world) change() {
	m := parse(w.t, configMap, "changing", 1)
	w.do("eu", m)
	w.comes("eu", m, work.Applied, "")
	less := m.DeepCopy()
	less.Object["data"] = map[string]any{"a": "2"}
	w.do("eu", less)
	w.becomes("eu", m, "map[a:2]", "data")

	d := parse(w.t, deployment, "scaled", 2)
	retained := func(t *work.Task) { t.RetainReplicas = true }
	w.do("eu", d, retained)
	w.comes("eu", d, work.Applied, "")
	w.merge("eu", d, "horizontal-pod-autoscaler", `{"spec":{"replicas":4}}`, "scale")
	more := d.DeepCopy()
	more.SetAnnotations(map[string]string{"changed": "yes"})
	w.do("eu", more, retained)
	w.becomes("eu", d, "yes", "metadata", "annotations", "changed")
	w.becomes("eu", d, 4, "spec", "replicas")
	w.comes("eu", d, work.Applied, "")
}

func (w *world) drift() {
	d := parse(w.t, deployment, "drifting", 1)
	w.do("eu", d)
	w.comes("eu", d, work.Applied, "")
	w.merge("eu", d, "kubectl-edit", `{"spec":{"replicas":3}}`)
	w.becomes("eu", d, 1, "spec", "replicas")
	// By the scale subresource too, and fields that are not ours stay.
	w.merge("eu", d, "kubectl-scale", `{"spec":{"replicas":2}}`, "scale")
	w.merge("eu", d, "kubectl-annotate", `{"metadata":{"annotations":{"theirs":"kept"}}}`)
	w.becomes("eu", d, 1, "spec", "replicas")
	w.becomes("eu", d, "kept", "metadata", "annotations", "theirs")
	if err := w.fleet.Cluster("eu").Delete(w.t.Context(), fmt.Sprintf(deployment, "drifting", 1)); err != nil {
		w.t.Fatal(err)
	}
	w.becomes("eu", d, 1, "spec", "replicas")
	w.comes("eu", d, work.Applied, "")
}

func (w *world) existing() {
	for _, name := range []string{"left", "adopted"} {
		if err := w.fleet.Cluster("eu").Apply(w.t.Context(), fmt.Sprintf(configMap, name, 1)); err != nil {
			w.t.Fatal(err)
		}
	}
	left, adopted := parse(w.t, configMap, "left", 2), parse(w.t, configMap, "adopted", 2)
	before := w.live("eu", left).GetResourceVersion()
	w.do("eu", left, func(t *work.Task) { t.Existing = work.Leave })
	if got := w.comes("eu", left, work.Failed, propagation.ReasonConflict); !strings.Contains(got.Message, "harness") {
		w.t.Errorf("message %q does not name who wrote it", got.Message)
	}
	if after := w.live("eu", left).GetResourceVersion(); after != before {
		w.t.Error("what was to be left alone was written to")
	}
	w.do("eu", adopted)
	w.comes("eu", adopted, work.Applied, "")
	w.becomes("eu", adopted, 2, "data", "a")
	w.do("eu", left, removal)
	w.comes("eu", left, work.Removed, propagation.ReasonNotOurs)
}

func (w *world) orphan() {
	s := parse(w.t, service, "orphan")
	w.do("eu", s)
	w.comes("eu", s, work.Applied, "")
	before := w.live("eu", s)
	w.do("eu", s, removal, func(t *work.Task) { t.Orphan = true })
	w.comes("eu", s, work.Removed, propagation.ReasonOrphaned)
	after := w.live("eu", s)
	if after == nil {
		w.t.Fatal("it was deleted")
	}
	if fmt.Sprint(before.Object["spec"]) != fmt.Sprint(after.Object["spec"]) || after.GetLabels()[propagation.LabelManagedBy] != "" || len(after.GetAnnotations()) > 0 {
		w.t.Errorf("it was %v\nand is %v", before.Object, after.Object)
	}
	for _, e := range after.GetManagedFields() {
		if e.Manager == propagation.Manager {
			w.t.Errorf("fields are still ours: %v", e)
		}
	}
}

// definition: a custom resource waits for its definition, which may be ordered too.
func (w *world) definition() {
	o, crd := parse(w.t, toy), parse(w.t, definition)
	w.do("eu", o)
	w.comes("eu", o, work.Waiting, propagation.ReasonNotServed)
	w.do("eu", crd)
	w.comes("eu", o, work.Applied, "")
	elsewhere := parse(w.t, strings.ReplaceAll(configMap, "shop", "later"), "early", 1)
	w.do("eu", elsewhere)
	w.comes("eu", elsewhere, work.Waiting, propagation.ReasonNamespaceMissing)
	if err := w.fleet.Cluster("eu").Apply(w.t.Context(), "{apiVersion: v1, kind: Namespace, metadata: {name: later}}"); err != nil {
		w.t.Fatal(err)
	}
	w.comes("eu", elsewhere, work.Applied, "")
}

// restart: a new leader writes nothing that is right.
func (w *world) restart() {
	all := []*unstructured.Unstructured{
		parse(w.t, deployment, "web", 2), parse(w.t, deployment, "drifting", 1), parse(w.t, service, "again"), parse(w.t, configMap, "adopted", 2),
		parse(w.t, toy), parse(w.t, definition),
	}
	for _, o := range all {
		w.do("eu", o)
		w.comes("eu", o, work.Applied, "")
	}
	w.end()
	w.mu.Lock()
	w.calls = nil
	clear(w.outcomes)
	w.mu.Unlock()
	w.begin()
	for _, o := range all {
		w.do("eu", o)
	}
	for _, o := range all {
		w.comes("eu", o, work.Applied, "")
	}
	if calls := w.wrote("eu"); len(calls) > 0 {
		w.t.Errorf("a restart wrote %v", calls)
	}
}

// cascade: what is deleted takes its Pods along, and is told as gone when they are.
func (w *world) cascade() {
	d := parse(w.t, deployment, "web", 2)
	w.merge("eu", d, "backup", `{"metadata":{"finalizers":["backup.example.com/wait"]}}`)
	w.do("eu", d, removal)
	harness.Eventually(w.t, within, func(context.Context) error {
		if got := w.comes("eu", d, work.Removing, propagation.ReasonFinalizers); !strings.Contains(got.Message, "backup.example.com/wait") {
			return errors.New(got.Message)
		}
		return nil
	})
	w.merge("eu", d, "backup", `{"metadata":{"finalizers":["foregroundDeletion"]}}`)
	w.comes("eu", d, work.Removed, "")
	pods := parse(w.t, "{apiVersion: v1, kind: Pod, metadata: {name: none, namespace: shop}}")
	if w.live("eu", d) != nil || w.live("eu", pods) != nil {
		w.t.Error("it is still there")
	}
}
