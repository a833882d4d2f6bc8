package kubefed

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	typesv1beta1 "github.com/fedns/fedns/federation/api/kubefed/types/v1beta1"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// federated is an object of a federated kind.
type federated struct {
	reference
	object   *unstructured.Unstructured // shared, as the host has it
	spec     typesv1beta1.FederatedSpec
	affinity placement.Affinity
	findings []finding.Finding
	err      error
}

// readFederated reads an object. One that cannot be read has nothing but its error.
func readFederated(o *unstructured.Unstructured) *federated {
	f := &federated{reference: referenceTo(o), object: o}
	var stated typesv1beta1.Federated
	f.findings, f.err = finding.Decode(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": o.GetAPIVersion(), "kind": o.GetKind(), "spec": o.Object["spec"],
	}}, &stated)
	for i := range f.findings {
		f.findings[i].Object = f.reference.String()
	}
	if f.err != nil {
		return f
	}
	f.spec = stated.Spec
	f.spec.Template.Raw = nil // it is read from the object
	f.affinity, f.err = affinity(&f.spec.Placement, "spec.placement")
	if _, _, err := unstructured.NestedMap(o.Object, "spec", "template"); f.err == nil && err != nil {
		f.err = wrong("spec.template", "want an object")
	}
	if f.err == nil && f.kind == federatedNamespace && f.name != f.namespace {
		f.err = wrong("metadata.name", "got %s, want %s: it is for the namespace that it is in", f.name, f.namespace)
	}
	return f
}

// hostMetadata is what API servers write, and no template has a say in.
var hostMetadata = []string{
	"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
	"managedFields", "ownerReferences", "selfLink", "generateName",
}

// template is what members get but for overrides; on an object that cannot be read,
// its name.
func (f *federated) template(t *federation) *unstructured.Unstructured {
	body, _, err := unstructured.NestedMap(f.object.Object, "spec", "template") // a copy
	if err != nil || body == nil || f.err != nil {
		body = map[string]any{}
	}
	o := &unstructured.Unstructured{Object: body}
	if m, ok := body["metadata"].(map[string]any); ok {
		for _, field := range hostMetadata {
			delete(m, field)
		}
	} else {
		delete(body, "metadata")
	}
	delete(body, "status")
	o.SetGroupVersionKind(t.target)
	o.SetName(f.name)
	unstructured.RemoveNestedField(body, "metadata", "namespace")
	if t.namespaced {
		o.SetNamespace(f.namespace)
	}
	labels := o.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[managedLabel] = "true"
	o.SetLabels(labels)
	return o
}

// leaving says that an object is being deleted.
func (f *federated) leaving() bool { return f.object.GetDeletionTimestamp() != nil }

// bounds tells apart what a federated namespace bounds.
func (f *federated) bounds() [32]byte {
	text := ""
	if f.err != nil {
		text = f.err.Error()
	}
	return work.Digest([]any{f.affinity, f.leaving(), text})
}
