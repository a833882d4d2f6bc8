// Package membercluster reads member clusters from MemberClusters
// (fedns.io/v1alpha1), fedns' own objects: the kubeconfig in the Secret that
// spec.secretRef names.
//
// A MemberCluster without a secretRef states no cluster: it tells placement more of
// one that the configuration or another inventory states. Taints, price and capacity
// are for placement too. spec.drain is the operator's word, as drained in the
// configuration.
//
// It imports discovery/inventory, discovery/inventory/host and federation/api.
package membercluster
