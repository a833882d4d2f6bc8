package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Placement selects clusters and tells replicas out.
//
// +kubebuilder:pruning:PreserveUnknownFields
type Placement struct {
	// Clusters that may be chosen. Not together with clusterAffinities.
	// +optional
	ClusterAffinity *ClusterAffinity `json:"clusterAffinity,omitempty"`
	// Groups of clusters, of which the first that will do is chosen.
	// +optional
	ClusterAffinities []ClusterAffinityTerm `json:"clusterAffinities,omitempty"`
	// Taints of clusters that do not matter.
	// +optional
	ClusterTolerations []corev1.Toleration `json:"clusterTolerations,omitempty"`
	// Over how many groups of clusters templates go.
	// +optional
	SpreadConstraints []SpreadConstraint `json:"spreadConstraints,omitempty"`
	// How replicas are told out. None: all of them in each cluster.
	// +optional
	ReplicaScheduling *ReplicaScheduling `json:"replicaScheduling,omitempty"`
}

// ClusterAffinity selects the clusters that all of its parts select. An empty one
// selects all.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ClusterAffinity struct {
	// By labels.
	// +optional
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
	// By provider, region and zone.
	// +optional
	FieldSelector *FieldSelector `json:"fieldSelector,omitempty"`
	// By name.
	// +optional
	ClusterNames []string `json:"clusterNames,omitempty"`
	// But not these.
	// +optional
	ExcludeClusters []string `json:"exclude,omitempty"`
}

// ClusterAffinityTerm is a group of clusters.
type ClusterAffinityTerm struct {
	// The group's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	AffinityName string `json:"affinityName"`

	ClusterAffinity `json:",inline"`
}

// FieldSelector selects clusters by their fields. All expressions have to hold.
type FieldSelector struct {
	// With the keys provider, region and zone, and the operators In and NotIn.
	MatchExpressions []corev1.NodeSelectorRequirement `json:"matchExpressions,omitempty"`
}

// SpreadConstraint limits over how many groups of clusters a template goes.
//
// +kubebuilder:pruning:PreserveUnknownFields
type SpreadConstraint struct {
	// What clusters of a group have in common. Neither this nor spreadByLabel: cluster.
	// +kubebuilder:validation:Enum=cluster;region;zone;provider
	// +optional
	SpreadByField string `json:"spreadByField,omitempty"`
	// A label whose value clusters of a group have in common.
	// +optional
	SpreadByLabel string `json:"spreadByLabel,omitempty"`
	// At most so many groups. 0: any number.
	// +optional
	MaxGroups int `json:"maxGroups,omitempty"`
	// At least so many groups. Defaults to 1.
	// +optional
	MinGroups int `json:"minGroups,omitempty"`
}

// ReplicaScheduling says how replicas are told out.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ReplicaScheduling struct {
	// All replicas in each cluster, or some in each.
	// +kubebuilder:validation:Enum=Duplicated;Divided
	// +kubebuilder:default=Divided
	// +optional
	ReplicaSchedulingType string `json:"replicaSchedulingType,omitempty"`
	// How they are divided.
	// +kubebuilder:validation:Enum=Aggregated;Weighted
	// +optional
	ReplicaDivisionPreference string `json:"replicaDivisionPreference,omitempty"`
	// Weights of Weighted. None: all clusters have the same.
	// +optional
	WeightPreference *ClusterPreferences `json:"weightPreference,omitempty"`
}

// Values of ReplicaScheduling's fields, and of dynamicWeight.
const (
	Duplicated        = "Duplicated"
	Divided           = "Divided"
	Aggregated        = "Aggregated"
	Weighted          = "Weighted"
	AvailableReplicas = "AvailableReplicas"
)

// ClusterPreferences are weights of clusters.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ClusterPreferences struct {
	// Stated weights.
	// +optional
	StaticWeightList []StaticClusterWeight `json:"staticWeightList,omitempty"`
	// Weights are how many replicas each cluster can hold; the stated ones do not count then.
	// +kubebuilder:validation:Enum=AvailableReplicas
	// +optional
	DynamicWeight string `json:"dynamicWeight,omitempty"`
}

// StaticClusterWeight is the weight of some clusters.
type StaticClusterWeight struct {
	// The clusters.
	TargetCluster ClusterAffinity `json:"targetCluster"`
	// The weight of each.
	// +kubebuilder:validation:Minimum=1
	Weight int64 `json:"weight"`
}
