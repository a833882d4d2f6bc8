// Package v1beta1 has KubeFedCluster and FederatedTypeConfig of KubeFed's group
// core.kubefed.io, as far as fedns reads and writes them. KubeFedConfig and the
// PropagatedVersions are KubeFed's own business and not here.
//
// Types only: it imports apimachinery.
//
// +kubebuilder:object:generate=true
// +groupName=core.kubefed.io
// +versionName=v1beta1
package v1beta1
