package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Types of a MemberCluster's conditions.
const (
	// ConditionReady is the whole of the others: the cluster is live.
	ConditionReady = "Ready"
	// ConditionReachable is whether its API server answers.
	ConditionReachable = "Reachable"
	// ConditionSynced is whether everything there was read once, and is current.
	ConditionSynced = "Synced"
	// ConditionDataPath is whether its gateways answer probes.
	ConditionDataPath = "DataPath"
	// ConditionCredentials is whether its token is good and renewed in time.
	ConditionCredentials = "Credentials"
)

// MemberClusterStatus is what the evidence says of a cluster. Only the leader of
// fedns' replicas writes it.
type MemberClusterStatus struct {
	// Standing sums the evidence up: syncing, live, degraded, unreachable, drained or evicted.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Standing string `json:"standing,omitempty"`
	// StandingSince is when the standing began.
	// +optional
	StandingSince *metav1.Time `json:"standingSince,omitempty"`
	// Conditions are the evidence: Ready, Reachable, Synced, DataPath and Credentials.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// KubernetesVersion of its API server.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	// Capacity as measured at its nodes and pods.
	// +optional
	Capacity *MeasuredCapacity `json:"capacity,omitempty"`
	// TokenExpires is when the token by which it is reached is no longer good.
	// +optional
	TokenExpires *metav1.Time `json:"tokenExpires,omitempty"`
	// ObservedGeneration is the generation that the status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}

// MeasuredCapacity is what a cluster's ready nodes hold.
type MeasuredCapacity struct {
	// Nodes that are ready and not cordoned.
	// +optional
	Nodes int32 `json:"nodes,omitempty"`
	// Allocatable resources of those nodes.
	// +optional
	Allocatable corev1.ResourceList `json:"allocatable,omitempty"`
	// Requested of them by pods.
	// +optional
	Requested corev1.ResourceList `json:"requested,omitempty"`
	// Measured is when.
	// +optional
	Measured *metav1.Time `json:"measured,omitempty"`
}
