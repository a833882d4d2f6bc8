// Package v1alpha1 has ReplicaSchedulingPreference of KubeFed's group
// scheduling.kubefed.io: how the replicas of a federated workload are told out.
//
// Types only: it imports apimachinery.
//
// +kubebuilder:object:generate=true
// +groupName=scheduling.kubefed.io
// +versionName=v1alpha1
package v1alpha1
