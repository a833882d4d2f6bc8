package federation

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/integration/harness"
)

// TestMeddling: what needs none of TestFederation's steps before it, and is much of what
// people and other controllers do meanwhile.
func TestMeddling(t *testing.T) {
	w := newWorld(t)
	t.Run("a Gateway", func(t *testing.T) { w.t = t; w.gateway() })
	t.Run("a Binding is changed", func(t *testing.T) { w.t = t; w.changed() })
}

const kept = `
apiVersion: v1
kind: Namespace
metadata: {name: kept}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, namespace: kept}
data: {a: "1"}
---
apiVersion: policy.karmada.io/v1alpha1
kind: PropagationPolicy
metadata: {name: kept, namespace: kept}
spec:
  resourceSelectors: [{apiVersion: v1, kind: ConfigMap, name: kept}]
  placement: {clusterAffinity: {clusterNames: [cluster1, member1]}}
`

// changed: whatever somebody writes into a Binding is put right at once and once,
// and told; nothing in members moves for it.
func (w *world) changed() {
	w.apply(w.host, kept)
	uids := map[string]types.UID{}
	for _, m := range []*harness.Cluster{w.members[0], w.members[2]} {
		w.becomes(m, configMaps, "kept", "kept", there)
		o, err := get(w.t.Context(), m, configMaps, "kept", "kept")
		if err != nil || o == nil {
			w.t.Fatal(o, err)
		}
		uids[m.Name] = o.GetUID()
	}
	name := v1alpha1.BindingName("", "ConfigMap", "kept")
	w.becomes(w.host, bindings, "kept", name, func(o *unstructured.Unstructured) string {
		if got := nested(o, "status", "placed"); got != `"cluster1 member1"` {
			return "status.placed is " + got
		}
		return ""
	})
	was, err := get(w.t.Context(), w.host, bindings, "kept", name)
	if err != nil {
		w.t.Fatal(err)
	}
	many := make([]string, 9000)
	for i := range many {
		many[i] = fmt.Sprintf(`{"cluster":"c%d","since":"2026-01-02T03:04:05Z"}`, i)
	}
	for _, tt := range []struct{ what, patch string }{
		{"no targets", `{"spec":{"targets":null}}`},
		{"another target", `{"spec":{"targets":[{"cluster":"cluster2","since":"2026-01-02T03:04:05Z","replicas":7}]}}`},
		{"very many targets", `{"spec":{"targets":[` + strings.Join(many, ",") + `]}}`},
		{"deleted", `{"spec":{"deleted":true,"orphan":true,"dialect":"kubefed"}}`},
		{"another version", `{"spec":{"template":{"apiVersion":"v1beta1"}}}`},
		{"dependencies", `{"spec":{"dependencies":[{"apiVersion":"v1","kind":"Namespace","name":"kept","clusters":["cluster1"]}]}}`},
		{"no finalizer", `{"metadata":{"finalizers":null}}`},
	} {
		before, err := get(w.t.Context(), w.host, bindings, "kept", name)
		if err != nil {
			w.t.Fatal(err)
		}
		bad, err := w.host.Dynamic().Resource(bindings).Namespace("kept").Patch(w.t.Context(), name, types.MergePatchType, []byte(tt.patch), metav1.PatchOptions{FieldManager: "people"})
		if err != nil {
			w.t.Fatalf("%s: %v", tt.what, err)
		}
		right := func(o *unstructured.Unstructured) string {
			if got, want := nested(o, "spec"), nested(was, "spec"); got != want {
				return tt.what + ": spec is " + got[:min(len(got), 300)] + ", want " + want
			}
			if fmt.Sprint(o.GetFinalizers()) != fmt.Sprint(was.GetFinalizers()) {
				return fmt.Sprintf("%s: finalizers are %v", tt.what, o.GetFinalizers())
			}
			return ""
		}
		w.becomes(w.host, bindings, "kept", name, right)
		w.settled(name, func(o *unstructured.Unstructured) string {
			// One write each of theirs and of ours, and what may be told of it.
			if n := o.GetGeneration() - before.GetGeneration(); n > 2 || o.GetUID() != bad.GetUID() {
				return fmt.Sprintf("%s: its generation is %d more than before, uid %s", tt.what, n, o.GetUID())
			}
			return right(o)
		})
	}
	w.becomes(w.host, configMaps, "kept", "kept", func(o *unstructured.Unstructured) string {
		events, err := w.host.Client().CoreV1().Events("kept").List(w.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		var said []string
		for i := range events.Items {
			if e := &events.Items[i]; e.InvolvedObject.UID == o.GetUID() && e.Reason == "BindingRestored" {
				return ""
			}
			said = append(said, events.Items[i].Reason)
		}
		return fmt.Sprintf("its events are %v", said)
	})
	// What no daemon could read any more is not let in.
	if _, err := w.host.Dynamic().Resource(bindings).Namespace("kept").Patch(w.t.Context(), name, types.MergePatchType,
		[]byte(`{"spec":{"source":{"apiVersion":"a/b/c"}}}`), metav1.PatchOptions{FieldManager: "people"}); !apierrors.IsInvalid(err) {
		w.t.Errorf("an apiVersion that is none: %v", err)
	}
	// Labels and annotations of others are theirs, and no harm.
	labelled, err := w.host.Dynamic().Resource(bindings).Namespace("kept").Patch(w.t.Context(), name, types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"team":"a"}}}`), metav1.PatchOptions{FieldManager: "people"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.settled(name, func(o *unstructured.Unstructured) string {
		if o.GetResourceVersion() != labelled.GetResourceVersion() || o.GetLabels()["team"] != "a" {
			return "a label was answered by a write"
		}
		return ""
	})
	for _, m := range w.members {
		o, err := get(w.t.Context(), m, configMaps, "kept", "kept")
		switch {
		case err != nil:
			w.t.Fatal(err)
		case o == nil && uids[m.Name] != "", o != nil && o.GetUID() != uids[m.Name]:
			w.t.Errorf("cluster %s has %v, want what it had", m.Name, o)
		}
	}
	w.remove(w.host, kept)
	w.goes(w.members[0], configMaps, "kept", "kept")
	w.unbound("kept")
}

// settled asserts that a Binding is, and goes on for some seconds to be, so.
func (w *world) settled(name string, what func(*unstructured.Unstructured) string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for until := time.Now().Add(3 * time.Second); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		o, err := get(ctx, w.host, bindings, "kept", name)
		if err != nil || o == nil {
			w.t.Fatal("it is not there: ", err)
		}
		if why := what(o); why != "" {
			w.t.Fatal(why)
		}
	}
}
