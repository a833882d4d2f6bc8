package federate

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/fedns/fedns/federation"
	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/failover"
	"github.com/fedns/fedns/federation/work"
)

var web = work.Key{Kind: schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, Namespace: "shop", Name: "web"}

// shop is a host with a namespace, and a Binding that is in a.
func shop(t *testing.T) (*Bindings, federation.Binding) {
	t.Helper()
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.Binding{}).
		WithObjects(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Finalizers: []string{"kubernetes"}}}).Build()
	s := newBindings(c, "fedns-system", func() (int64, time.Time) { return 7, time.Now().Add(time.Hour) }, func(context.Context) error { return errors.New("somebody else leads") }, slog.New(slog.DiscardHandler))
	b := federation.Binding{Key: web, Dialect: "people", State: failover.State{Targets: []failover.Target{{Cluster: "a", Replicas: 2, Since: noon}}}}
	s.put(t, b)
	return s, b
}

func (s *Bindings) put(t *testing.T, b federation.Binding) {
	t.Helper()
	if err := s.Put(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// all are the Bindings in the host.
func (s *Bindings) all(t *testing.T) []v1alpha1.Binding {
	t.Helper()
	var list v1alpha1.BindingList
	if err := s.client.List(context.Background(), &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// one is the Binding in the host.
func (s *Bindings) one(t *testing.T) *v1alpha1.Binding {
	t.Helper()
	all := s.all(t)
	if len(all) != 1 {
		t.Fatalf("%d Bindings are there, want one", len(all))
	}
	return &all[0]
}

// seen is what the watch tells of a Binding.
func (s *Bindings) seen(b *v1alpha1.Binding, gone bool) bool {
	key, what := s.harmed(&metav1.PartialObjectMetadata{ObjectMeta: b.ObjectMeta}, gone)
	return what == deleted && key == web
}

func TestDeletedBindingIsMadeAgain(t *testing.T) {
	s, b := shop(t)
	was := s.one(t)
	if s.seen(was, false) {
		t.Error("one that nobody deletes is said to be deleted")
	}
	if err := s.client.Delete(t.Context(), was); err != nil {
		t.Fatal(err)
	}
	was = s.one(t) // the finalizer keeps it
	if !s.seen(was, false) || s.seen(was, false) {
		t.Error("that it is being deleted is not told once")
	}
	s.put(t, b)
	now := s.one(t)
	if now.DeletionTimestamp != nil || now.UID == was.UID && now.ResourceVersion == was.ResourceVersion || len(now.Spec.Targets) != 1 || !slices.Contains(now.Finalizers, finalizer) {
		t.Errorf("made again is %+v", now)
	}
	if err := s.Report(t.Context(), web, v1alpha1.BindingStatus{}); err != nil {
		t.Error(err)
	}
	if now = s.one(t); now.Status.Placed != "a=2" {
		t.Errorf("its status says %q, want a=2", now.Status.Placed)
	}

	now.Finalizers = nil // by force
	if err := s.client.Update(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Delete(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if !s.seen(now, true) {
		t.Error("that it is gone is not told")
	}
	s.put(t, b)
	if now = s.one(t); len(now.Spec.Targets) != 1 {
		t.Errorf("made again is %+v", now)
	}
}

func TestNamespaceThatGoesKeepsItsBindings(t *testing.T) {
	s, b := shop(t)
	if err := s.client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Delete(t.Context(), s.one(t)); err != nil {
		t.Fatal(err)
	}
	if !s.seen(s.one(t), false) {
		t.Error("that it is being deleted is not told")
	}
	s.put(t, b)
	if now := s.one(t); now.DeletionTimestamp == nil {
		t.Error("it was made again in a namespace that goes")
	}
	b.Targets[0].Replicas = 3
	s.put(t, b)
	b.State, b.Deleted, b.Removing = failover.State{}, true, []federation.Removal{{Cluster: "a", Since: noon}}
	s.put(t, b)
	if now := s.one(t); !now.Spec.Deleted || len(now.Spec.Removing) != 1 {
		t.Errorf("it is not written any more: %+v", now.Spec)
	}
	if err := s.Delete(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	if all := s.all(t); len(all) > 0 {
		t.Errorf("what nothing is left of stays: %+v", all)
	}
}

func TestDefinitionThatGoesKeepsBindings(t *testing.T) {
	s, b := shop(t)
	s.client = interceptor.NewClient(s.client.(client.WithWatch), interceptor.Funcs{
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
			return apierrors.NewMethodNotSupported(schema.GroupResource{Resource: "bindings"}, "create")
		},
	})
	if err := s.client.Delete(t.Context(), s.one(t)); err != nil {
		t.Fatal(err)
	}
	if !s.seen(s.one(t), false) {
		t.Error("that it is being deleted is not told")
	}
	b.Targets[0].Replicas = 3
	s.put(t, b)
	if now := s.one(t); now.DeletionTimestamp == nil || now.Spec.Targets[0].Replicas != 3 {
		t.Errorf("it is %+v, want it to be written while it is held", now)
	}
}

func TestBindingOfNothingGoes(t *testing.T) {
	s, _ := shop(t)
	was := s.one(t)
	if err := s.Delete(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	if all := s.all(t); len(all) > 0 || s.seen(was, true) {
		t.Errorf("%d are left, or it is said that somebody else deleted it", len(all))
	}
	if err := s.Delete(t.Context(), web); err != nil {
		t.Error(err)
	}
}

func TestVersionsOfAKindShareABinding(t *testing.T) {
	s, b := shop(t)
	next := b
	next.Key.Kind.Version = "v2"
	if err := s.Put(t.Context(), next); err == nil {
		t.Error("another version takes a Binding that it does not succeed to")
	}
	if next.Former = b.Key; s.Put(t.Context(), next) != nil {
		t.Error("another version cannot succeed")
	}
	if now := s.one(t); now.Spec.Template.APIVersion != "apps/v2" {
		t.Errorf("it is of %s", now.Spec.Template.APIVersion)
	}
	if err := s.Delete(t.Context(), b.Key); err != nil || len(s.all(t)) != 1 {
		t.Error("the version before deletes what is not its own any more")
	}
	again := newBindings(s.client, s.namespace, s.term, s.confirm, s.log)
	all, err := again.List(t.Context())
	if err != nil || len(all) != 1 || all[0].Key != next.Key {
		t.Errorf("listed are %+v, %v", all, err)
	}
	if err := client.IgnoreNotFound(again.Delete(t.Context(), next.Key)); err != nil || len(s.all(t)) > 0 {
		t.Errorf("after it was deleted: %v", err)
	}
}

func TestReportOfTheSameWritesNothing(t *testing.T) {
	s, _ := shop(t)
	status := func(since time.Time, replicas int32) v1alpha1.BindingStatus {
		return v1alpha1.BindingStatus{
			Clusters:   []v1alpha1.ClusterStatus{{Cluster: "a", Phase: "Applied", Health: "Healthy", Replicas: replicas, Since: &metav1.Time{Time: since}}},
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionPropagated, Status: metav1.ConditionTrue, Reason: "Applied"}},
		}
	}
	report := func(b v1alpha1.BindingStatus) *v1alpha1.Binding {
		t.Helper()
		if err := s.Report(t.Context(), web, b); err != nil {
			t.Fatal(err)
		}
		return s.one(t)
	}
	first := report(status(noon, 2))
	// A daemon that starts anew sees it later.
	if again := report(status(noon.Add(time.Hour), 2)); again.ResourceVersion != first.ResourceVersion {
		t.Errorf("version %s was written over %s, which says the same", again.ResourceVersion, first.ResourceVersion)
	}
	more := report(status(noon.Add(time.Hour), 3))
	if more.ResourceVersion == first.ResourceVersion {
		t.Error("other replicas are not written")
	}
	if got := more.Status.Clusters[0].Since; !got.Time.Equal(noon) {
		t.Errorf("it is so since %v, want %v", got, noon)
	}
}

// TestEditedBinding: what somebody else wrote is told once and put right once; what
// says the same is not written.
func TestEditedBinding(t *testing.T) {
	s, b := shop(t)
	writes := 0
	s.client = interceptor.NewClient(s.client.(client.WithWatch), interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			writes++
			live := s.one(t)
			o.SetGeneration(live.Generation) // as an API server does
			if !equality.Semantic.DeepEqual(o.(*v1alpha1.Binding).Spec, live.Spec) {
				o.SetGeneration(live.Generation + 1)
			}
			return c.Update(ctx, o, opts...)
		},
	})
	harmed := func(o *v1alpha1.Binding) harm {
		_, what := s.harmed(&metav1.PartialObjectMetadata{ObjectMeta: o.ObjectMeta}, false)
		return what
	}
	edit := func(change func(*v1alpha1.Binding)) *v1alpha1.Binding {
		t.Helper()
		o := s.one(t)
		change(o)
		if err := s.client.Update(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		writes = 0
		return s.one(t)
	}
	if harmed(s.one(t)) != unharmed {
		t.Error("our own write is taken for somebody else's")
	}
	for what, change := range map[string]func(*v1alpha1.Binding){
		"targets":   func(o *v1alpha1.Binding) { o.Spec.Targets = nil },
		"version":   func(o *v1alpha1.Binding) { o.Spec.Template.APIVersion = "apps/v1beta1" },
		"source":    func(o *v1alpha1.Binding) { o.Spec.Source = &v1alpha1.Source{APIVersion: "a/b/c", Kind: "K", Name: "n"} },
		"deleted":   func(o *v1alpha1.Binding) { o.Spec.Deleted = true },
		"finalizer": func(o *v1alpha1.Binding) { o.Finalizers = []string{"somebody.else/s"} },
	} {
		bad := edit(change)
		if harmed(bad) != edited || harmed(bad) != unharmed {
			t.Errorf("%s: it is not told once", what)
		}
		// A report comes between, and must not have it forgotten.
		_ = s.Report(t.Context(), web, v1alpha1.BindingStatus{Clusters: []v1alpha1.ClusterStatus{{Cluster: "a", Message: what}}})
		s.put(t, b)
		now := s.one(t)
		if len(now.Spec.Targets) != 1 || now.Spec.Template.APIVersion != "apps/v1" || now.Spec.Source != nil || now.Spec.Deleted || !slices.Contains(now.Finalizers, finalizer) {
			t.Errorf("%s: it is %+v", what, now)
		}
		if writes != 1 || harmed(now) != unharmed || harmed(bad) != unharmed {
			t.Errorf("%s: %d writes, want one, and nothing to be told of it", what, writes)
		}
	}
	edit(func(o *v1alpha1.Binding) { o.Spec.Targets = nil })
	same := edit(func(o *v1alpha1.Binding) { o.Spec = s.object(b).Spec }) // and back
	if harmed(same) != edited {
		t.Error("it is not told")
	}
	if s.put(t, b); writes != 0 {
		t.Error("what says the same is written")
	}
	if harmed(same) != unharmed {
		t.Error("it is told again")
	}
}

// TestBindingOfALaterTerm: one with the mark of a later term is left to its leader,
// unless nobody has led since.
func TestBindingOfALaterTerm(t *testing.T) {
	s, b := shop(t)
	o := s.one(t)
	o.Annotations[annotationTerm] = "8"
	if err := s.client.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	b.State.Targets[0].Replicas = 3
	for range 3 {
		if err := s.Put(t.Context(), b); !errors.Is(err, errOutrun) {
			t.Errorf("got %v, want that it is a later leader's", err)
		}
	}
	if got := s.one(t); got.Annotations[annotationTerm] != "8" || got.Spec.Targets[0].Replicas != 2 {
		t.Fatalf("a later leader's Binding is now %+v", got.Spec)
	}
	s.confirm = func(context.Context) error { return nil }
	if err := s.Put(t.Context(), b); !apierrors.IsConflict(err) {
		t.Errorf("the first try is made against what was seen: %v", err)
	}
	s.put(t, b)
	if got := s.one(t); got.Annotations[annotationTerm] != "7" || got.Spec.Targets[0].Replicas != 3 {
		t.Errorf("the Binding is of term %s with %+v", got.Annotations[annotationTerm], got.Spec)
	}
}

// TestBindingOfAnotherPlace: who may write into one namespace does not say what is
// placed of another.
func TestBindingOfAnotherPlace(t *testing.T) {
	s, b := shop(t)
	role := federation.Binding{Key: work.Key{Kind: schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}, Name: "reader"}, Dialect: "people"}
	role.Targets = []failover.Target{{Cluster: "a", Since: noon}}
	s.put(t, role)
	forged := func(b federation.Binding, namespace, name string) {
		t.Helper()
		o := s.object(b)
		o.Namespace, o.Spec.Targets = namespace, nil
		if name != "" {
			o.Name = name
		}
		if err := s.client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	forged(b, "evil", "")
	forged(b, "shop", "another")
	forged(role, "evil", "")
	forged(role, "zoo", "")
	moved := role
	moved.Key.Name = "writer"
	forged(moved, "before", "")
	again := newBindings(s.client, s.namespace, s.term, s.confirm, s.log)
	all, err := again.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]int{}
	for _, one := range all {
		targets[one.Key.Name] += len(one.Targets) + 1
	}
	if len(all) != 3 || targets["web"] != 2 || targets["reader"] != 2 || targets["writer"] != 1 {
		t.Errorf("listed are %+v", all)
	}
}
