package host

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Handler hears of a kind's objects. Its functions are called one at a time, in
// the order of what happened, and hold up nobody but this Handler. nil functions
// are not called.
type Handler struct {
	// Put hears of each object there is, and of each that comes or changes.
	Put func(*unstructured.Unstructured)
	// Delete hears of an object that was seen to be gone, as it was last.
	Delete func(*unstructured.Unstructured)
	// Synced says that every object there was has been told. It is called once.
	Synced func()
	// Absent says that the host does not serve the kind (now): it is waited for. A
	// dialect that needs no such objects may call itself synced.
	Absent func()
}

// Watch tells a Handler of all objects of a kind until ctx is done, and blocks.
// A kind that the host does not serve is waited for. When a kind's definition goes
// away, what was told stands: that something is not served any more deletes nothing. But
// an API server deletes a definition's objects before it: see Ended.
//
// It returns nil when ctx is done. Run must run.
func (h *Host) Watch(ctx context.Context, kind schema.GroupVersionKind, to Handler) error {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	informer := h.informer(ctx, o, to.Absent)
	if informer == nil {
		return nil
	}
	h.hold(kind, 1)
	defer h.leave(o)
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) {
			if ends(obj) {
				h.look(ctx, kind)
			}
			call(to.Put, obj)
		},
		UpdateFunc: func(old, obj any) {
			if same(old, obj) {
				return
			}
			if ends(obj) && !ends(old) {
				h.look(ctx, kind)
			}
			call(to.Put, obj)
		},
		DeleteFunc: func(obj any) {
			if gone, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
				obj = gone.Obj
			}
			h.look(ctx, kind) // whoever hears of the object may ask Ended
			call(to.Delete, obj)
		},
	})
	if err != nil {
		return fmt.Errorf("watch %s: %w", kind, err)
	}
	defer func() { _ = informer.RemoveEventHandler(registration) }()
	if toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) && to.Synced != nil {
		to.Synced()
	}
	<-ctx.Done()
	return nil
}

// soon is the first pause after a definition came; each after it is twice as long.
const soon = 200 * time.Millisecond

// informer is the kind's informer, once the host serves it; nil when ctx is done first.
func (h *Host) informer(ctx context.Context, o client.Object, absent func()) cache.Informer {
	told := false
	pause := h.retry
	for {
		coming := h.coming()
		informer, err := h.cache.GetInformer(ctx, o, cache.BlockUntilSynced(false))
		switch {
		case err == nil:
			h.serve(o.GetObjectKind().GroupVersionKind())
			return informer
		case ctx.Err() != nil:
			return nil
		case !meta.IsNoMatchError(err):
			h.log.Warn("a kind of the host cluster cannot be looked up, and is tried again", "kind", o.GetObjectKind().GroupVersionKind(), "error", err)
		case !told:
			h.lack(o.GetObjectKind().GroupVersionKind())
			if told = true; absent != nil {
				absent()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-coming:
			pause = soon // a definition is told of before what it defines is served
		case <-time.After(pause):
			pause = min(2*pause, h.retry)
		}
	}
}

// hold counts who watches a kind.
func (h *Host) hold(kind schema.GroupVersionKind, n int) (left int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watched[kind] += n
	return h.watched[kind]
}

// leave ends a kind's watch with the last who watched it.
func (h *Host) leave(o client.Object) {
	if h.hold(o.GetObjectKind().GroupVersionKind(), -1) == 0 {
		_ = h.cache.RemoveInformer(context.Background(), o)
	}
}

// Get looks an object up among those watched. It costs no call; whoever asks
// watches the kind.
func (h *Host) Get(kind schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, bool) {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	if err := h.cache.Get(context.Background(), types.NamespacedName{Namespace: namespace, Name: name}, o); err != nil {
		return nil, false
	}
	return o, true
}

// List is all objects watched of a kind, of a namespace (empty: of all) that a
// selector selects (nil: all). It costs no call.
func (h *Host) List(kind schema.GroupVersionKind, namespace string, selector labels.Selector) ([]*unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	if err := h.cache.List(context.Background(), list, &client.ListOptions{Namespace: namespace, LabelSelector: selector}); err != nil {
		return nil, fmt.Errorf("list %s: %w", kind, err)
	}
	all := make([]*unstructured.Unstructured, len(list.Items))
	for i := range list.Items {
		all[i] = &list.Items[i]
	}
	return all, nil
}

// Served says whether the host serves a kind, and whether its objects have namespaces.
func (h *Host) Served(kind schema.GroupVersionKind) (served, namespaced bool) {
	mapping, err := h.client.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return false, false
	}
	return true, mapping.Scope.Name() == meta.RESTScopeNameNamespace
}

// call tells a function of an object, if it is one.
func call(f func(*unstructured.Unstructured), obj any) {
	if o, ok := obj.(*unstructured.Unstructured); ok && f != nil {
		f(o)
	}
}

// same says that nothing changed between two versions that a watch told.
func same(old, obj any) bool {
	a, ok := old.(*unstructured.Unstructured)
	b, also := obj.(*unstructured.Unstructured)
	return ok && also && a.GetResourceVersion() == b.GetResourceVersion()
}
