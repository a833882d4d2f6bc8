package host

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
)

// definitionKind is what defines custom resources.
var definitionKind = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// askWithin is how long it may take to look at a definition.
const askWithin = 5 * time.Second

// phase is how far a definition is.
type phase uint8

const (
	standing phase = iota + 1
	leaving        // it is deleted, and its objects go before it
	gone
)

// Ended says why a kind's objects that are gone may not be meant: their definition is on
// its way out, or gone, though it was here since Run. Who removes a definition removes
// all of its objects first. Empty: it stands, or the kind has none. It costs no call.
func (h *Host) Ended(kind schema.GroupVersionKind) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.definitions[h.plural[kind.GroupKind()]] {
	case leaving:
		return fmt.Sprintf("the definition of %s is being removed", kind.GroupKind())
	case gone:
		return fmt.Sprintf("the definition of %s was removed", kind.GroupKind())
	}
	return ""
}

// Absent says that a kind is watched, and not served. It costs no call.
func (h *Host) Absent(kind schema.GroupVersionKind) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.absent[kind.GroupKind()]
}

// defined takes in a definition as a watch tells of it.
func (h *Host) defined(obj any, is phase) {
	if last, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
		obj = last.Obj
	}
	o, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return
	}
	if is == standing && o.DeletionTimestamp != nil {
		is = leaving
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.definitions[o.Name] = is
}

// look asks for a kind's definition as it is now, if one was told of: the watch may not
// have heard of its end when that of its objects hears of theirs.
func (h *Host) look(ctx context.Context, kind schema.GroupVersionKind) {
	h.mu.Lock()
	name := h.plural[kind.GroupKind()]
	is := h.definitions[name]
	h.mu.Unlock()
	if is != standing {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(definitionKind)
	err := h.client.Get(ctx, types.NamespacedName{Name: name}, o)
	switch {
	case apierrors.IsNotFound(err):
		is = gone
	case err != nil:
		h.log.Warn("a definition of the host cluster cannot be looked at", "definition", name, "error", err)
		return
	case o.DeletionTimestamp != nil:
		is = leaving
	default:
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.definitions[name] == standing { // else the watch has told more
		h.definitions[name] = is
	}
}

// serve notes that a kind is served, and by which definition, if it is by one.
func (h *Host) serve(kind schema.GroupVersionKind) {
	mapping, err := h.client.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.absent, kind.GroupKind())
	if err == nil {
		h.plural[kind.GroupKind()] = mapping.Resource.Resource + "." + kind.Group
	}
}

// lack notes that a kind is not served.
func (h *Host) lack(kind schema.GroupVersionKind) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.absent[kind.GroupKind()] = true
}

// ends says that an object is on its way out.
func ends(obj any) bool {
	o, ok := obj.(*unstructured.Unstructured)
	return ok && o.GetDeletionTimestamp() != nil
}
