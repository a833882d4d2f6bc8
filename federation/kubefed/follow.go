package kubefed

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Run implements work.Dialect.
func (d *Dialect) Run(ctx context.Context, to work.Sink) error {
	r := &run{dialect: d, desk: newDesk(d.cfg.Zone), watches: map[schema.GroupVersionKind]context.CancelFunc{}}
	clerk := newClerk(d.cfg, r.desk)
	registrar := newRegistrar(d.cfg, r.desk)
	d.hold(r.desk, clerk, registrar)
	defer d.hold(nil, nil, nil)
	ctx, cancel := context.WithCancel(ctx)
	defer r.running.Wait()
	defer cancel()
	r.watch(ctx, typeConfigKind, r.desk.putConfig, r.desk.deleteConfig)
	r.watch(ctx, preferenceKind, r.desk.putPreference, r.desk.deletePreference)
	r.watch(ctx, domainKind, r.desk.putDomain, r.desk.deleteDomain)
	r.watch(ctx, serviceRecordKind, r.desk.putRecord, r.desk.deleteRecord)
	r.watch(ctx, ingressRecordKind, r.desk.putRecord, r.desk.deleteRecord)
	if d.cfg.Names != nil {
		r.watch(ctx, endpointKind, r.desk.putEndpoint, r.desk.deleteEndpoint)
		r.running.Go(func() { registrar.run(ctx) })
	}
	r.running.Go(func() { clerk.run(ctx) })
	synced := false
	for {
		for orders, ok := r.desk.next(); ok && ctx.Err() == nil; orders, ok = r.desk.next() {
			for _, o := range orders {
				to.Order(o)
			}
		}
		clerk.rouse()
		registrar.rouse()
		kinds := r.desk.kinds()
		r.follow(ctx, kinds)
		if !synced && r.desk.complete(kinds) {
			to.Synced(Name)
			synced = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.desk.wake:
		}
	}
}

func (d *Dialect) hold(desk *desk, clerk *clerk, registrar *registrar) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.desk, d.clerk, d.registrar = desk, clerk, registrar
}

// run is what goes on while a Dialect runs.
type run struct {
	dialect *Dialect
	desk    *desk
	running sync.WaitGroup
	watches map[schema.GroupVersionKind]context.CancelFunc // of federated kinds
}

// follow watches the federated kinds, and no others.
func (r *run) follow(ctx context.Context, kinds map[schema.GroupVersionKind]bool) {
	for kind := range kinds {
		if r.watches[kind] == nil {
			ctx, cancel := context.WithCancel(ctx)
			r.watches[kind] = cancel
			r.watch(ctx, kind, r.desk.putObject, r.desk.deleteObject)
		}
	}
	for kind, cancel := range r.watches {
		if !kinds[kind] {
			cancel()
			delete(r.watches, kind)
			r.desk.forget(kind)
		}
	}
}

// watch watches a kind until ctx is done.
func (r *run) watch(ctx context.Context, kind schema.GroupVersionKind, put, gone func(*unstructured.Unstructured)) {
	still := func(f func(*unstructured.Unstructured)) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) {
			if ctx.Err() == nil { // what is forgotten is not learnt anew
				f(o)
			}
		}
	}
	r.running.Go(func() {
		err := r.dialect.cfg.Host.Watch(ctx, kind, host.Handler{
			Put: still(put), Delete: still(gone),
			Synced: func() { r.desk.synced(kind, false) },
			Absent: func() { r.desk.synced(kind, true) },
		})
		if err != nil && ctx.Err() == nil {
			r.dialect.cfg.Log.Error("a kind of the host cluster is not watched", "kind", kind, "error", err)
		}
	})
}
