package propagation

import (
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedns/fedns/federation/work"
)

// newHome is a world whose member a is the host itself.
func newHome(t *testing.T, members ...string) (*world, *apiServer) {
	t.Helper()
	const uid = "the-host"
	w := newWorld(t, func(c *Config) { c.Home = uid }, members...)
	a := w.servers["a"]
	a.put(t, "kube", object("v1", "Namespace", "", identityNamespace, nil))
	a.edit(t, "kube", "namespaces//"+identityNamespace, func(o *unstructured.Unstructured) { o.SetUID(uid) })
	return w, a
}

// templated says that an order is made of the host's object of its name.
func templated(uid types.UID) func(*work.Task) {
	return func(t *work.Task) { t.Template, t.Own = uid, true }
}

// TestTemplateItself: in a member that is the host, a template is neither written nor
// deleted, and others get and lose it as ever.
func TestTemplateItself(t *testing.T) {
	w, a := newHome(t, "a", "b")
	o := deployment("web", 9)
	a.put(t, "kubectl", o)
	was := a.get("deployments/shop/web")
	told := templated(was.GetUID())
	copied := deployment("web", 3)
	for _, c := range []string{"a", "b"} {
		w.do(c, copied, told)
	}
	if got := w.comes("a", o, work.Applied, ReasonTemplate); !got.Template || !strings.Contains(got.Message, "the template itself") {
		t.Errorf("got %+v", got)
	}
	w.comes("b", o, work.Applied, "")
	for _, c := range []string{"a", "b"} {
		w.do(c, o, removal, told)
	}
	w.comes("a", o, work.Removed, ReasonTemplate)
	w.comes("b", o, work.Removed, "")
	if got := a.get("deployments/shop/web"); got == nil || got.GetResourceVersion() != was.GetResourceVersion() {
		t.Errorf("the template was written: %v", a.writes())
	}
	if w.servers["b"].get("deployments/shop/web") != nil {
		t.Error("it is still there in b")
	}
}

// TestTemplateMarked: a template that an earlier daemon has marked as its copy is not
// deleted either, nor one that was made anew by the same name, nor is one that its
// users deleted made again.
func TestTemplateMarked(t *testing.T) {
	w, a := newHome(t, "a")
	o := deployment("web", 9)
	o.SetLabels(map[string]string{LabelManagedBy: managedBy})
	a.put(t, "kubectl", o)
	w.do("a", o, removal, templated("of-one-before"))
	w.comes("a", o, work.Removed, ReasonTemplate)
	if a.get("deployments/shop/web") == nil {
		t.Fatal("it was deleted")
	}
	a.remove("deployments/shop/web")
	w.do("a", o, templated("of-one-before"))
	w.comes("a", o, work.Waiting, ReasonTemplate)
	if writes := a.writes(); len(writes) > 0 {
		t.Errorf("wrote %v", writes)
	}
}

// TestTemplateHidden: where we may not ask whether it is the host, a template is known
// by its UID, and no namespace is deleted.
func TestTemplateHidden(t *testing.T) {
	w, a := newHome(t, "a")
	a.set(func() {
		a.refuse = func(verb, resource string) *metav1.Status {
			if verb == "get" && resource == "namespaces" {
				return failed(http.StatusForbidden, metav1.StatusReasonForbidden, "namespaces is forbidden")
			}
			return nil
		}
	})
	o := deployment("web", 9)
	a.put(t, "kubectl", o)
	w.do("a", deployment("web", 3), templated(a.get("deployments/shop/web").GetUID()))
	w.comes("a", o, work.Applied, ReasonTemplate)
	space := object("v1", "Namespace", "", "toys", nil)
	w.do("a", space)
	w.comes("a", space, work.Applied, "")
	w.do("a", space, removal)
	if got := w.comes("a", space, work.Failed, ReasonUnidentified); !strings.Contains(got.Message, identityNamespace) {
		t.Errorf("message %q does not say what may not be read", got.Message)
	}
	if a.get("namespaces//toys") == nil {
		t.Error("the namespace was deleted")
	}
	// With the right to ask, it is known: this is the host, and its namespaces stay.
	a.set(func() { a.refuse = nil })
	w.comes("a", space, work.Removed, ReasonHost)
	if a.get("namespaces//toys") == nil {
		t.Error("the host's namespace was deleted")
	}
}

// TestHostNamespaceStays: a namespace of the host, where templates are, is let go
// when its federation ends, and deleted in other members.
func TestHostNamespaceStays(t *testing.T) {
	w, a := newHome(t, "a", "b")
	space := object("v1", "Namespace", "", "shop", nil)
	for _, c := range []string{"a", "b"} {
		w.do(c, space)
		w.comes(c, space, work.Applied, "")
		w.do(c, space, removal)
	}
	if got := w.comes("a", space, work.Removed, ReasonHost); !strings.Contains(got.Message, "host") {
		t.Errorf("message %q does not say why", got.Message)
	}
	w.comes("b", space, work.Removed, "")
	got := a.get("namespaces//shop")
	if got == nil || got.GetDeletionTimestamp() != nil {
		t.Fatal("the host's namespace was deleted")
	}
	if got.GetLabels()[LabelManagedBy] != "" {
		t.Errorf("it has still our label: %v", got.GetLabels())
	}
	if w.servers["b"].get("namespaces//shop") != nil {
		t.Error("it is still there in b")
	}
	// What is not held by templates goes in the host as elsewhere.
	m := configMap("m", map[string]any{"a": "1"})
	w.do("a", m)
	w.comes("a", m, work.Applied, "")
	w.do("a", m, removal)
	w.comes("a", m, work.Removed, "")
	if a.get("configmaps/shop/m") != nil {
		t.Error("a copy in the host is still there")
	}
}

