package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Types of a Binding's conditions.
const (
	// ConditionScheduled is whether a placement was found.
	ConditionScheduled = "Scheduled"
	// ConditionPropagated is whether every target has what it is to have.
	ConditionPropagated = "Propagated"
	// ConditionHealthy is whether it does its work in every target.
	ConditionHealthy = "Healthy"
)

// BindingStatus is what came of a decision.
type BindingStatus struct {
	// Clusters that have the template, are to have it, or are leaving.
	// +optional
	// +listType=map
	// +listMapKey=cluster
	// +kubebuilder:validation:MaxItems=10000
	Clusters []ClusterStatus `json:"clusters,omitempty"`
	// Placed is the spec's targets in a line, for people: eu-1=3 eu-2=2. See BindingSpec.Placed.
	// +optional
	Placed string `json:"placed,omitempty"`
	// Conditions are Scheduled, Propagated and Healthy.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// ObservedGeneration is the generation that the status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Abandoned are clusters that were gone before the object could be removed from them.
	// +optional
	// +listType=map
	// +listMapKey=cluster
	// +kubebuilder:validation:MaxItems=10000
	Abandoned []Abandoned `json:"abandoned,omitempty"`
}

// ClusterStatus is what came of a decision in one cluster.
type ClusterStatus struct {
	// +required
	Cluster DNSLabel `json:"cluster"`
	// Phase is Pending, Waiting, Applied, Failed, Removing, Removed or Abandoned.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Phase string `json:"phase,omitempty"`
	// Reason is one word for machines.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Reason string `json:"reason,omitempty"`
	// Message is for people, in the cluster's own words.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
	// Health is Healthy, Unhealthy or Unknown.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Health string `json:"health,omitempty"`
	// Replicas that run there.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// Ready replicas of those.
	// +optional
	Ready int32 `json:"ready,omitempty"`
	// Since when the phase lasts.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}

// Abandoned is a cluster that was gone before the object could be removed from it.
type Abandoned struct {
	// +required
	Cluster DNSLabel `json:"cluster"`
	// +required
	Since metav1.Time `json:"since"`
}
