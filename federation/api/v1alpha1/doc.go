// Package v1alpha1 is fedns' own part of the host cluster's API: fedns.io/v1alpha1.
//
//	MemberCluster  what people say of a member (where it is, how it is reached, what
//	               it costs) and what the evidence says of it
//	Binding        what the engine has decided for one template: which clusters have
//	               it, since when, and what is leaving. It is the engine's only store
//
// What these objects must be like is stated beside each field and enforced by the
// API server (deploy/crds, by `make generate`).
//
// It imports apimachinery and k8s.io/api/core.
//
// +kubebuilder:object:generate=true
// +groupName=fedns.io
package v1alpha1
