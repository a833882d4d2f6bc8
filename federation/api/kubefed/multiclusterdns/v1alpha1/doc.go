// Package v1alpha1 has the records of KubeFed's group multiclusterdns.kubefed.io:
// Domain, ServiceDNSRecord, IngressDNSRecord and DNSEndpoint. Upstream took them
// out in 2021; their users still have them.
//
// Types only: it imports apimachinery and Kubernetes' core types.
//
// +kubebuilder:object:generate=true
// +groupName=multiclusterdns.kubefed.io
// +versionName=v1alpha1
package v1alpha1
