package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Version is the group and version of the types here.
var Version = schema.GroupVersion{Group: "cluster.karmada.io", Version: "v1alpha1"}

// Cluster is a member cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=clusters,scope=Cluster,categories={karmada-io}
// +kubebuilder:printcolumn:JSONPath=`.status.kubernetesVersion`,name="Version",type=string
// +kubebuilder:printcolumn:JSONPath=`.spec.syncMode`,name="Mode",type=string
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Ready")].status`,name="Ready",type=string
// +kubebuilder:printcolumn:JSONPath=`.metadata.creationTimestamp`,name="Age",type=date
// +kubebuilder:printcolumn:JSONPath=`.spec.zones`,name="Zones",type=string,priority=1
// +kubebuilder:printcolumn:JSONPath=`.spec.region`,name="Region",type=string,priority=1
// +kubebuilder:printcolumn:JSONPath=`.spec.provider`,name="Provider",type=string,priority=1
// +kubebuilder:printcolumn:JSONPath=`.spec.apiEndpoint`,name="APIEndpoint",type=string,priority=1
type Cluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Where it is and how it is reached.
	Spec ClusterSpec `json:"spec"`
	// What was seen of it.
	// +optional
	Status ClusterStatus `json:"status,omitempty"`
}

// ClusterSpec is where a cluster is and how it is reached.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ClusterSpec struct {
	// Of the cluster, for as long as it exists.
	// +optional
	ID string `json:"id,omitempty"`
	// Who speaks to whom.
	// +kubebuilder:validation:Enum=Push;Pull
	SyncMode string `json:"syncMode"`
	// Its API server: HOST, HOST:PORT or a URL.
	// +optional
	APIEndpoint string `json:"apiEndpoint,omitempty"`
	// The Secret with its token and caBundle.
	// +optional
	SecretRef *LocalSecretReference `json:"secretRef,omitempty"`
	// Its certificate is not verified.
	// +optional
	InsecureSkipTLSVerification bool `json:"insecureSkipTLSVerification,omitempty"`
	// The way to its API server.
	// +optional
	ProxyURL string `json:"proxyURL,omitempty"`
	// Of the infrastructure.
	// +optional
	Provider string `json:"provider,omitempty"`
	// Where it is.
	// +optional
	Region string `json:"region,omitempty"`
	// The older form of zones.
	// +optional
	Zone string `json:"zone,omitempty"`
	// Where it is.
	// +optional
	Zones []string `json:"zones,omitempty"`
	// What repels templates.
	// +optional
	Taints []corev1.Taint `json:"taints,omitempty"`
}

// LocalSecretReference names a Secret.
type LocalSecretReference struct {
	// Of the Secret.
	Namespace string `json:"namespace"`
	// Of the Secret.
	Name string `json:"name"`
}

// ClusterStatus is what was seen of a cluster.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ClusterStatus struct {
	// Of its API server.
	// +optional
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	// What it serves.
	// +optional
	APIEnablements []APIEnablement `json:"apiEnablements,omitempty"`
	// Ready, CompleteAPIEnablements.
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// What it can hold.
	// +optional
	ResourceSummary *ResourceSummary `json:"resourceSummary,omitempty"`
}

// APIEnablement is a version of a group that a cluster serves.
type APIEnablement struct {
	// The group and version.
	GroupVersion string `json:"groupVersion"`
	// Its resources.
	// +optional
	Resources []APIResource `json:"resources,omitempty"`
}

// APIResource is a resource that a cluster serves.
type APIResource struct {
	// Its plural name.
	Name string `json:"name"`
	// Its kind.
	Kind string `json:"kind"`
}

// ResourceSummary is what a cluster can hold.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ResourceSummary struct {
	// Of all nodes.
	// +optional
	Allocatable corev1.ResourceList `json:"allocatable,omitempty"`
	// Requested by Pods that have no node yet.
	// +optional
	Allocating corev1.ResourceList `json:"allocating,omitempty"`
	// Requested by Pods that have one.
	// +optional
	Allocated corev1.ResourceList `json:"allocated,omitempty"`
}

// Types of conditions.
const (
	Ready                  = "Ready"
	CompleteAPIEnablements = "CompleteAPIEnablements"
)
