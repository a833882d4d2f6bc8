package membership

import (
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedns/fedns/discovery/cluster"
	"github.com/fedns/fedns/discovery/kubernetes"
)

var updateOptions = metav1.UpdateOptions{FieldManager: "fedns"}

// seen takes in objects as they are in the host, by name. What is not of the form of
// its kind is left out: the inventory tells the operator.
type seen[T any] struct {
	mu *sync.Mutex
	by map[string]*T
}

var _ kubernetes.Handler = seen[struct{}]{}

// Replace implements kubernetes.Handler.
func (s seen[T]) Replace(all []*unstructured.Unstructured, _ cluster.Loss) {
	s.mu.Lock()
	clear(s.by)
	s.mu.Unlock()
	for _, o := range all {
		s.Put(o)
	}
}

// Put implements kubernetes.Handler.
func (s seen[T]) Put(o *unstructured.Unstructured) {
	typed := new(T)
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, typed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.by, o.GetName())
		return
	}
	s.by[o.GetName()] = typed
}

// Delete implements kubernetes.Handler.
func (s seen[T]) Delete(_, name string, _ cluster.Loss) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.by, name)
}

// Absent implements kubernetes.Handler.
func (s seen[T]) Absent() { s.Replace(nil, cluster.Missing) }

func toUnstructured(o any) (map[string]any, error) {
	return runtime.DefaultUnstructuredConverter.ToUnstructured(o)
}
