// Package kubefed reads member clusters from the KubeFedClusters of a KubeFed
// control plane (core.kubefed.io/v1beta1): spec.apiEndpoint and spec.caBundle, and
// the token of the Secret of the same namespace that spec.secretRef names.
//
// KubeFed is retired; its clusters still are where it left them.
//
// It imports discovery/inventory, discovery/inventory/host and client-go.
package kubefed
