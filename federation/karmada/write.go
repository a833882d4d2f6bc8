package karmada

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// manager owns the fields that fedns applies to bindings and Works.
const manager = client.FieldOwner("fedns-karmada")

// plain is a typed object as it is applied: without its status, and the status
// with what names its object.
func plain(v any) (object, status *unstructured.Unstructured, err error) {
	all, err := runtime.DefaultUnstructuredConverter.ToUnstructured(v)
	if err != nil {
		return nil, nil, err
	}
	object = &unstructured.Unstructured{Object: all}
	unstructured.RemoveNestedField(all, "metadata", "creationTimestamp")
	status = named(object.GroupVersionKind(), object.GetNamespace(), object.GetName())
	status.Object["status"] = all["status"]
	delete(all, "status")
	return object, status, nil
}

// named is an object with nothing but its name.
func named(kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetGroupVersionKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

// apply has an object be as v says. The status is applied if it is to be.
func apply(ctx context.Context, c client.Client, v any, spec, status bool) error {
	object, of, err := plain(v)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
	if spec {
		if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), manager, client.ForceOwnership); err != nil {
			return fmt.Errorf("write %s: %w", what, err)
		}
	}
	if status {
		if err := c.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(of), manager, client.ForceOwnership); err != nil {
			return fmt.Errorf("write the status of %s: %w", what, err)
		}
	}
	return nil
}

// remove deletes an object that fedns wrote, if it is there.
func remove(ctx context.Context, c client.Client, kind schema.GroupVersionKind, namespace, name string) error {
	o := named(kind, namespace, name)
	err := c.Delete(ctx, o, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err != nil && !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
		return fmt.Errorf("delete %s %s/%s: %w", kind.Kind, namespace, name, err)
	}
	return nil
}

// foreign says that somebody else wrote an object that is there.
func foreign(ctx context.Context, c client.Client, kind schema.GroupVersionKind, namespace, name string) (bool, error) {
	o := named(kind, namespace, name)
	err := c.Get(ctx, client.ObjectKeyFromObject(o), o)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look up %s %s/%s: %w", kind.Kind, namespace, name, err)
	}
	return o.GetLabels()[managedBy] != fedns, nil
}
