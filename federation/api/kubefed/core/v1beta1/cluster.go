package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Version is the group and version of the types here.
var Version = schema.GroupVersion{Group: "core.kubefed.io", Version: "v1beta1"}

// KubeFedCluster is a member cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=kubefedclusters,scope=Namespaced
// +kubebuilder:printcolumn:name=age,type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name=ready,type=string,JSONPath=`.status.conditions[?(@.type=='Ready')].status`
type KubeFedCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// How it is reached.
	Spec KubeFedClusterSpec `json:"spec"`
	// What was seen of it.
	// +optional
	Status KubeFedClusterStatus `json:"status,omitempty"`
}

// KubeFedClusterSpec is how a cluster is reached.
//
// +kubebuilder:pruning:PreserveUnknownFields
type KubeFedClusterSpec struct {
	// Its API server: HOST, HOST:PORT or a URL.
	APIEndpoint string `json:"apiEndpoint"`
	// The authority of its certificate, PEM.
	// +optional
	CABundle []byte `json:"caBundle,omitempty"`
	// The Secret of the same namespace with its token.
	SecretRef LocalSecretReference `json:"secretRef"`
	// What of its certificate is not verified.
	// +optional
	DisabledTLSValidations []string `json:"disabledTLSValidations,omitempty"`
	// The way to its API server.
	// +optional
	ProxyURL string `json:"proxyURL,omitempty"`
}

// LocalSecretReference names a Secret of the same namespace.
type LocalSecretReference struct {
	// Its name.
	Name string `json:"name"`
}

// KubeFedClusterStatus is what was seen of a cluster.
//
// +kubebuilder:pruning:PreserveUnknownFields
type KubeFedClusterStatus struct {
	// Ready and Offline.
	// +optional
	Conditions []ClusterCondition `json:"conditions,omitempty"`
	// Where its nodes are.
	// +optional
	Zones []string `json:"zones,omitempty"`
	// Where its nodes are.
	// +optional
	Region *string `json:"region,omitempty"`
}

// ClusterCondition is a condition of a cluster.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ClusterCondition struct {
	// Ready or Offline.
	Type string `json:"type"`
	// True, False or Unknown.
	Status metav1.ConditionStatus `json:"status"`
	// When it was looked at last.
	// +optional
	LastProbeTime *metav1.Time `json:"lastProbeTime,omitempty"`
	// When its status changed last.
	// +optional
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
	// One word.
	// +optional
	Reason *string `json:"reason,omitempty"`
	// For people.
	// +optional
	Message *string `json:"message,omitempty"`
}