// TestOtherFederation: what another federation has placed in a member that both share
// is neither overwritten nor deleted, is told, and is ours once it is gone.
func TestOtherFederation(t *testing.T) {
	const uid = "of-our-template"
	mark := func(labels, notes map[string]string) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) { o.SetLabels(labels); o.SetAnnotations(notes) }
	}
	fedns := map[string]string{LabelManagedBy: managedBy}
	succeeds := func(t *work.Task) { t.Succeeds = true }
	for name, tt := range map[string]struct {
		mark  func(*unstructured.Unstructured)
		task  func(*work.Task)
		owner string // empty: it is taken over
	}{
		"another fedns":  {mark(fedns, map[string]string{AnnotationHost: "another", AnnotationOrigin: "karmada/shop/m", AnnotationTerm: "9"}), nil, "fedns of another host cluster, another, for karmada/shop/m"},
		"our fedns":      {mark(fedns, map[string]string{AnnotationHost: "the-host"}), nil, ""},
		"handed over":    {mark(fedns, nil), nil, ""},
		"KubeFed":        {mark(map[string]string{kubefedManaged: "true"}, nil), nil, "KubeFed"},
		"our KubeFed":    {mark(map[string]string{kubefedManaged: "true"}, nil), succeeds, ""},
		"Karmada":        {mark(map[string]string{karmadaManaged: "true"}, map[string]string{karmadaTemplateUID: "another"}), templated(uid), "Karmada"},
		"an old Karmada": {mark(map[string]string{karmadaWork: "m-1234"}, nil), templated(uid), "Karmada"},
		"our Karmada":    {mark(map[string]string{karmadaManaged: "true"}, map[string]string{karmadaTemplateUID: uid}), templated(uid), ""},
		"nobody's":       {mark(map[string]string{"app": "web"}, nil), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Home = "the-host" }, "a")
			s := w.servers["a"]
			theirs := configMap("m", map[string]any{"a": "theirs"})
			tt.mark(theirs)
			s.put(t, "theirs", theirs)
			o := configMap("m", map[string]any{"a": "ours"})
			if tt.task == nil {
				tt.task = func(*work.Task) {}
			}
			w.do("a", o, tt.task)
			if tt.owner == "" {
				w.comes("a", o, work.Applied, "")
				if got := s.get("configmaps/shop/m"); field(got, "data", "a") != "ours" || got.GetAnnotations()[AnnotationHost] != "the-host" {
					t.Errorf("it is %v", got)
				}
				return
			}
			if got := w.comes("a", o, work.Failed, ReasonConflict); !strings.Contains(got.Message, tt.owner) {
				t.Errorf("message %q does not name %s", got.Message, tt.owner)
			}
			w.do("a", o, removal, tt.task)
			w.comes("a", o, work.Removed, ReasonNotOurs)
			if got := field(s.get("configmaps/shop/m"), "data", "a"); got != "theirs" {
				t.Errorf("data is %v", got)
			}
			for _, call := range s.writes() {
				if !strings.HasPrefix(call, "create ") { // which is refused, for it is there
					t.Errorf("wrote: %v", s.writes())
				}
			}
			w.do("a", o, tt.task)
			w.comes("a", o, work.Failed, ReasonConflict)
			s.remove("configmaps/shop/m")
			w.comes("a", o, work.Applied, "")
		})
	}
}

// TestTwoFederations: two that order one object in a shared member do not fight.
func TestTwoFederations(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Home = "one" }, "a")
	s := w.servers["a"]
	o := configMap("m", map[string]any{"a": "one"})
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	w.end()
	before := len(s.writes())
	w.begin(func(c *Config) { c.Home = "two" })
	other := configMap("m", map[string]any{"a": "two"})
	w.do("a", other)
	w.comes("a", other, work.Failed, ReasonConflict)
	w.do("a", other, removal)
	w.comes("a", other, work.Removed, ReasonNotOurs)
	if writes := s.writes()[before:]; len(writes) > 1 || len(writes) == 1 && writes[0] != "create configmaps" {
		t.Errorf("the other one wrote %v", writes)
	}
	w.end()
	before = len(s.writes())
	w.begin(func(c *Config) { c.Home = "one" })
	w.do("a", o)
	w.comes("a", o, work.Applied, "")
	if writes := s.writes()[before:]; len(writes) > 0 {
		t.Errorf("after the other one's try, %v were written", writes)
	}
}
