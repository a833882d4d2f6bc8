package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Version is the group and version of the types here.
var Version = schema.GroupVersion{Group: "work.karmada.io", Version: "v1alpha1"}

// Work is what a member cluster gets, and what came of it there. It is in the
// namespace karmada-es-<cluster>.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=works,scope=Namespaced,shortName=wk,categories={karmada-io}
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Applied")].status`,name="Applied",type=string
// +kubebuilder:printcolumn:JSONPath=`.metadata.creationTimestamp`,name="Age",type=date
type Work struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What the cluster gets.
	Spec WorkSpec `json:"spec"`
	// What came of it.
	// +optional
	Status WorkStatus `json:"status,omitempty"`
}

// WorkSpec is what a cluster gets.
//
// +kubebuilder:pruning:PreserveUnknownFields
type WorkSpec struct {
	// The objects.
	Workload WorkloadTemplate `json:"workload,omitempty"`
	// Nothing is written for the time being.
	// +optional
	SuspendDispatching *bool `json:"suspendDispatching,omitempty"`
	// The member keeps its objects when this is deleted.
	// +optional
	PreserveResourcesOnDeletion *bool `json:"preserveResourcesOnDeletion,omitempty"`
}

// WorkloadTemplate holds objects.
type WorkloadTemplate struct {
	// fedns writes one.
	// +optional
	Manifests []Manifest `json:"manifests,omitempty"`
}

// Manifest is an object of any kind.
type Manifest struct {
	// +kubebuilder:pruning:PreserveUnknownFields
	runtime.RawExtension `json:",inline"`
}

// WorkStatus is what came of it.
//
// +kubebuilder:pruning:PreserveUnknownFields
type WorkStatus struct {
	// Applied, Available, Dispatching.
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// Of each manifest.
	// +optional
	ManifestStatuses []ManifestStatus `json:"manifestStatuses,omitempty"`
}

// ManifestStatus is the status of an object in the cluster.
type ManifestStatus struct {
	// Which one.
	Identifier ResourceIdentifier `json:"identifier"`
	// As the cluster has it.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Status *runtime.RawExtension `json:"status,omitempty"`
	// Whether it does its work.
	// +kubebuilder:validation:Enum=Healthy;Unhealthy;Unknown
	// +optional
	Health string `json:"health,omitempty"`
}

// ResourceIdentifier names a manifest's object.
type ResourceIdentifier struct {
	// Its place among the manifests.
	Ordinal int `json:"ordinal"`
	// Of its kind.
	Group string `json:"group,omitempty"`
	// Of its kind.
	Version string `json:"version"`
	// Its kind.
	Kind string `json:"kind"`
	// Its kind's plural name.
	Resource string `json:"resource"`
	// Empty: it has none.
	Namespace string `json:"namespace,omitempty"`
	// Its name.
	Name string `json:"name"`
}

// Types of conditions.
const (
	Applied     = "Applied"
	Available   = "Available"
	Dispatching = "Dispatching"
)
