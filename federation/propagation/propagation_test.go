package propagation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/work"
)

func TestCreate(t *testing.T) {
	w := newWorld(t, nil, "a", "b")
	o := deployment("web", 3)
	w.do("a", o)
	w.do("b", o)
	w.comes("a", o, work.Applied, "")
	w.comes("b", o, work.Applied, "")
	got := w.servers["a"].get("deployments/shop/web")
	if field(got, "spec", "replicas") != int64(3) {
		t.Errorf("replicas are %v", field(got, "spec", "replicas"))
	}
	if got.GetLabels()[LabelManagedBy] != "fedns" || got.GetAnnotations()[AnnotationTerm] != "1" || got.GetAnnotations()[AnnotationOrigin] != "test/web" {
		t.Errorf("labels %v, annotations %v", got.GetLabels(), got.GetAnnotations())
	}
	if o.GetLabels() != nil || o.GetAnnotations() != nil {
		t.Error("the task's object was changed")
	}
}

// TestChange: what is no longer stated goes, although it was created and not applied.
func TestChange(t *testing.T) {
	w := newWorld(t, nil, "a")
	w.do("a", configMap("m", map[string]any{"kept": "1", "dropped": "2"}))
	w.comes("a", configMap("m", nil), work.Applied, "")
	w.do("a", configMap("m", map[string]any{"kept": "3"}))
	eventually(t, func() error {
		if got := w.servers["a"].get("configmaps/shop/m"); fmt.Sprint(field(got, "data")) != "map[kept:3]" {
			return fmt.Errorf("data are %v", field(got, "data"))
		}
		return nil
	})
	w.comes("a", configMap("m", nil), work.Applied, "")
	if got, want := w.servers["a"].writes(), []string{"create configmaps", "patch configmaps", "apply configmaps"}; !slices.Equal(got, want) {
		t.Errorf("writes: %v, want %v", got, want)
	}
}

func TestRestartWritesNothing(t *testing.T) {
	for _, tasksFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("tasks first %v", tasksFirst), func(t *testing.T) {
			w := newWorld(t, nil, "a")
			const n = 50
			all := make([]*unstructured.Unstructured, n)
			order := func() {
				for i := range all {
					all[i] = deployment(fmt.Sprintf("web-%d", i), int64(i))
					w.do("a", all[i])
				}
			}
			order()
			for _, o := range all {
				w.comes("a", o, work.Applied, "")
			}
			// Others' fields are no concern of ours.
			w.servers["a"].edit(t, "deployment-controller", "deployments/shop/web-7", func(o *unstructured.Unstructured) {
				o.Object["status"] = map[string]any{"replicas": int64(7)}
			})
			w.end()
			before := len(w.servers["a"].writes())
			clear(w.outcomes)
			w.term.Store(2)
			w.begin(nil)
			if !tasksFirst {
				// The watch is opened by the first task, and the rest come after its list.
				first := deployment("web-0", 0)
				w.do("a", first)
				w.comes("a", first, work.Applied, "")
			}
			order()
			for _, o := range all {
				w.comes("a", o, work.Applied, "")
			}
			if writes := w.servers["a"].writes()[before:]; len(writes) > 0 {
				t.Errorf("a restart wrote %v", writes)
			}
		})
	}
}

// TestRestartAfterLess: what went out of the template while the daemon was away goes.
func TestRestartAfterLess(t *testing.T) {
	w := newWorld(t, nil, "a")
	w.do("a", configMap("m", map[string]any{"kept": "1", "dropped": "2"}))
	w.comes("a", configMap("m", nil), work.Applied, "")
	w.end()
	w.begin(nil)
	w.do("a", configMap("m", map[string]any{"kept": "1"}))
	eventually(t, func() error {
		if got := field(w.servers["a"].get("configmaps/shop/m"), "data"); fmt.Sprint(got) != "map[kept:1]" {
			return fmt.Errorf("data are %v", got)
		}
		return nil
	})
}

func TestDrift(t *testing.T) {
	w := newWorld(t, nil, "a")
	o := deployment("web", 3)
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	s := w.servers["a"]
	s.edit(t, "kubectl", "deployments/shop/web", func(o *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(o.Object, int64(9), "spec", "replicas")
	})
	eventually(t, func() error {
		if n := field(s.get("deployments/shop/web"), "spec", "replicas"); n != int64(3) {
			return fmt.Errorf("replicas are %v", n)
		}
		return nil
	})
	s.remove("deployments/shop/web")
	eventually(t, func() error {
		if s.get("deployments/shop/web") == nil {
			return fmt.Errorf("it is gone")
		}
		return nil
	})
	w.comes("a", o, work.Applied, "")
}

