package karmada

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
)

// match is how exactly a selector selects a template: of policies with the same
// priority, the more exact one counts.
type match int

// All matches.
const (
	noMatch match = iota
	byKind
	byLabels
	byName
)

// selector selects templates; see policyv1alpha1.ResourceSelector.
type selector struct {
	kind      schema.GroupVersionKind
	namespace string // empty: any
	name      string
	labels    labels.Selector // nil: any
}

// selectors reads a policy's. A policy of a namespace selects nothing elsewhere.
func selectors(all []policyv1alpha1.ResourceSelector, namespace string) ([]selector, error) {
	var read []selector
	for i, s := range all {
		field := fmt.Sprintf("spec.resourceSelectors[%d]", i)
		version, err := schema.ParseGroupVersion(s.APIVersion)
		switch {
		case err != nil:
			return nil, wrong(field+".apiVersion", "%w", err)
		case s.APIVersion == "":
			return nil, wrong(field+".apiVersion", "missing")
		case s.Kind == "":
			return nil, wrong(field+".kind", "missing")
		case namespace != "" && s.Namespace != "" && s.Namespace != namespace:
			return nil, wrong(field+".namespace", "got %s, and a policy selects templates of its own namespace, %s, only: use a cluster-wide one", s.Namespace, namespace)
		}
		one := selector{kind: version.WithKind(s.Kind), namespace: s.Namespace, name: s.Name}
		if namespace != "" {
			one.namespace = namespace
		}
		if s.LabelSelector != nil && s.Name == "" {
			if one.labels, err = metav1.LabelSelectorAsSelector(s.LabelSelector); err != nil {
				return nil, wrong(field+".labelSelector", "%w", err)
			}
		}
		read = append(read, one)
	}
	return read, nil
}

// selects says how exactly a template is selected.
func (s selector) selects(o *unstructured.Unstructured) match {
	switch {
	case o.GroupVersionKind() != s.kind, s.namespace != "" && o.GetNamespace() != s.namespace:
		return noMatch
	case s.name != "":
		if o.GetName() == s.name {
			return byName
		}
		return noMatch
	case s.labels == nil:
		return byKind
	case s.labels.Matches(labels.Set(o.GetLabels())):
		return byLabels
	}
	return noMatch
}

// best is the most exact match of any of several selectors.
func best(all []selector, o *unstructured.Unstructured) match {
	found := noMatch
	for _, s := range all {
		found = max(found, s.selects(o))
	}
	return found
}

// exempt says why a template must not be propagated, whatever selects it; empty: it may be.
func exempt(o *unstructured.Unstructured) string {
	kind := o.GroupVersionKind()
	switch {
	case kind.Group == "karmada.io" || strings.HasSuffix(kind.Group, ".karmada.io"):
		return "objects of Karmada say what is propagated, and are not propagated themselves"
	case kind.Group == "fedns.io":
		return "objects of fedns say what is propagated, and are not propagated themselves"
	case kind.Kind == "Event" && (kind.Group == "" || kind.Group == "events.k8s.io"):
		return "Events tell of what happened in their own cluster"
	case kind.Group == "coordination.k8s.io":
		return "Leases are held by who runs in their own cluster"
	case kind.Kind == "Node" && kind.Group == "":
		return "Nodes are made by who runs on them"
	case kind.Group == "discovery.k8s.io" || kind.Kind == "Endpoints" && kind.Group == "":
		return "each cluster writes the endpoints of its own Services"
	case kind.Kind == "Secret" && kind.Group == "" && secretType(o) == "kubernetes.io/service-account-token":
		return "a token is good in its own cluster only"
	case reserved(o.GetNamespace()), kind.Kind == "Namespace" && kind.Group == "" && reserved(o.GetName()):
		return "namespaces kube-* and karmada-* belong to their own cluster"
	case kind.Kind == "ConfigMap" && kind.Group == "" && o.GetName() == "kube-root-ca.crt":
		return "each cluster writes its own certificate authority there"
	}
	return ""
}

func secretType(o *unstructured.Unstructured) string {
	t, _, _ := unstructured.NestedString(o.Object, "type")
	return t
}

// reserved says that a namespace belongs to Kubernetes or Karmada.
func reserved(namespace string) bool {
	return strings.HasPrefix(namespace, "kube-") || strings.HasPrefix(namespace, "karmada-")
}
