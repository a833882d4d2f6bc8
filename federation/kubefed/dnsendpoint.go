package kubefed

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dnsv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/multiclusterdns/v1alpha1"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/work"
)

// endpoint writes a record's DNSEndpoint, if it is another one. The record owns it,
// so that it goes with the record.
func (r *registrar) endpoint(ctx context.Context, e *entry, endpoints []*dnsv1alpha1.Endpoint) error {
	owner := metav1.OwnerReference{APIVersion: e.key.kind.GroupVersion().String(), Kind: e.key.kind.Kind, Name: e.key.name, UID: e.naming.object.GetUID()}
	key := reference{endpointKind, e.key.namespace, endpointOf(e.key)}
	if endpoints == nil {
		endpoints = []*dnsv1alpha1.Endpoint{}
	}
	want, err := json.Marshal(endpoints)
	if err != nil {
		return err
	}
	if e.endpoint == nil {
		r.ofOthers(e, nil)
		return r.create(ctx, key, owner, want)
	}
	owners := e.endpoint.GetOwnerReferences()
	if r.ofOthers(e, owners) {
		return nil
	}
	spec, _, _ := unstructured.NestedMap(e.endpoint.Object, "spec")
	have, err := json.Marshal(spec["endpoints"])
	if err != nil || sameJSON(have, want) && slices.ContainsFunc(owners, func(o metav1.OwnerReference) bool { return o.UID == owner.UID }) {
		return err
	}
	after, err := patchObject(ctx, r.cfg.Host.Client(), key, map[string]any{
		"metadata": map[string]any{"uid": e.endpoint.GetUID(), "ownerReferences": []metav1.OwnerReference{owner}},
		"spec":     map[string]any{"endpoints": json.RawMessage(want)},
	}, false)
	if err == nil && after != nil {
		r.desk.endpointIs(key, after)
	}
	return client.IgnoreNotFound(err)
}

// create makes a DNSEndpoint, unless it would be empty.
func (r *registrar) create(ctx context.Context, key reference, owner metav1.OwnerReference, endpoints []byte) error {
	var list []any
	if err := json.Unmarshal(endpoints, &list); err != nil || len(list) == 0 {
		return err
	}
	o := named(endpointKind, key.namespace, key.name)
	o.SetOwnerReferences([]metav1.OwnerReference{owner})
	o.Object["spec"] = map[string]any{"endpoints": list}
	if err := r.cfg.Host.Client().Create(ctx, o, manager); err != nil {
		if apierrors.IsAlreadyExists(err) {
			return nil // a watch will tell of it
		}
		return err
	}
	r.desk.endpointIs(key, o)
	return nil
}

// endpointIs takes in a DNSEndpoint as it was written.
func (d *desk) endpointIs(key reference, o *unstructured.Unstructured) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if have := d.endpoints[key]; have == nil || work.Newer(o, have) {
		d.endpoints[key] = o
	}
}

// ofOthers says that a DNSEndpoint has an owner that is no record of this name: it is
// left alone. One without an owner is KubeFed's, and adopted.
func (r *registrar) ofOthers(e *entry, owners []metav1.OwnerReference) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.foreign, e.key)
	for _, o := range owners {
		if o.Kind != e.key.kind.Kind || o.Name != e.key.name {
			r.foreign[e.key] = finding.Finding{Object: e.key.String(), Text: fmt.Sprintf("DNSEndpoint %s is of %s %s, and is left alone", endpointOf(e.key), o.Kind, o.Name)}
			return true
		}
	}
	return false
}

// found are the findings of DNSEndpoints.
func (r *registrar) found() (all []finding.Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, f := range r.foreign {
		if r.desk.has(key) {
			all = append(all, f)
		}
	}
	return all
}

// has says that there is a record.
func (d *desk) has(key reference) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.records[key] != nil
}
