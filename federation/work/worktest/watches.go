package worktest

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/host"
)

// Watches are those of a host in which all kinds are there and empty, until the test
// says otherwise. Put and Remove are called in a bubble of synctest, and return when
// everybody has done what follows. The zero Watches are ready.
type Watches struct {
	mu      sync.Mutex
	watched map[schema.GroupVersionKind]host.Handler
}

// Watch implements host.Cluster.
func (w *Watches) Watch(ctx context.Context, kind schema.GroupVersionKind, to host.Handler) error {
	w.mu.Lock()
	if w.watched == nil {
		w.watched = map[schema.GroupVersionKind]host.Handler{}
	}
	w.watched[kind] = to
	w.mu.Unlock()
	to.Synced()
	<-ctx.Done()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.watched, kind)
	return nil
}

// Put has the watch of an object's kind tell of it.
func (w *Watches) Put(t testing.TB, o *unstructured.Unstructured) {
	t.Helper()
	w.handler(t, o).Put(o)
	synctest.Wait()
}

// Remove has the watch of an object's kind tell that it is gone.
func (w *Watches) Remove(t testing.TB, o *unstructured.Unstructured) {
	t.Helper()
	w.handler(t, o).Delete(o)
	synctest.Wait()
}

func (w *Watches) handler(t testing.TB, o *unstructured.Unstructured) host.Handler {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	to, ok := w.watched[o.GroupVersionKind()]
	if !ok {
		t.Fatalf("nobody watches %s", o.GroupVersionKind())
	}
	return to
}

// Watched are the kinds that somebody watches now.
func (w *Watches) Watched() map[schema.GroupVersionKind]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[schema.GroupVersionKind]bool{}
	for kind := range w.watched {
		all[kind] = true
	}
	return all
}
