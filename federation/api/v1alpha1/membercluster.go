package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MemberCluster is a cluster whose Services are answered, and which templates can
// be placed in. Its name is the cluster's, and so a DNS label; its labels are what
// placement selects clusters by.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=mcl,categories=fedns
// +kubebuilder:printcolumn:name="Region",type=string,JSONPath=`.spec.region`
// +kubebuilder:printcolumn:name="Zones",type=string,JSONPath=`.spec.zones`
// +kubebuilder:printcolumn:name="Standing",type=string,JSONPath=`.status.standing`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Provider",type=string,priority=1,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Price",type=string,priority=1,JSONPath=`.spec.price`
// +kubebuilder:printcolumn:name="Version",type=string,priority=1,JSONPath=`.status.kubernetesVersion`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 63",message="metadata.name must be a DNS label, for it becomes part of names: at most 63 of a-z, 0-9 and -, no - at either end"
type MemberCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec MemberClusterSpec `json:"spec"`
	// +optional
	Status MemberClusterStatus `json:"status,omitempty"`
}

// MemberClusterSpec is what people say of a cluster.
type MemberClusterSpec struct {
	// SecretRef names the kubeconfig by which the cluster is reached. Without it, the
	// object only tells more of a cluster that the configuration or another inventory
	// states.
	// +optional
	SecretRef *SecretKey `json:"secretRef,omitempty"`

	// Region the cluster is in, a DNS label. Defaults to its nodes' label.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be a DNS label: at most 63 of a-z, 0-9 and -, no - at either end"
	Region string `json:"region,omitempty"`
	// Zones the cluster is in, DNS labels. Default to its nodes' labels.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	Zones []DNSLabel `json:"zones,omitempty"`
	// Provider of the infrastructure: aws, gce, …
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Provider string `json:"provider,omitempty"`
	// Networks the cluster's pods are in. Pods of clusters that share one reach each
	// other without a gateway.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	Networks []DNSLabel `json:"networks,omitempty"`

	// Price of one replica for an hour, in one currency for all clusters.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!quantity(string(self)).isLessThan(quantity('0'))",message="must not be negative"
	Price *resource.Quantity `json:"price,omitempty"`
	// Capacity overrides what is measured at the cluster's nodes.
	// +optional
	// +kubebuilder:validation:MaxProperties=24
	// +kubebuilder:validation:XValidation:rule="self.all(name, !string(self[name]).startsWith('-'))",message="no resource may be negative"
	Capacity map[corev1.ResourceName]resource.Quantity `json:"capacity,omitempty"`

	// Taints repel templates that do not tolerate them.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +listMapKey=effect
	// +kubebuilder:validation:MaxItems=64
	Taints []Taint `json:"taints,omitempty"`
	// Drain has the cluster emptied: its names are answered by others, its workloads
	// move, and nothing new is placed there.
	// +optional
	Drain bool `json:"drain,omitempty"`
}

// DNSLabel is a label of a DNS name.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be a DNS label: at most 63 of a-z, 0-9 and -, no - at either end"
type DNSLabel string

// SecretKey is a key of a Secret's data.
type SecretKey struct {
	// Namespace of the Secret: the one that the inventory memberClusters reads.
	// +optional
	// +kubebuilder:default=fedns
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// Name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// Key of its data that holds the kubeconfig.
	// +optional
	// +kubebuilder:default=kubeconfig
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// Taint is a taint as nodes have them.
//
// +kubebuilder:validation:XValidation:rule="!has(self.value) || self.value.matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",fieldPath=".value",message="must be a label's value: letters, digits, -, _ and ."
type Taint struct {
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=316
	Key string `json:"key"`
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Value string `json:"value,omitempty"`
	// Effect on templates that do not tolerate it.
	// +required
	// +kubebuilder:validation:Enum=NoSchedule;PreferNoSchedule;NoExecute
	Effect corev1.TaintEffect `json:"effect"`
	// TimeAdded is when a NoExecute taint came: tolerations for seconds count from it.
	// +optional
	TimeAdded *metav1.Time `json:"timeAdded,omitempty"`
}

// Core is the taint in the core API's type.
func (t Taint) Core() corev1.Taint {
	return corev1.Taint{Key: t.Key, Value: t.Value, Effect: t.Effect, TimeAdded: t.TimeAdded}
}

// MemberClusterList is a list of MemberClusters.
//
// +kubebuilder:object:root=true
type MemberClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MemberCluster `json:"items"`
}
