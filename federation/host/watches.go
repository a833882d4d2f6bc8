package host

import (
	"context"
	"log/slog"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Cluster is what a dialect needs of a host cluster; *Host is one.
type Cluster interface {
	Watch(ctx context.Context, kind schema.GroupVersionKind, to Handler) error
	Client() client.Client
}

var _ Cluster = (*Host)(nil)

// Watches are the kinds that a dialect watches while it runs. Host, Log and Synced
// are required. Its methods are called from one goroutine; Synced is called from others.
type Watches struct {
	Host Cluster
	Log  *slog.Logger
	// Synced hears of each kind that all its objects were told, or that it is absent:
	// that the host does not serve it.
	Synced func(kind schema.GroupVersionKind, absent bool)

	running  sync.WaitGroup
	followed map[schema.GroupVersionKind]context.CancelFunc
}

// Watch tells of a kind's objects until ctx is done. It returns at once.
func (w *Watches) Watch(ctx context.Context, kind schema.GroupVersionKind, put, gone func(*unstructured.Unstructured)) {
	still := func(f func(*unstructured.Unstructured)) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) {
			if ctx.Err() == nil { // what is forgotten is not learnt anew
				f(o)
			}
		}
	}
	w.running.Go(func() {
		err := w.Host.Watch(ctx, kind, Handler{
			Put: still(put), Delete: still(gone),
			Synced: func() { w.Synced(kind, false) },
			Absent: func() { w.Synced(kind, true) },
		})
		if err != nil && ctx.Err() == nil {
			w.Log.Error("a kind of the host cluster is not watched", "kind", kind, "error", err)
		}
	})
}

// Follow watches those kinds that were not followed yet, and ends the watches of
// those that are followed no more: of them it tells forget.
func (w *Watches) Follow(ctx context.Context, kinds map[schema.GroupVersionKind]bool, put, gone func(*unstructured.Unstructured), forget func(schema.GroupVersionKind)) {
	for kind := range kinds {
		if w.followed[kind] == nil {
			ctx, cancel := context.WithCancel(ctx)
			if w.followed == nil {
				w.followed = map[schema.GroupVersionKind]context.CancelFunc{}
			}
			w.followed[kind] = cancel
			w.Watch(ctx, kind, put, gone)
		}
	}
	for kind, cancel := range w.followed {
		if !kinds[kind] {
			cancel()
			delete(w.followed, kind)
			forget(kind)
		}
	}
}

// Wait waits until all watches have ended, as they do when ctx is done.
func (w *Watches) Wait() { w.running.Wait() }
