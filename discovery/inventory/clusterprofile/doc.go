// Package clusterprofile reads member clusters from the ClusterProfiles that a
// cluster manager keeps (multicluster.x-k8s.io, KEP-4322). A cluster's name is its
// profile's; region and zone are the properties topology.kubernetes.io/region and
// topology.kubernetes.io/zone.
//
// A profile tells how to reach a cluster in one of two ways, looked for in this
// order:
//
//	Secret           label x-k8s.io/cluster-profile: NAME, in the profile's namespace or with the label
//	                 x-k8s.io/cluster-profile-namespace; data.Config or data.config is a kubeconfig (KEP-4322)
//	access provider  status.accessProviders (in v1alpha1 also credentialProviders, which it replaces) has the address,
//	                 the configuration's providers file the program that gets credentials (KEP-5339)
//
// That a profile's condition ControlPlaneHealthy is not True is a finding and
// nothing more: whether a cluster is answered is decided on evidence.
//
// Checked in November 2026 against cluster-inventory-api v0.2.0, which serves
// v1alpha2 and v1alpha1.
//
// It imports discovery/inventory, discovery/inventory/host and client-go.
package clusterprofile
