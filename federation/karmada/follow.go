package karmada

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/host"
	"github.com/fedns/fedns/federation/work"
)

// Run implements work.Dialect.
func (d *Dialect) Run(ctx context.Context, to work.Sink) error {
	if d.cfg.Propagation == Off || !d.alone(ctx) {
		<-ctx.Done()
		return nil
	}
	r := &run{dialect: d, desk: newDesk(d.cfg.Deleted == Withdraw, d.clerk.tell), watches: map[schema.GroupVersionKind]context.CancelFunc{}}
	if !r.recall(ctx) {
		return nil // ctx is done
	}
	d.mu.Lock()
	d.desk = r.desk
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.desk = nil
		d.mu.Unlock()
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer r.running.Wait()
	defer cancel()
	r.policies(ctx)
	r.running.Go(func() { r.yields(ctx) })
	r.running.Go(func() { d.clerk.run(ctx, r.desk, d.book) })
	synced := false
	for {
		for o, ok := r.desk.next(); ok && ctx.Err() == nil; o, ok = r.desk.next() {
			to.Order(o)
			if o.Template == nil {
				d.clerk.gone(o.Key)
			}
		}
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

// run is what goes on while a Dialect runs.
type run struct {
	dialect *Dialect
	desk    *desk
	running sync.WaitGroup
	watches map[schema.GroupVersionKind]context.CancelFunc // of templates
}

// recall reads what stood when fedns ran last; false: ctx was done first.
func (r *run) recall(ctx context.Context) bool {
	const object = "ResourceBindings"
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		book, standing, err := open(ctx, r.dialect.cfg)
		if err == nil {
			r.dialect.hold(object, "")
			r.dialect.mu.Lock()
			r.dialect.book = book
			r.dialect.mu.Unlock()
			r.desk.standing = standing
			return true
		}
		r.dialect.hold(object, "cannot be read, and nothing is placed until they are: "+err.Error())
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
}

// policies watches all kinds of policies.
func (r *run) policies(ctx context.Context) {
	for _, k := range []struct {
		kind schema.GroupVersionKind
		put  func(*unstructured.Unstructured)
		gone func(*unstructured.Unstructured)
	}{
		{propagationPolicy, r.desk.putPolicy, r.desk.deletePolicy},
		{clusterPropagationPolicy, r.desk.putPolicy, r.desk.deletePolicy},
		{overridePolicy, r.desk.putOverrider, r.desk.deleteOverrider},
		{clusterOverridePolicy, r.desk.putOverrider, r.desk.deleteOverrider},
	} {
		r.watch(ctx, k.kind, k.put, k.gone)
	}
}

// follow watches the kinds that policies select, and no others.
func (r *run) follow(ctx context.Context, kinds map[schema.GroupVersionKind]bool) {
	for kind := range kinds {
		if r.watches[kind] == nil {
			ctx, cancel := context.WithCancel(ctx)
			r.watches[kind] = cancel
			r.watch(ctx, kind, r.desk.putTemplate, r.desk.deleteTemplate)
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
