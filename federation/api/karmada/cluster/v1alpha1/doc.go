// Package v1alpha1 has Cluster of Karmada's group cluster.karmada.io, as far as
// fedns reads it. fedns writes none.
//
// Types only: it imports apimachinery and Kubernetes' core types.
//
// +kubebuilder:object:generate=true
// +groupName=cluster.karmada.io
// +versionName=v1alpha1
package v1alpha1
