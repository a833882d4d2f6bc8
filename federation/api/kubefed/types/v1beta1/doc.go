// Package v1beta1 has what all kinds of KubeFed's group types.kubefed.io have in
// common: FederatedDeployment, FederatedService and whatever else a
// FederatedTypeConfig names. The kinds differ in their template only, which is
// read from the object as it stands.
//
// Types only: it imports apimachinery.
//
// +kubebuilder:object:generate=true
package v1beta1
