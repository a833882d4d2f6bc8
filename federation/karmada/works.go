package karmada

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	workv1alpha1 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha1"
	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// works writes a Work for each cluster that has, or is to have, a copy.
func (d *Dialect) works(ctx context.Context, book *book, r *work.Report) error {
	var errs []error
	resource, name := d.resource(r.Order.Key.Kind), workName(r.Order.Key)
	whole := work.Digest([]any{r.Order.Template.Object, r.Order.Overrides, r.Order.Options, r.Order.Placement.Replicas != nil})
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		if o.Key != r.Order.Key || o.Phase == work.Removed {
			continue
		}
		name, cause := workNamespace(o.Cluster)+"/"+name, work.Digest([]any{whole, targetOf(r, o.Cluster), o, unheard(r, o.Cluster)})
		book.mu.Lock()
		known := book.causes[name] == cause
		book.mu.Unlock()
		if known {
			continue
		}
		w, err := d.work(r, o, resource)
		if of := (*override.Error)(nil); errors.As(err, &of) {
			continue // the outcome tells of it, and the Work stays what it was
		}
		if err == nil {
			err = d.writeWork(ctx, book, w)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		book.mu.Lock()
		book.causes[name] = cause
		book.mu.Unlock()
	}
	return errors.Join(errs...)
}

// targetOf is what a cluster is to have; nil: nothing any more.
func targetOf(r *work.Report, cluster string) *placement.Target {
	i := slices.IndexFunc(r.Decision.Targets, func(t placement.Target) bool { return t.Cluster == cluster })
	if i < 0 {
		return nil
	}
	return &r.Decision.Targets[i]
}

// resource is the plural name of a kind, as far as the host knows it.
func (d *Dialect) resource(kind schema.GroupVersionKind) string {
	if m, err := d.cfg.Host.Client().RESTMapper().RESTMapping(kind.GroupKind(), kind.Version); err == nil {
		return m.Resource.Resource
	}
	guess, _ := meta.UnsafeGuessKindToResource(kind)
	return guess.Resource
}

// work is the Work of an outcome.
func (d *Dialect) work(r *work.Report, o *work.Outcome, resource string) (*workv1alpha1.Work, error) {
	key := r.Order.Key
	manifest, err := d.copyFor(r, o.Cluster)
	if err != nil {
		return nil, fmt.Errorf("work for %s: %w", o.Cluster, err)
	}
	w := &workv1alpha1.Work{}
	w.SetGroupVersionKind(workv1alpha1.Version.WithKind("Work"))
	w.Namespace, w.Name = workNamespace(o.Cluster), workName(key)
	w.Labels = map[string]string{managedBy: fedns}
	w.Annotations = map[string]string{"resourcebinding.karmada.io/namespace": key.Namespace, "resourcebinding.karmada.io/name": bindingName(key)}
	if key.Namespace == "" {
		w.Annotations = map[string]string{"clusterresourcebinding.karmada.io/name": bindingName(key)}
	}
	w.Spec.Workload.Manifests = []workv1alpha1.Manifest{{RawExtension: runtime.RawExtension{Raw: manifest}}}
	if s := r.Order.Options.Suspend; slices.Contains(s, "*") || slices.Contains(s, o.Cluster) {
		yes := true
		w.Spec.SuspendDispatching = &yes
	}
	if r.Order.Options.Orphan {
		yes := true
		w.Spec.PreserveResourcesOnDeletion = &yes
	}
	lost := unheard(r, o.Cluster)
	w.Status.Conditions = []metav1.Condition{applied(o)}
	if c := &w.Status.Conditions[0]; lost != "" {
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, "ClusterLost", cut(c.Message+"; "+lost)
		if at := r.LostSince[o.Cluster]; !at.IsZero() {
			c.LastTransitionTime = metav1.NewTime(at)
		}
	}
	if o.Health != "" || len(o.Status) > 0 {
		s := workv1alpha1.ManifestStatus{Health: string(o.Health), Identifier: workv1alpha1.ResourceIdentifier{
			Group: key.Kind.Group, Version: key.Kind.Version, Kind: key.Kind.Kind, Resource: resource, Namespace: key.Namespace, Name: key.Name,
		}}
		if lost != "" {
			s.Health = string(work.Unknown)
		}
		if len(o.Status) > 0 {
			s.Status = &runtime.RawExtension{Raw: o.Status}
		}
		w.Status.ManifestStatuses = []workv1alpha1.ManifestStatus{s}
	}
	return w, nil
}

// applied is the condition of an outcome.
func applied(o *work.Outcome) metav1.Condition {
	c := metav1.Condition{Type: workv1alpha1.Applied, Status: metav1.ConditionTrue, Reason: "AppliedSuccessful", Message: "the cluster has it as it is to be", LastTransitionTime: metav1.NewTime(o.Since)}
	switch {
	case o.Phase != work.Applied:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, "AppliedFailed", message(o)
	case o.Reason != "":
		c.Message = message(o) // it is not all as it was sent
	}
	return c
}

// copyFor is the template as a cluster gets it.
func (d *Dialect) copyFor(r *work.Report, name string) ([]byte, error) {
	o := r.Order.Template
	if t := targetOf(r, name); t != nil && r.Order.Placement.Replicas != nil {
		o = o.DeepCopy()
		if err := interpret.SetReplicas(o, t.Replicas); err != nil {
			return nil, err
		}
	}
	if d.cfg.Cluster != nil {
		if c := d.cfg.Cluster(name); c != nil {
			changed, err := override.Apply(o, c, r.Order.Overrides)
			if err != nil {
				return nil, err
			}
			o = changed
		}
	}
	return json.Marshal(o.Object)
}

// writeWork writes a Work unless it is there as it is to be.
func (d *Dialect) writeWork(ctx context.Context, book *book, w *workv1alpha1.Work) error {
	all, status, err := plain(w)
	if err != nil {
		return err
	}
	name, now := w.Namespace+"/"+w.Name, work.Digest([]any{all.Object["spec"], status.Object["status"]})
	book.mu.Lock()
	known, there := book.works[name] == now, book.namespaces[w.Namespace]
	book.mu.Unlock()
	if known {
		return nil
	}
	c := d.cfg.Host.Client()
	if !there {
		space := named(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "", w.Namespace)
		space.SetLabels(map[string]string{managedBy: fedns})
		if err := c.Create(ctx, space); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create Namespace %s: %w", w.Namespace, err)
		}
	}
	err = apply(ctx, c, w, true, true)
	book.mu.Lock()
	defer book.mu.Unlock()
	book.namespaces[w.Namespace] = err == nil // it may have been deleted
	if err == nil {
		book.works[name] = now
	}
	return err
}

// withoutWork deletes the Work of a cluster that has no copy any more.
func (d *Dialect) withoutWork(ctx context.Context, book *book, key work.Key, cluster string) error {
	namespace, name := workNamespace(cluster), workName(key)
	if err := remove(ctx, d.cfg.Host.Client(), workv1alpha1.Version.WithKind("Work"), namespace, name); err != nil {
		return err
	}
	book.mu.Lock()
	defer book.mu.Unlock()
	delete(book.works, namespace+"/"+name)
	delete(book.causes, namespace+"/"+name)
	return nil
}

// clustersOf are the clusters that have a Work of a template.
func (b *book) clustersOf(key work.Key) (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := workName(key)
	for w := range b.works {
		if space, rest, _ := strings.Cut(w, "/"); rest == name {
			all = append(all, strings.TrimPrefix(space, workNamespace("")))
		}
	}
	return all
}
