package federate

import (
	"context"
	"log/slog"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// referred are the host's objects that templates refer to. A kind is watched from
// when one of it is first asked for.
type referred struct {
	ctx     context.Context // of the term
	host    hostCluster
	changed func(work.Key)
	log     *slog.Logger

	mu      sync.Mutex
	watched map[schema.GroupVersionKind]bool
	watches sync.WaitGroup
}

func newReferred(ctx context.Context, h hostCluster, changed func(work.Key), log *slog.Logger) *referred {
	return &referred{ctx: ctx, host: h, changed: changed, log: log, watched: map[schema.GroupVersionKind]bool{}}
}

// Get implements federation.Referred.
func (r *referred) Get(key work.Key) *unstructured.Unstructured {
	r.mu.Lock()
	if !r.watched[key.Kind] && r.ctx.Err() == nil {
		r.watched[key.Kind] = true
		r.watches.Go(func() { r.watch(key.Kind) })
	}
	r.mu.Unlock()
	if o, ok := r.host.Get(key.Kind, key.Namespace, key.Name); ok {
		return o
	}
	return nil
}

// watch tells of a kind's objects.
func (r *referred) watch(kind schema.GroupVersionKind) {
	tell := func(o *unstructured.Unstructured) {
		r.changed(work.Key{Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName()})
	}
	if err := r.host.Watch(r.ctx, kind, host.Handler{Put: tell, Delete: tell}); err != nil {
		r.log.Error("objects that templates refer to are not watched", "kind", kind.String(), "error", err)
	}
}

// wait returns when no watch runs any more.
func (r *referred) wait() { r.watches.Wait() }
