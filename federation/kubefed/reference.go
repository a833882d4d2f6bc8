package kubefed

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	corev1beta1 "github.com/fedns/fedns/federation/api/kubefed/core/v1beta1"
	schedulingv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/scheduling/v1alpha1"
	typesv1beta1 "github.com/fedns/fedns/federation/api/kubefed/types/v1beta1"
	"github.com/fedns/fedns/federation/work"
)

// Name is the dialect's.
const Name = "kubefed"

// Kinds that all others depend on.
var (
	typeConfigKind     = corev1beta1.Version.WithKind("FederatedTypeConfig")
	preferenceKind     = schedulingv1alpha1.Version.WithKind("ReplicaSchedulingPreference")
	federatedNamespace = typesv1beta1.Version.WithKind("FederatedNamespace")
)

// Labels, annotations and the finalizer, as KubeFed has them.
const (
	managedLabel = "kubefed.io/managed"
	orphanKey    = "kubefed.io/orphan"
	finalizer    = "kubefed.io/sync-controller"
)

// reference names an object of the host.
type reference struct {
	kind            schema.GroupVersionKind
	namespace, name string
}

func referenceTo(o *unstructured.Unstructured) reference {
	return reference{o.GroupVersionKind(), o.GetNamespace(), o.GetName()}
}

// String is the reference for people: FederatedDeployment shop/web.
func (r reference) String() string {
	if r.namespace == "" {
		return r.kind.Kind + " " + r.name
	}
	return r.kind.Kind + " " + r.namespace + "/" + r.name
}

// source is the reference as orders have it.
func source(o *unstructured.Unstructured) work.Reference {
	return work.Reference{
		Kind: o.GroupVersionKind(), Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(),
		Generation: o.GetGeneration(), Created: o.GetCreationTimestamp().Time,
	}
}

// orphaned says that members keep what they have.
func orphaned(o *unstructured.Unstructured) bool {
	return o.GetAnnotations()[orphanKey] == "true" || o.GetLabels()[orphanKey] == "true"
}

// wrong makes an error of a field.
func wrong(field, format string, args ...any) error {
	return fmt.Errorf("%s: %w", field, fmt.Errorf(format, args...))
}
