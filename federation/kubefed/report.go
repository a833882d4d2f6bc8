package kubefed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fedns/fedns/federation/work"
)

// Report implements work.Dialect: it writes the federated object's status, and lets
// the object go when its members are done with its deletion. What is as it is to be
// is not written.
func (d *Dialect) Report(ctx context.Context, r work.Report) error {
	desk := d.running()
	if desk == nil {
		return errors.New("kubefed: not running")
	}
	s := r.Order.Source
	key := reference{s.Kind, s.Namespace, s.Name}
	if r.Order.Template == nil && r.Done {
		return d.release(ctx, desk, key, &r)
	}
	return d.status(ctx, desk, key, &r)
}

// release takes the finalizer off an object that is not ordered any more.
func (d *Dialect) release(ctx context.Context, desk *desk, key reference, r *work.Report) error {
	if desk.stands(key) {
		return nil
	}
	c := d.cfg.Host.Client()
	o := named(key.kind, key.namespace, key.name)
	if err := c.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		if err = client.IgnoreNotFound(err); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	}
	kept := slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == finalizer })
	if o.GetUID() != r.Order.Source.UID || len(kept) == len(o.GetFinalizers()) {
		return nil
	}
	if err := finalize(ctx, c, o, kept); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// stands says that an object is ordered.
func (d *desk) stands(key reference) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := d.ordered[key]
	return last != nil && !last.withdrawn
}

// status writes the status of a federated object.
func (d *Dialect) status(ctx context.Context, desk *desk, key reference, r *work.Report) error {
	o, collect := desk.object(key)
	if o == nil || o.GetUID() != r.Order.Source.UID {
		return nil
	}
	before := statusBefore(o)
	s, changed := statusOf(r, collect, before)
	if !changed {
		return nil
	}
	patch := map[string]any{"observedGeneration": s.ObservedGeneration, "conditions": s.Conditions, "clusters": s.Clusters}
	after, err := patchObject(ctx, d.cfg.Host.Client(), key, map[string]any{"status": patch}, true)
	if err != nil {
		return fmt.Errorf("%s: write the status: %w", key, err)
	}
	if after != nil {
		desk.wrote(key, after)
	}
	return nil
}

// wrote keeps an object as it is after its status was written: a report may come
// before the watch tells of the one before.
func (d *desk) wrote(key reference, o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.objects[key]; f != nil && work.Newer(o, f.object) {
		d.written[key] = o
	}
}

// object is an object as the host has it, as far as is known, and whether members' statuses are shown.
func (d *desk) object(key reference) (o *unstructured.Unstructured, collect bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.objects[key]; f != nil {
		o = f.object
	}
	if w := d.written[key]; w != nil {
		o = w
	}
	if t := d.types[key.kind]; t != nil {
		collect = t.collect
	}
	return o, collect
}
