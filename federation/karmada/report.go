package karmada

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	workv1alpha2 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha2"
	"github.com/fedns/fedns/federation/work"
)

// Report implements work.Dialect: it writes the template's ResourceBinding, its
// Works, what its copies' statuses come to, and which policy claimed it. What is
// as it was written last is not written again.
func (d *Dialect) Report(ctx context.Context, r work.Report) error {
	d.mu.Lock()
	desk, book := d.desk, d.book
	d.mu.Unlock()
	if desk == nil || book == nil {
		return errors.New("karmada: not running")
	}
	st, template, yielded := desk.of(r.Order.Key)
	if yielded || r.Order.Template == nil || template == nil {
		return nil // what was taken back is erased by the clerk
	}
	return errors.Join(
		d.claim(ctx, desk, template, st),
		d.bind(ctx, book, &r, st),
		d.status(ctx, desk, book, &r),
	)
}

// of is what is known of a template, as it was told or written last.
func (d *desk) of(key work.Key) (st *standing, template *unstructured.Unstructured, yielded bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if template = d.templates[key.Kind][key]; template != nil && d.written[key] != nil {
		template = d.written[key]
	}
	return d.standing[key], template, d.yielded
}

// wrote keeps a template as it is after it was written: a report may come before the
// watch tells of the one before.
func (d *desk) wrote(key work.Key, o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if seen := d.templates[key.Kind][key]; seen != nil && work.Newer(o, seen) {
		d.written[key] = o
	}
}

// bind writes the binding and the Works.
func (d *Dialect) bind(ctx context.Context, book *book, r *work.Report, st *standing) error {
	key, c := r.Order.Key, d.cfg.Host.Client()
	last := book.binding(key)
	var before *workv1alpha2.ResourceBinding
	if last == nil {
		alien, err := foreign(ctx, c, bindingKind(key), key.Namespace, bindingName(key))
		switch {
		case meta.IsNoMatchError(err):
			return nil // without the definitions there is nowhere to write
		case err != nil:
			return err
		case alien:
			return fmt.Errorf("%s %s/%s: somebody else wrote it, and it is left alone", bindingKind(key).Kind, key.Namespace, bindingName(key))
		}
		last = &entry{}
	} else {
		before = &workv1alpha2.ResourceBinding{Status: workv1alpha2.ResourceBindingStatus{Conditions: last.conditions}}
	}
	b := binding(r, st, before)
	now := entryOf(b)
	if err := apply(ctx, c, b, now.spec != last.spec, now.status != last.status); err != nil {
		return err
	}
	if turned(last, now) {
		d.clerk.tell(schedulingEvent(r, now))
	}
	var err error
	if !d.cfg.WithoutWorks {
		err = d.works(ctx, book, r)
		for _, cluster := range last.clusters {
			if !slices.Contains(now.clusters, cluster) {
				err = errors.Join(err, d.withoutWork(ctx, book, key, cluster))
			}
		}
	}
	if err != nil {
		now.clusters = append(now.clusters, last.clusters...) // so that they are looked at again
	}
	book.note(key, now)
	return err
}

// turned says that whether it is placed is not what it was.
func turned(last, now *entry) bool {
	a, b := meta.FindStatusCondition(last.conditions, workv1alpha2.Scheduled), meta.FindStatusCondition(now.conditions, workv1alpha2.Scheduled)
	return b != nil && (a == nil || a.Status != b.Status || a.Reason != b.Reason || a.Message != b.Message)
}
