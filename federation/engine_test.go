package federation

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/fedns/fedns/federation/api/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

func (h *house) want(t *testing.T, key work.Key, want map[string]int32) {
	t.Helper()
	if got := h.fleet.replicas(key); !maps.Equal(got, want) {
		t.Errorf("members have %v of %s, want %v", got, key, want)
	}
}

func TestOrphansStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := deployment("web", 2)
		o.Options.Orphan = true
		p := &people{name: "people", orders: []work.Order{o}}
		h := begin(t, newMemory(), newFleet(t, "a"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		o.Template = nil
		p.order(o)
		after(10 * time.Second)
		h.want(t, o.Key, map[string]int32{"a": 2})
		if did := h.fleet.done(); !slices.Contains(did, "orphan Deployment a") {
			t.Errorf("did %v, want it to be let go", did)
		}
		if _, ok := h.store.get(o.Key); ok {
			t.Error("the Binding is left")
		}
	})
}

func TestRestartPlacesNothingAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people", orders: []work.Order{deployment("web", 7), service("web")}}
		f, store := newFleet(t, "a", "b", "c"), newMemory()
		h := begin(t, store, f, nil, p)
		after(30 * time.Second)
		h.stop()
		puts, before := store.puts, maps.Clone(store.all)
		h = begin(t, store, f, nil, p)
		defer h.stop()
		after(time.Minute)
		if store.puts != puts {
			t.Errorf("%d Bindings were written", store.puts-puts)
		}
		for key, b := range store.all {
			if !b.Equal(before[key]) {
				t.Errorf("%s was at %+v and is at %+v", key, before[key].State, b.State)
			}
		}
	})
}

func TestUntilAllHaveSpokenBindingsStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var orders []work.Order
		for _, name := range []string{"one", "two", "three", "four"} {
			orders = append(orders, deployment(name, 2))
		}
		p := &people{name: "people", orders: orders}
		f, store := newFleet(t, "a", "b"), newMemory()
		h := begin(t, store, f, nil, p)
		after(30 * time.Second)
		h.stop()

		late := &people{name: "late", silent: true}
		p.orders = orders[:3]
		h = begin(t, store, f, nil, p, late)
		after(time.Minute)
		if len(store.all) != 4 {
			t.Errorf("%d Bindings stand while a dialect has not told all, want 4", len(store.all))
		}
		late.sink.Synced("late")
		after(time.Minute)
		if _, ok := store.get(orders[3].Key); ok || len(store.all) != 3 {
			t.Errorf("%d Bindings stand, want the one without an order to be gone", len(store.all))
		}
		h.stop()

		p.orders = nil
		h = begin(t, store, f, nil, p)
		defer h.stop()
		after(time.Minute)
		if n := h.Stats().Held; n != 3 || len(store.all) != 3 {
			t.Errorf("all orders are missing: %d are held of %d, want 3", n, len(store.all))
		}
		h.want(t, orders[0].Key, map[string]int32{"a": 1, "b": 1})
		if n := h.Release(); n != 3 {
			t.Errorf("released %d", n)
		}
		after(time.Minute)
		if len(store.all) != 0 {
			t.Errorf("%d Bindings stand after their release", len(store.all))
		}
	})
}

func TestMassDeletionIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people"}
		for i := range 40 {
			p.orders = append(p.orders, deployment("web-"+string(rune('a'+i/26))+string(rune('a'+i%26)), 1))
		}
		h := begin(t, newMemory(), newFleet(t, "a"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		for _, o := range slices.Clone(p.orders) {
			o.Template = nil
			p.order(o)
		}
		after(time.Minute)
		if n := len(h.store.all); n != 20 || h.Stats().Held != 20 {
			t.Errorf("%d of 40 stand and %d are held, want 20 that could be deleted and 20 that are held", n, h.Stats().Held)
		}
		held := 0
		for key := range h.store.all {
			if r := p.report(key); strings.Contains(r.Held, "fedns release --federation") && !r.Done {
				held++
			}
		}
		if held != 20 {
			t.Errorf("%d dialects' objects say that they are held, want 20", held)
		}
		for key := range maps.Clone(h.store.all) { // it was a mistake
			o := deployment(key.Name, 1)
			p.order(o)
			break
		}
		after(time.Minute)
		if h.Release() != 19 {
			t.Error("an order that came again is held")
		}
		after(time.Minute)
		if n := len(h.store.all); n != 1 {
			t.Errorf("%d stand after the release, want the one that came again", n)
		}
	})
}

func TestErrorsLeaveWhatWasPlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := deployment("web", 4)
		p := &people{name: "people", orders: []work.Order{good}}
		h := begin(t, newMemory(), newFleet(t, "a", "b"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		h.fleet.done()
		want := map[string]int32{"a": 2, "b": 2}

		broken := good
		broken.Template, broken.Err = nil, errors.New("PropagationPolicy shop/web: replicas: want a number")
		p.order(broken)
		after(time.Minute)
		h.want(t, good.Key, want)
		if r := p.report(good.Key); r.Err == nil || !strings.Contains(r.Err.Error(), "want a number") {
			t.Errorf("the dialect hears %v", r.Err)
		}

		nowhere := good
		nowhere.Placement.Affinities = []placement.Affinity{{Clusters: []string{"z"}}}
		p.order(nowhere)
		after(time.Minute)
		h.want(t, good.Key, want)
		if r := p.report(good.Key); r.Err == nil || !strings.Contains(r.Err.Error(), "no cluster") {
			t.Errorf("the dialect hears %v", r.Err)
		}

		wrong := deployment("web", 4)
		wrong.Overrides = []override.Rule{{Origin: "OverridePolicy shop/web", Target: placement.Affinity{Clusters: []string{"b"}},
			Changes: []override.Change{{Patch: &override.Patch{Op: override.Replace, Path: "/metadata/name", Value: []byte(`"other"`)}}}}}
		wrong.Template.SetLabels(map[string]string{"new": "yes"})
		p.order(wrong)
		after(time.Minute)
		if got := h.fleet.have["a"][good.Key].GetLabels()["new"]; got != "yes" {
			t.Error("a does not get the change, which is good for it")
		}
		if got := h.fleet.have["b"][good.Key].GetLabels()["new"]; got != "" {
			t.Error("b gets a template that is half changed")
		}
		r := p.report(good.Key)
		if r.Err == nil || !strings.Contains(r.Err.Error(), "cluster b: OverridePolicy shop/web") {
			t.Errorf("the dialect hears %v", r.Err)
		}
		for _, o := range r.Outcomes {
			if failed := o.Phase == work.Failed && strings.Contains(o.Message, "metadata.name"); failed != (o.Cluster == "b") {
				t.Errorf("the dialect hears of cluster %s that it is %s %s: %s", o.Cluster, o.Phase, o.Reason, o.Message)
			}
		}
		s := h.store.reports[good.Key]
		if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionPropagated); c == nil || c.Status != metav1.ConditionFalse || !strings.Contains(c.Message, "cluster b") {
			t.Errorf("what cluster b has is not what it is to have, and the Binding says %+v", c)
		}
		p.order(good)
		after(time.Minute)
		if r := p.report(good.Key); r.Err != nil {
			t.Errorf("all is well again, and the dialect hears %v", r.Err)
		}
	})
}

func TestHostThatCannotBeWrittenStopsTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people"}
		h := begin(t, newMemory(), newFleet(t, "a"), nil, p)
		defer h.stop()
		h.store.mu.Lock()
		h.store.fail = errors.New("the object has been modified")
		h.store.mu.Unlock()
		p.order(deployment("web", 1))
		after(time.Minute)
		if did := h.fleet.done(); len(did) > 0 {
			t.Errorf("without a Binding: %v", did)
		}
		h.store.mu.Lock()
		h.store.fail = nil
		h.store.mu.Unlock()
		after(time.Minute)
		h.want(t, key(deployments, "web"), map[string]int32{"a": 1})
	})
}

