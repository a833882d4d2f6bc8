package karmada

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hostMetadata is what the host's API server writes, and what means something in
// the host only.
var hostMetadata = []string{
	"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
	"managedFields", "ownerReferences", "finalizers", "selfLink", "generateName",
}

// hostAnnotations mean something in the host only.
var hostAnnotations = []string{
	"kubectl.kubernetes.io/last-applied-configuration",
	"deployment.kubernetes.io/revision",
	"pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
	"volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/selected-node",
	conflictResolution,
	policyNameAnnotation, policyNamespaceAnnotation, clusterPolicyNameAnnotation,
}

// hostLabels mean something in the host only.
var hostLabels = []string{policyIDLabel, clusterPolicyIDLabel, retainReplicas}

// strip is a template as members get it, in a copy: without what an API server and
// its controllers wrote.
func strip(o *unstructured.Unstructured) *unstructured.Unstructured {
	o = o.DeepCopy()
	for _, f := range hostMetadata {
		unstructured.RemoveNestedField(o.Object, "metadata", f)
	}
	unstructured.RemoveNestedField(o.Object, "status")
	without(o, "annotations", hostAnnotations)
	without(o, "labels", hostLabels)
	switch o.GroupVersionKind().GroupKind().String() {
	case "Service":
		service(o)
	case "Job.batch":
		job(o)
	case "ServiceAccount":
		serviceAccount(o)
	case "PersistentVolumeClaim":
		unstructured.RemoveNestedField(o.Object, "spec", "volumeName")
	case "PersistentVolume":
		unstructured.RemoveNestedField(o.Object, "spec", "claimRef", "uid")
		unstructured.RemoveNestedField(o.Object, "spec", "claimRef", "resourceVersion")
	case "Namespace":
		unstructured.RemoveNestedField(o.Object, "spec", "finalizers")
	case "Pod":
		unstructured.RemoveNestedField(o.Object, "spec", "nodeName")
	}
	if spec, ok := o.Object["spec"].(map[string]any); ok && len(spec) == 0 {
		delete(o.Object, "spec")
	}
	return o
}

// without takes keys out of labels or annotations; the last one takes the map along.
func without(o *unstructured.Unstructured, field string, keys []string) {
	all, ok, _ := unstructured.NestedMap(o.Object, "metadata", field)
	if !ok {
		return
	}
	for _, k := range keys {
		delete(all, k)
	}
	if len(all) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
		return
	}
	_ = unstructured.SetNestedMap(o.Object, all, "metadata", field)
}

// service loses the addresses that the host allotted. A headless Service stays one.
func service(o *unstructured.Unstructured) {
	if ip, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP"); ip != "None" {
		unstructured.RemoveNestedField(o.Object, "spec", "clusterIP")
		unstructured.RemoveNestedField(o.Object, "spec", "clusterIPs")
	}
	unstructured.RemoveNestedField(o.Object, "spec", "healthCheckNodePort")
}

// job loses the selector that the host made up, unless people did.
func job(o *unstructured.Unstructured) {
	if manual, _, _ := unstructured.NestedBool(o.Object, "spec", "manualSelector"); manual {
		return
	}
	for _, label := range []string{"controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"} {
		unstructured.RemoveNestedField(o.Object, "spec", "template", "metadata", "labels", label)
	}
	unstructured.RemoveNestedField(o.Object, "spec", "selector")
}

// serviceAccount loses the token that the host made for it.
func serviceAccount(o *unstructured.Unstructured) {
	list, ok, _ := unstructured.NestedSlice(o.Object, "secrets")
	if !ok {
		return
	}
	var kept []any
	for _, item := range list {
		m, _ := item.(map[string]any)
		if name, _ := m["name"].(string); !strings.HasPrefix(name, o.GetName()+"-token-") {
			kept = append(kept, item)
		}
	}
	if len(kept) == 0 {
		delete(o.Object, "secrets")
		return
	}
	o.Object["secrets"] = kept
}
