// Package v1alpha2 has ResourceBinding and ClusterResourceBinding of Karmada's
// group work.karmada.io: where one template is, and what came of it. fedns writes
// them for people and their tools to read, and reads back its own when the policy
// of a template is gone.
//
// Types only: it imports apimachinery, Kubernetes' core types and the policies'.
//
// +kubebuilder:object:generate=true
// +groupName=work.karmada.io
// +versionName=v1alpha2
package v1alpha2
