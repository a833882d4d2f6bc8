package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Version is the group and version of the types here.
var Version = schema.GroupVersion{Group: "multiclusterdns.kubefed.io", Version: "v1alpha1"}

// TTL of a record, in seconds. 0: not stated.
//
// +kubebuilder:validation:Minimum=0
type TTL int64

// Domain is a zone that names of federated Services are in. Its name is what
// ServiceDNSRecords refer to. It has no spec.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=domains,scope=Namespaced
type Domain struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// The zone.
	Domain string `json:"domain"`
	// A name server of the zone.
	// +optional
	NameServer string `json:"nameServer,omitempty"`
}

// ServiceDNSRecord has the Service of its namespace and name be found by names of a
// Domain.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=servicednsrecords,scope=Namespaced
type ServiceDNSRecord struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which names.
	// +optional
	Spec ServiceDNSRecordSpec `json:"spec,omitempty"`
	// What they lead to.
	// +optional
	Status ServiceDNSRecordStatus `json:"status,omitempty"`
}

// ServiceDNSRecordSpec says which names.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ServiceDNSRecordSpec struct {
	// The name of a Domain.
	DomainRef string `json:"domainRef"`
	// Of the records.
	// +optional
	RecordTTL TTL `json:"recordTTL,omitempty"`
	// A label of the Domain that has all addresses, too.
	// +optional
	DNSPrefix string `json:"dnsPrefix,omitempty"`
	// What names have for the Service's own.
	// +optional
	ExternalName string `json:"externalName,omitempty"`
	// Clusters where the Service has no endpoints count, too.
	// +optional
	AllowServiceWithoutEndpoints bool `json:"allowServiceWithoutEndpoints,omitempty"`
}

// ServiceDNSRecordStatus is what the names lead to.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ServiceDNSRecordStatus struct {
	// The zone of the Domain.
	// +optional
	Domain string `json:"domain,omitempty"`
	// By cluster.
	// +optional
	DNS []ClusterDNS `json:"dns,omitempty"`
}

// ClusterDNS is what a cluster adds to a Service's records.
type ClusterDNS struct {
	// Its name.
	// +optional
	Cluster string `json:"cluster,omitempty"`
	// Of the Service there.
	// +optional
	LoadBalancer corev1.LoadBalancerStatus `json:"loadBalancer,omitempty"`
	// Where the cluster is.
	// +optional
	Zones []string `json:"zones,omitempty"`
	// Where the cluster is.
	// +optional
	Region string `json:"region,omitempty"`
}

// IngressDNSRecord has the Ingress of its namespace and name be found by hosts.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=ingressdnsrecords,scope=Namespaced
type IngressDNSRecord struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which names.
	// +optional
	Spec IngressDNSRecordSpec `json:"spec,omitempty"`
	// What they lead to.
	// +optional
	Status IngressDNSRecordStatus `json:"status,omitempty"`
}

// IngressDNSRecordSpec says which names.
//
// +kubebuilder:pruning:PreserveUnknownFields
type IngressDNSRecordSpec struct {
	// Names of the records.
	// +optional
	Hosts []string `json:"hosts,omitempty"`
	// Of the records.
	// +optional
	RecordTTL TTL `json:"recordTTL,omitempty"`
}

// IngressDNSRecordStatus is what the names lead to.
//
// +kubebuilder:pruning:PreserveUnknownFields
type IngressDNSRecordStatus struct {
	// By cluster.
	// +optional
	DNS []ClusterIngressDNS `json:"dns,omitempty"`
}

// ClusterIngressDNS is what a cluster adds to an Ingress' records.
type ClusterIngressDNS struct {
	// Its name.
	// +optional
	Cluster string `json:"cluster,omitempty"`
	// Of the Ingress there.
	// +optional
	LoadBalancer corev1.LoadBalancerStatus `json:"loadBalancer,omitempty"`
}

// DNSEndpoint has records as they are to be in DNS.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=dnsendpoints,scope=Namespaced
type DNSEndpoint struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// The records.
	// +optional
	Spec DNSEndpointSpec `json:"spec,omitempty"`
	// Whether they were read.
	// +optional
	Status DNSEndpointStatus `json:"status,omitempty"`
}

// DNSEndpointSpec has records.
//
// +kubebuilder:pruning:PreserveUnknownFields
type DNSEndpointSpec struct {
	// RRsets.
	// +optional
	Endpoints []*Endpoint `json:"endpoints,omitempty"`
}

// Endpoint is an RRset.
type Endpoint struct {
	// Its owner name.
	// +optional
	DNSName string `json:"dnsName,omitempty"`
	// Its RDATA: addresses, or a name.
	// +optional
	Targets []string `json:"targets,omitempty"`
	// A, AAAA, CNAME, ….
	// +optional
	RecordType string `json:"recordType,omitempty"`
	// Of the records.
	// +optional
	RecordTTL TTL `json:"recordTTL,omitempty"`
	// For whoever writes them to a provider.
	// +optional
	Labels map[string]string `json:"labels,omitempty"`
}

// DNSEndpointStatus says whether records were read.
//
// +kubebuilder:pruning:PreserveUnknownFields
type DNSEndpointStatus struct {
	// The generation that was read.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}
