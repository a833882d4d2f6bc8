package karmada

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// leaseOf is the Lease that Karmada's controllers hold in the host they run for.
var leaseOf = types.NamespacedName{Namespace: "karmada-system", Name: "karmada-controller-manager"}

// gone is for how long Karmada's Lease is not renewed until Karmada does not run
// any more: longer than its restarts and upgrades take.
const gone = 10 * time.Minute

// patience is how long a call to look at the Lease may take.
const patience = 10 * time.Second

// peer says whether a Karmada runs in the host.
func (d *Dialect) peer(ctx context.Context) (bool, error) {
	if d.cfg.Propagation != Auto {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(coordinationv1.SchemeGroupVersion.WithKind("Lease"))
	err := d.cfg.Host.Client().Get(ctx, leaseOf, o)
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look whether a Karmada runs: Lease %s: %w", leaseOf, err)
	}
	lease := &coordinationv1.Lease{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, lease); err != nil {
		return false, fmt.Errorf("look whether a Karmada runs: Lease %s: %w", leaseOf, err)
	}
	return lease.Spec.RenewTime != nil && time.Since(lease.Spec.RenewTime.Time) < gone, nil
}

// alone waits until no Karmada runs in the host; false: ctx was done first. While
// nobody knows, nothing is written: two that propagate the same undo each other's work.
func (d *Dialect) alone(ctx context.Context) bool {
	for {
		runs, err := d.peer(ctx)
		d.say(runs, err)
		if !runs && err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(d.cfg.Probe):
		}
	}
}

// yields stands back while a Karmada runs that came after fedns, and looks now and
// then for what people released.
func (r *run) yields(ctx context.Context) {
	for round := 1; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.dialect.cfg.Probe):
		}
		runs, err := r.dialect.peer(ctx)
		if ctx.Err() != nil {
			return
		}
		r.dialect.say(runs, err)
		if err == nil { // not to know changes nothing
			r.desk.yield(runs)
		}
		if round%releasing == 0 {
			r.released(ctx)
		}
	}
}

// releasing is every how many rounds it is looked for what people released: once a
// minute, by default.
const releasing = 4

// released takes back the templates without a policy whose binding people deleted,
// which is how Karmada's users end what a deleted policy left.
func (r *run) released(ctx context.Context) {
	for _, key := range r.desk.unclaimed() {
		if r.dialect.book.binding(key) == nil {
			continue // it was not written yet
		}
		one, cancel := context.WithTimeout(ctx, patience)
		o := named(bindingKind(key), key.Namespace, bindingName(key))
		err := r.dialect.cfg.Host.Client().Get(one, client.ObjectKeyFromObject(o), o)
		cancel()
		switch {
		case apierrors.IsNotFound(err):
			r.desk.release(key)
		case err != nil:
			return // the next round sees
		}
	}
}

func (d *Dialect) say(runs bool, err error) {
	switch {
	case err != nil:
		d.hold("karmada", err.Error())
	case runs:
		d.hold("karmada", "a Karmada runs in the host (its Lease "+leaseOf.String()+" is renewed): propagation is left to it, unless karmada.propagation is on")
	default:
		d.hold("karmada", "")
	}
}