// TestContended: who fights for a field gets it more and more often, and is named.
func TestContended(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Longest = 50 * time.Millisecond }, "a")
	o := deployment("web", 3)
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	s := w.servers["a"]
	contended := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.outcomes["a/"+keyOf(o).String()].Reason == ReasonContended
	}
	// One that comes before our answer is not counted: the object never was right then.
	for edits := 0; !contended(); edits++ {
		if edits == 100*mostFights {
			t.Fatalf("nobody is named after %d edits", edits)
		}
		s.edit(t, "other-operator", "deployments/shop/web", func(o *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(o.Object, int64(9), "spec", "replicas")
		})
		eventually(t, func() error {
			if n := field(s.get("deployments/shop/web"), "spec", "replicas"); n != int64(3) && !contended() {
				return fmt.Errorf("replicas are %v", n)
			}
			return nil
		})
	}
	got := w.comes("a", o, work.Failed, ReasonContended)
	if want := "other-operator keeps changing it: spec.replicas=9"; got.Message != want {
		t.Errorf("message %q, want %q", got.Message, want)
	}
}

func TestExisting(t *testing.T) {
	theirs := configMap("m", map[string]any{"whose": "theirs", "more": "kept"})
	ours := configMap("m", map[string]any{"whose": "ours"})
	t.Run("leave", func(t *testing.T) {
		w := newWorld(t, nil, "a")
		w.servers["a"].put(t, "helm", theirs)
		before := w.servers["a"].get("configmaps/shop/m").GetResourceVersion()
		w.do("a", ours, func(t *work.Task) { t.Existing = work.Leave })
		got := w.comes("a", ours, work.Failed, ReasonConflict)
		if !strings.Contains(got.Message, "helm") {
			t.Errorf("message %q does not name helm", got.Message)
		}
		// That it is there is told by the API server, which refuses the creation.
		if writes := w.servers["a"].writes(); fmt.Sprint(writes) != "[create configmaps]" {
			t.Errorf("wrote %v", writes)
		}
		if got := w.servers["a"].get("configmaps/shop/m"); got.GetResourceVersion() != before || fmt.Sprint(field(got, "data")) != "map[more:kept whose:theirs]" {
			t.Errorf("it is %v now", got.Object)
		}
		// It is tried again, and made when the other is gone.
		w.servers["a"].remove("configmaps/shop/m")
		w.comes("a", ours, work.Applied, "")
	})
	t.Run("adopt", func(t *testing.T) {
		w := newWorld(t, nil, "a")
		w.servers["a"].put(t, "helm", theirs)
		w.do("a", ours, func(t *work.Task) { t.Existing = work.Adopt })
		w.comes("a", ours, work.Applied, "")
		if got := field(w.servers["a"].get("configmaps/shop/m"), "data"); fmt.Sprint(got) != "map[more:kept whose:ours]" {
			t.Errorf("data are %v", got)
		}
	})
}

func TestNamespace(t *testing.T) {
	o := configMap("m", map[string]any{"a": "1"})
	o.SetNamespace("new")
	t.Run("awaited", func(t *testing.T) {
		w := newWorld(t, nil, "a")
		w.do("a", o)
		w.comes("a", o, work.Waiting, ReasonNamespaceMissing)
		w.servers["a"].put(t, "kubectl", object("v1", "Namespace", "", "new", nil))
		w.comes("a", o, work.Applied, "")
	})
	t.Run("created", func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.CreateNamespaces = true }, "a")
		w.do("a", o)
		w.comes("a", o, work.Applied, "")
	})
	t.Run("ordered", func(t *testing.T) {
		w := newWorld(t, nil, "a")
		w.do("a", o)
		ns := object("v1", "Namespace", "", "new", nil)
		w.do("a", ns)
		w.comes("a", ns, work.Applied, "")
		w.comes("a", o, work.Applied, "")
	})
}

