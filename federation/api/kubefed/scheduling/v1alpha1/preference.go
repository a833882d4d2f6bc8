package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Version is the group and version of the types here.
var Version = schema.GroupVersion{Group: "scheduling.kubefed.io", Version: "v1alpha1"}

// ReplicaSchedulingPreference is for the federated workload of its own namespace
// and name.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=replicaschedulingpreferences,scope=Namespaced,shortName=rsp
type ReplicaSchedulingPreference struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// How replicas are told out.
	// +optional
	Spec ReplicaSchedulingPreferenceSpec `json:"spec,omitempty"`
	// Upstream has nothing here.
	// +optional
	Status ReplicaSchedulingPreferenceStatus `json:"status,omitempty"`
}

// ReplicaSchedulingPreferenceSpec is how replicas are told out.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ReplicaSchedulingPreferenceSpec struct {
	// FederatedDeployment or FederatedReplicaSet, or another federated kind with replicas.
	TargetKind string `json:"targetKind"`
	// In all clusters together; those of the template do not count.
	// +kubebuilder:validation:Minimum=1
	TotalReplicas int32 `json:"totalReplicas"`
	// Replicas that run are moved to where the preferences want them.
	// +optional
	Rebalance bool `json:"rebalance,omitempty"`
	// Only the clusters that the workload's own placement selects get any.
	// +optional
	IntersectWithClusterSelector bool `json:"intersectWithClusterSelector,omitempty"`
	// By cluster; "*" is for those that are not named. Without "*" those get none;
	// without anything all are alike.
	// +optional
	Clusters map[string]ClusterPreferences `json:"clusters,omitempty"`
}

// ClusterPreferences are a cluster's.
type ClusterPreferences struct {
	// It gets as many at least.
	// +kubebuilder:validation:Minimum=0
	// +optional
	MinReplicas int64 `json:"minReplicas,omitempty"`
	// It gets as many at most.
	// +kubebuilder:validation:Minimum=0
	// +optional
	MaxReplicas *int64 `json:"maxReplicas,omitempty"`
	// Its part of those that are left.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Weight int64 `json:"weight,omitempty"`
}

// ReplicaSchedulingPreferenceStatus is empty upstream.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ReplicaSchedulingPreferenceStatus struct{}
