package federationv1

import (
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/interpret"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/preference"
	"github.com/fedns/fedns/federation/work"
)

// next is the order of an object that changed; false: there is none. An order that
// is as it was last is not told again.
func (d *desk) next() (work.Order, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key := range d.dirty {
		delete(d.dirty, key)
		if o, ok := d.look(key); ok {
			return o, true
		}
	}
	return work.Order{}, false
}

// look looks at an object; mu is held.
func (d *desk) look(key work.Key) (o work.Order, ok bool) {
	object, last := d.objects[key], d.ordered[key]
	delete(d.findings, key)
	if object == nil || object.GetDeletionTimestamp() != nil {
		delete(d.ordered, key)
		if last == nil {
			return o, false
		}
		return work.Order{Key: key, Dialect: Name, Source: last.source, Options: work.Options{Orphan: last.orphan}}, true
	}
	o = work.Order{Key: key, Dialect: Name, Source: source(object), Template: strip(object), Options: work.Options{Existing: work.Adopt}}
	text := ""
	if err := fill(&o, object); err != nil {
		name := fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
		d.findings[key] = finding.Finding{Object: name, Text: err.Error() + "; what was placed before stands"}
		o.Err = fmt.Errorf("%s: %w", name, err)
		text = o.Err.Error()
	}
	now := &ordered{source: o.Source, digest: work.Digest([]any{o.Template.Object, o.Source.UID, o.Placement, text})}
	if last != nil && last.digest == now.digest && !last.orphan {
		return o, false
	}
	d.ordered[key] = now
	return o, true
}

// fill completes an order by an object's annotations.
func fill(o *work.Order, object *unstructured.Unstructured) error {
	to, err := affinity(object)
	if err != nil {
		return err
	}
	r := placement.Request{Key: o.Key.String(), Kind: o.Key.Kind, Affinities: []placement.Affinity{to}, Scheduling: placement.Scheduling{Mode: placement.Duplicated}}
	if r.Replicas, r.Requests, err = interpret.Replicas(object); err != nil {
		return err
	}
	if r.Replicas != nil {
		*r.Replicas = total(object, *r.Replicas)
		if err := interpret.SetReplicas(o.Template, *r.Replicas); err != nil {
			return err
		}
		if r.Scheduling, err = scheduling(object); err != nil {
			return err
		}
	}
	r.Tolerations = preference.Tolerations(r.Replicas != nil)
	o.Placement = r
	return nil
}

// source names an object.
func source(o *unstructured.Unstructured) work.Reference {
	return work.Reference{
		Kind: o.GroupVersionKind(), Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(),
		Generation: o.GetGeneration(), Created: o.GetCreationTimestamp().Time,
	}
}

// hostMetadata is what the host's API server writes, and what means something in the
// host only.
var hostMetadata = []string{
	"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
	"managedFields", "ownerReferences", "finalizers", "selfLink", "generateName",
}

// strip is an object as members get it, in a copy. Addresses and ports that the host
// allotted are kept out of members' by who writes there.
func strip(o *unstructured.Unstructured) *unstructured.Unstructured {
	o = o.DeepCopy()
	for _, f := range hostMetadata {
		unstructured.RemoveNestedField(o.Object, "metadata", f)
	}
	unstructured.RemoveNestedField(o.Object, "status")
	all := maps.Clone(o.GetAnnotations())
	for _, key := range []string{selectorKey, deploymentKey, replicaSetKey, ingressesKey, totalKey, shareKey, lastAppliedKey, revisionKey} {
		delete(all, key)
	}
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
	if len(all) > 0 {
		o.SetAnnotations(all)
	}
	return o
}