// TestDefinition: an object of a kind that is not served waits for its definition.
func TestDefinition(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := object("example.com/v1", "Toy", "shop", "bear", map[string]any{"spec": map[string]any{"soft": true}})
	w.do("a", o)
	w.comes("a", o, work.Waiting, ReasonNotServed)
	s.set(func() {
		s.served["example.com/v1"] = []metav1.APIResource{{Name: "toys", Kind: "Toy", Namespaced: true}}
	})
	crd := object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "toys.example.com", nil)
	w.do("a", crd)
	w.comes("a", o, work.Applied, "")
	// The definition goes, and all objects with it.
	s.remove("toys/shop/bear")
	s.set(func() { delete(s.served, "example.com/v1") })
	w.comes("a", o, work.Waiting, ReasonNotServed)
	w.do("a", o, removal)
	w.comes("a", o, work.Removed, "")
}

func TestRemove(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := deployment("web", 3)
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	s.edit(t, "backup", "deployments/shop/web", func(o *unstructured.Unstructured) { o.SetFinalizers([]string{"backup.example.com/wait"}) })
	w.do("a", o, removal)
	if got := w.comes("a", o, work.Removing, ReasonFinalizers); !strings.Contains(got.Message, "backup.example.com/wait") {
		t.Errorf("message %q does not name the finalizer", got.Message)
	}
	s.edit(t, "backup", "deployments/shop/web", func(o *unstructured.Unstructured) { o.SetFinalizers(nil) })
	w.comes("a", o, work.Removed, "")
	if s.get("deployments/shop/web") != nil {
		t.Error("it is still there")
	}
}

// TestRemoveForeign: what federation did not write is not deleted.
func TestRemoveForeign(t *testing.T) {
	w := newWorld(t, nil, "a")
	o := configMap("m", map[string]any{"a": "1"})
	w.servers["a"].put(t, "helm", o)
	w.do("a", o, removal)
	w.comes("a", o, work.Removed, "")
	if w.servers["a"].get("configmaps/shop/m") == nil {
		t.Error("it was deleted")
	}
}