// TestBindingThatTheHostRefuses: nothing is placed without one, and people hear why.
func TestBindingThatTheHostRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, x := &people{name: "people"}, &told{}
		h := begin(t, newMemory(), newFleet(t, "a"), func(c *Config) { c.Tell = x.tell }, p)
		defer h.stop()
		refuse := func(err error) {
			h.store.mu.Lock()
			defer h.store.mu.Unlock()
			h.store.fail = err
		}
		refuse(apierrors.NewInvalid(schema.GroupKind{Group: "fedns.io", Kind: "Binding"}, "web-deployment", field.ErrorList{
			field.TooMany(field.NewPath("spec", "dependencies"), 1001, 1000),
		}))
		web := deployment("web", 1)
		p.order(web)
		after(5 * time.Minute)
		if did := h.fleet.done(); len(did) > 0 {
			t.Errorf("without a Binding: %v", did)
		}
		if r := p.report(web.Key); r.Err == nil || !strings.Contains(r.Err.Error(), "spec.dependencies: Too many") {
			t.Errorf("the dialect hears %v", r.Err)
		}
		x.want(t, "while it is refused", "Warning Deployment/web NotPlaced: binding of Deployment.apps shop/web: Binding.fedns.io")
		refuse(nil)
		after(time.Minute)
		h.want(t, web.Key, map[string]int32{"a": 1})
		if r := p.report(web.Key); r.Err != nil {
			t.Errorf("then the dialect hears %v", r.Err)
		}
		x.want(t, "when it is not", "Normal Deployment/web Placed: ")
	})
}

func TestWhoDoesNotLeadDecidesAndReportsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var leads atomic.Bool
		p := &people{name: "people", orders: []work.Order{deployment("web", 4)}}
		h := begin(t, newMemory(), newFleet(t, "a"), func(c *Config) { c.Leads = leads.Load }, p)
		defer h.stop()
		web := key(deployments, "web")
		after(time.Minute)
		if _, ok := h.store.get(web); ok || p.report(web).Order.Template != nil || h.Stats().Failures > 0 {
			t.Errorf("who does not lead has written, or failed: %+v", h.Stats())
		}
		leads.Store(true)
		after(time.Minute)
		h.want(t, web, map[string]int32{"a": 4})
		leads.Store(false)
		p.reports = nil
		h.Outcome(work.Outcome{Cluster: "a", Key: web, Phase: work.Failed, Reason: "Invalid"})
		after(time.Minute)
		if p.report(web).Order.Template != nil {
			t.Error("who does not lead any more has reported")
		}
	})
}

func TestOldestOrderWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := deployment("web", 2), deployment("web", 8)
		first.Source.Created, second.Source.Created = time.Now().Add(-time.Hour), time.Now()
		second.Dialect = "others"
		p, q := &people{name: "people", orders: []work.Order{first}}, &people{name: "others", orders: []work.Order{second}}
		h := begin(t, newMemory(), newFleet(t, "a"), nil, q, p)
		defer h.stop()
		after(30 * time.Second)
		h.want(t, first.Key, map[string]int32{"a": 2})
		if r := q.report(first.Key); r.Err == nil || !strings.Contains(r.Err.Error(), "ordered by people already: Deployment people/shop/web") {
			t.Errorf("the other hears %v", r.Err)
		}
		first.Template = nil
		p.order(first)
		after(30 * time.Second)
		h.want(t, first.Key, map[string]int32{"a": 8})
		if did := h.fleet.done(); slices.Contains(did, "remove Deployment a") {
			t.Errorf("it was removed between the two: %v", did)
		}
		if r := p.report(first.Key); !r.Done {
			t.Errorf("the first hears %+v, want its end", r)
		}
	})
}

// drawer are objects of the host.
type drawer map[work.Key]*unstructured.Unstructured

func (d drawer) Get(key work.Key) *unstructured.Unstructured { return d[key] }

func TestDependenciesGoAlongAndAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settings := key(configMaps, "web")
		host := drawer{settings: {Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"a": "1"},
			"metadata": map[string]any{"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7"},
		}}}
		o := only(deployment("web", 1))
		o.Options.Dependencies = true
		p := &people{name: "people", orders: []work.Order{o}}
		f, store := newFleet(t, "a", "b"), newMemory()
		along := func(c *Config) { c.Referred = host }
		h := begin(t, store, f, along, p)
		after(30 * time.Second)
		h.want(t, settings, map[string]int32{"a": 0})
		if got := f.have["a"][settings]; got.GetUID() != "" || got.GetResourceVersion() != "" {
			t.Errorf("the member gets %v, want it without what the host wrote", got)
		}
		f.set("a", cluster.Drained)
		after(podTime / 2)
		h.want(t, settings, map[string]int32{"a": 0, "b": 0})
		after(time.Minute)
		h.want(t, settings, map[string]int32{"b": 0})
		h.stop()

		// The next leader knows of it from the Binding alone.
		o.Options.Dependencies = false
		p.orders = []work.Order{o}
		h = begin(t, store, f, along, p)
		defer h.stop()
		after(time.Minute)
		h.want(t, settings, map[string]int32{})
		if b, _ := store.get(o.Key); len(b.Dependencies) > 0 {
			t.Errorf("dependencies %+v are left", b.Dependencies)
		}
	})
}

func TestSuspendedClustersAreNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := deployment("web", 2)
		o.Options.Suspend = []string{"b"}
		p := &people{name: "people", orders: []work.Order{o}}
		h := begin(t, newMemory(), newFleet(t, "a", "b"), nil, p)
		defer h.stop()
		after(30 * time.Second)
		h.want(t, o.Key, map[string]int32{"a": 1})
		told := func(name string) work.Outcome {
			all := p.report(o.Key).Outcomes
			return all[slices.IndexFunc(all, func(o work.Outcome) bool { return o.Cluster == name })]
		}
		if got := told("b"); got.Phase != work.Pending || got.Reason != "Suspended" {
			t.Errorf("of the suspended cluster is told %+v", got)
		}
		h.fleet.done()
		o.Options.Suspend = []string{"*"} // what is applied is suspended as well, and not put right by what was ordered before
		p.order(o)
		after(30 * time.Second)
		if got, did := told("a"), h.fleet.done(); got.Reason != "Suspended" || len(did) > 0 {
			t.Errorf("with all suspended: told %+v, did %v", got, did)
		}
		o.Options.Suspend = nil
		p.order(o)
		after(30 * time.Second)
		h.want(t, o.Key, map[string]int32{"a": 1, "b": 1})
	})
}

func TestDryRunWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &people{name: "people", orders: []work.Order{deployment("web", 3)}}
		h := begin(t, newMemory(), newFleet(t, "a", "b"), func(c *Config) { c.DryRun = true }, p)
		defer h.stop()
		after(30 * time.Second)
		if did := h.fleet.done(); len(did) > 0 || h.store.puts > 0 {
			t.Errorf("wrote %v and %d Bindings", did, h.store.puts)
		}
		plan := h.Plan()
		if len(plan) != 2 || plan[0].Action != "apply" || plan[0].Cluster != "a" || plan[0].Replicas != 2 || plan[1].Replicas != 1 {
			t.Errorf("plan %+v, want 2 in a and 1 in b", plan)
		}
	})
}

// TestTemplateIsTold: a Task says which object of the host orders are made of, so that
// a member that is the host keeps it, when the order is taken back as well.
func TestTemplateIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := key(deployments, "web")
		o := deployment("web", 2)
		o.Source.UID = "of-web"
		copied := service("api") // of an object of another kind, as KubeFed's are
		copied.Source = work.Reference{Kind: federatedServices, Namespace: "shop", Name: "api", UID: "of-federated"}
		p := &people{name: "people", orders: []work.Order{o, copied}}
		f, store := newFleet(t, "a"), newMemory()
		tasks := map[string]work.Task{}
		f.given = func(t work.Task) { tasks[t.Key.Kind.Kind] = t }
		h := begin(t, store, f, nil, p)
		after(30 * time.Second)
		if got := tasks["Deployment"]; got.Template != "of-web" || !got.Own {
			t.Errorf("the Task has template %q, own %v", got.Template, got.Own)
		}
		if got := tasks["Service"]; got.Template != "" {
			t.Errorf("the Task of a copy has template %q", got.Template)
		}
		// A daemon that knows it from the Binding alone says so as well.
		h.stop()
		p = &people{name: "people", orders: []work.Order{copied}}
		h = begin(t, store, f, nil, p)
		defer h.stop()
		p.order(work.Order{Key: web, Dialect: "people", Source: o.Source})
		after(30 * time.Second)
		if got := tasks["Deployment"]; got.Object != nil || got.Template != "of-web" || !got.Own {
			t.Errorf("the removal has template %q, own %v, %v", got.Template, got.Own, got.Object)
		}
	})
}
