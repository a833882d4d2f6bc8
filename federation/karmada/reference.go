package karmada

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	"github.com/fedns/fedns/federation/work"
)

// Name is the dialect's.
const Name = "karmada"

// Kinds of policies.
var (
	propagationPolicy        = policyv1alpha1.Version.WithKind("PropagationPolicy")
	clusterPropagationPolicy = policyv1alpha1.Version.WithKind("ClusterPropagationPolicy")
	overridePolicy           = policyv1alpha1.Version.WithKind("OverridePolicy")
	clusterOverridePolicy    = policyv1alpha1.Version.WithKind("ClusterOverridePolicy")
)

// reference names a policy.
type reference struct{ kind, namespace, name string }

func referenceTo(o *unstructured.Unstructured) reference {
	return reference{o.GetKind(), o.GetNamespace(), o.GetName()}
}

// String is the reference for people: PropagationPolicy shop/web.
func (r reference) String() string {
	if r.namespace == "" {
		return r.kind + " " + r.name
	}
	return r.kind + " " + r.namespace + "/" + r.name
}

// gvk is the policy's kind with its group and version.
func (r reference) gvk() schema.GroupVersionKind { return policyv1alpha1.Version.WithKind(r.kind) }

// keyOf is what a template is ordered as.
func keyOf(o *unstructured.Unstructured) work.Key {
	return work.Key{Kind: o.GroupVersionKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// wrong makes an error of a field.
func wrong(field, format string, args ...any) error {
	return fmt.Errorf("%s: %w", field, fmt.Errorf(format, args...))
}
