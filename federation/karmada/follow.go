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
	r := &run{dialect: d, desk: newDesk(d.cfg.Deleted == Withdraw, d.clerk.tell)}
	r.watches = host.Watches{Host: d.cfg.Host, Log: d.cfg.Log, Synced: r.desk.synced}
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
	defer r.watches.Wait()
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
		r.watches.Follow(ctx, kinds, r.desk.putTemplate, r.desk.deleteTemplate, r.desk.forget)
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
	watches host.Watches
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
		r.watches.Watch(ctx, k.kind, k.put, k.gone)
	}
}
