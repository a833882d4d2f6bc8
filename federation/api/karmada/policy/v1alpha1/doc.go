// Package v1alpha1 has the policies of Karmada's group policy.karmada.io, as far
// as fedns reads them: which templates go where, and how they differ there. What
// upstream has more of is kept by the API server and not read.
//
// Types only: it imports apimachinery and Kubernetes' core types.
//
// +kubebuilder:object:generate=true
// +groupName=policy.karmada.io
// +versionName=v1alpha1
package v1alpha1