func TestOrphan(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := configMap("m", map[string]any{"a": "1"})
	o.SetLabels(map[string]string{"app": "web"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	w.do("a", o, removal, func(t *work.Task) { t.Orphan = true })
	w.comes("a", o, work.Removed, ReasonOrphaned)
	got := s.get("configmaps/shop/m")
	if got == nil {
		t.Fatal("it was deleted")
	}
	if fmt.Sprint(got.GetLabels(), field(got, "data")) != "map[app:web] map[a:1]" || len(got.GetAnnotations()) > 0 {
		t.Errorf("it is now %v", got.Object)
	}
	for _, e := range got.GetManagedFields() {
		if e.Manager == Manager {
			t.Errorf("fields are still ours: %v", e)
		}
	}
	// Nobody puts it right any more.
	before := len(s.writes())
	s.edit(t, "kubectl", "configmaps/shop/m", func(o *unstructured.Unstructured) { o.Object["data"] = map[string]any{"a": "2"} })
	other := configMap("n", nil)
	w.do("a", other)
	w.comes("a", other, work.Applied, "")
	if writes := s.writes()[before:]; !slices.Equal(writes, []string{"create configmaps"}) {
		t.Errorf("wrote %v", writes)
	}
}

// TestLateAnswer: the answer to a creation comes after the watch has told that the
// object is gone again.
func TestLateAnswer(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	held := make(chan struct{})
	s.set(func() { s.late = held })
	o := configMap("m", nil)
	w.do("a", o)
	w.comes("a", o, work.Applied, "") // by the watch
	s.remove("configmaps/shop/m")
	other := configMap("n", nil)
	w.do("a", other)
	w.comes("a", other, work.Applied, "") // and so the watch has told of the deletion
	s.set(func() { s.late = nil })
	close(held)
	eventually(t, func() error {
		if s.get("configmaps/shop/m") == nil {
			return fmt.Errorf("it is not there again")
		}
		return nil
	})
}

func TestSuspend(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := deployment("web", 3)
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	suspended := func(t *work.Task) { t.Suspend = true }
	w.do("a", o, suspended)
	w.comes("a", o, work.Applied, "")
	before := len(s.writes())
	s.edit(t, "kubectl", "deployments/shop/web", func(o *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(o.Object, int64(9), "spec", "replicas")
	})
	if got := w.comes("a", o, work.Pending, ReasonSuspended); got.Message != "spec.replicas=9" {
		t.Errorf("message %q does not say what would be changed", got.Message)
	}
	w.do("a", o, suspended, removal)
	w.comes("a", o, work.Pending, ReasonSuspended)
	if writes := s.writes()[before:]; len(writes) > 0 {
		t.Errorf("wrote %v", writes)
	}
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	if n := field(s.get("deployments/shop/web"), "spec", "replicas"); n != int64(3) {
		t.Errorf("replicas are %v", n)
	}
}

// TestStatus: what an object says of its work is told, also while it cannot be
// written to.
func TestStatus(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := deployment("web", 3)
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	status := func(ready int64) {
		s.edit(t, "deployment-controller", "deployments/shop/web", func(o *unstructured.Unstructured) {
			o.Object["status"] = map[string]any{"observedGeneration": int64(1), "replicas": int64(3), "readyReplicas": ready, "updatedReplicas": int64(3), "availableReplicas": ready}
		})
	}
	says := func(phase work.Phase, reason string, ready int32, health work.Health) {
		t.Helper()
		eventually(t, func() error {
			if got := w.comes("a", o, phase, reason); got.Ready != ready || got.Health != health || len(got.Status) == 0 {
				return fmt.Errorf("%d ready, %s, status %s", got.Ready, got.Health, got.Status)
			}
			return nil
		})
	}
	status(1)
	says(work.Applied, "", 1, work.Unhealthy)
	status(3)
	says(work.Applied, "", 3, work.Healthy)
	s.set(func() {
		s.refuse = func(verb, _ string) *metav1.Status {
			if verb == "patch" || verb == "apply" {
				return failed(403, metav1.StatusReasonForbidden, "no")
			}
			return nil
		}
	})
	w.do("a", deployment("web", 4))
	says(work.Failed, "Forbidden", 3, work.Healthy)
	status(2)
	says(work.Failed, "Forbidden", 2, work.Unhealthy)
}

// TestListedMeanwhile: what a worker knew before its kind was listed is not taken for
// what is so.
func TestListedMeanwhile(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	var all []*unstructured.Unstructured
	for i := range 40 {
		all = append(all, configMap(fmt.Sprintf("m-%d", i), nil))
		w.do("a", all[i])
	}
	for _, o := range all {
		w.comes("a", o, work.Applied, "")
	}
	before := len(s.writes())
	for range 10 {
		w.end()
		clear(w.outcomes)
		w.begin(func(c *Config) {
			c.InFlight = 30
			c.Called = func(c Call) {
				if c.Verb == "discover" {
					time.Sleep(time.Duration(rand.IntN(4)) * time.Millisecond) // as slow as some are
				}
			}
		})
		for _, o := range all {
			w.do("a", o)
		}
		for _, o := range all {
			w.comes("a", o, work.Applied, "")
		}
	}
	if writes := s.writes()[before:]; len(writes) > 0 {
		t.Errorf("restarts wrote %v", writes)
	}
}

// TestAdoptOld: an object that was there, unlabelled, long before its kind was listed
// is adopted all the same.
func TestAdoptOld(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	s.put(t, "helm", configMap("m", map[string]any{"a": "0"}))
	s.put(t, "helm", configMap("other", nil)) // so that the list is of a later version
	o := configMap("m", map[string]any{"a": "1"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	if got := field(s.get("configmaps/shop/m"), "data", "a"); got != "1" {
		t.Errorf("data is %v", got)
	}
}

// TestCede: what another version has is neither put right nor told of.
func TestCede(t *testing.T) {
	w := newWorld(t, nil, "a")
	s := w.servers["a"]
	o := configMap("web", map[string]any{"color": "blue"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	w.p.Do(work.Task{Cluster: "a", Key: keyOf(o), Cede: true})
	s.edit(t, "another version", "configmaps/shop/web", func(o *unstructured.Unstructured) {
		o.Object["data"] = map[string]any{"color": "red"}
	})
	other := configMap("other", nil) // which comes after it in the same watch
	w.do("a", other)
	w.comes("a", other, work.Applied, "")
	w.do("a", configMap("other", map[string]any{"color": "green"}))
	eventually(t, func() error {
		if s.get("configmaps/shop/other").Object["data"] == nil {
			return errors.New("not yet")
		}
		return nil
	})
	if data := s.get("configmaps/shop/web").Object["data"]; fmt.Sprint(data) != "map[color:red]" {
		t.Errorf("it is %v, and is another's", data)
	}
	w.p.Do(work.Task{Cluster: "a", Key: work.Key{Kind: keyOf(o).Kind, Namespace: "shop", Name: "unknown"}, Cede: true})
	w.do("a", o.DeepCopy()) // it is ordered again
	eventually(t, func() error {
		if data := s.get("configmaps/shop/web").Object["data"]; fmt.Sprint(data) != "map[color:blue]" {
			return fmt.Errorf("it is %v", data)
		}
		return nil
	})
}
