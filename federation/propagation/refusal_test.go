package propagation

import (
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/work"
)

// TestForegroundRefused: a deletion that was granted, and whose end a policy of the
// member refuses to its garbage collector, is told with the policy's words, and so
// that nothing is deleted by the asking; once nothing is refused any more, neither is
// told.
func TestForegroundRefused(t *testing.T) {
	for refused, words := range map[string]string{
		"deployments": "its deletion is refused there: keep what is labelled so",
		"replicasets": "the deletion of its ReplicaSet web-1 is refused there: keep what is labelled so",
	} {
		t.Run(refused, func(t *testing.T) {
			w := newWorld(t, nil, "a")
			s := w.servers["a"]
			o := deployment("web", 3)
			w.do("a", o)
			w.comes("a", o, work.Applied, "")
			s.edit(t, "gc", "deployments/shop/web", func(o *unstructured.Unstructured) { o.SetFinalizers([]string{metav1.FinalizerDeleteDependents}) })
			for name, uid := range map[string]string{"other-1": "another", "web-1": string(s.get("deployments/shop/web").GetUID())} {
				s.put(t, "deployment-controller", object("apps/v1", "ReplicaSet", "shop", name, map[string]any{"metadata": map[string]any{
					"name": name, "namespace": "shop", "ownerReferences": []any{map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid}},
				}}))
			}
			w.do("a", o, removal)
			w.comes("a", o, work.Removing, ReasonFinalizers)
			s.set(func() {
				s.refuse = func(verb, resource string) *metav1.Status {
					if verb == "delete" && resource == refused {
						return failed(http.StatusForbidden, metav1.StatusReasonForbidden, "keep what is labelled so")
					}
					return nil
				}
			})
			if got := w.comes("a", o, work.Removing, ReasonRefused); !strings.HasPrefix(got.Message, words) {
				t.Errorf("message %q, want %q", got.Message, words)
			}
			if s.get("replicasets/shop/web-1") == nil || s.get("deployments/shop/web") == nil {
				t.Error("asking has deleted it")
			}
			s.set(func() { s.refuse = nil })
			w.comes("a", o, work.Removing, ReasonFinalizers)
			s.edit(t, "gc", "deployments/shop/web", func(o *unstructured.Unstructured) { o.SetFinalizers(nil) })
			w.comes("a", o, work.Removed, "")
		})
	}
}
