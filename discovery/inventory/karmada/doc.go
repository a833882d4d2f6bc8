// Package karmada reads member clusters from the Clusters of a Karmada control
// plane (cluster.karmada.io/v1alpha1): spec.apiEndpoint, and the token and
// caBundle of the Secret that spec.secretRef names.
//
// Clusters of sync mode Pull have no Secret, for Karmada does not reach them
// either, and get a finding. Taints are told and nothing more: whether a cluster is
// answered is decided on evidence.
//
// The host is Karmada's API server, not the cluster that Karmada runs in.
//
// It imports discovery/inventory, discovery/inventory/host and client-go.
package karmada
