package v1alpha2

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
)

// Version is the group and version of the types here.
var Version = schema.GroupVersion{Group: "work.karmada.io", Version: "v1alpha2"}

// ResourceBinding is where a template with a namespace is. Its name is
// <name>-<kind in lower case>.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=resourcebindings,scope=Namespaced,shortName=rb,categories={karmada-io}
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Scheduled")].status`,name="Scheduled",type=string
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="FullyApplied")].status`,name="FullyApplied",type=string
// +kubebuilder:printcolumn:JSONPath=`.metadata.creationTimestamp`,name="Age",type=date
type ResourceBinding struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Where it is.
	Spec ResourceBindingSpec `json:"spec"`
	// What came of it.
	// +optional
	Status ResourceBindingStatus `json:"status,omitempty"`
}

// ClusterResourceBinding is where a template without a namespace is.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=clusterresourcebindings,scope=Cluster,shortName=crb,categories={karmada-io}
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="Scheduled")].status`,name="Scheduled",type=string
// +kubebuilder:printcolumn:JSONPath=`.status.conditions[?(@.type=="FullyApplied")].status`,name="FullyApplied",type=string
// +kubebuilder:printcolumn:JSONPath=`.metadata.creationTimestamp`,name="Age",type=date
type ClusterResourceBinding struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Where it is.
	Spec ResourceBindingSpec `json:"spec"`
	// What came of it.
	// +optional
	Status ResourceBindingStatus `json:"status,omitempty"`
}

// ResourceBindingSpec is where a template is, and what its policy said when that
// was decided.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ResourceBindingSpec struct {
	// The template.
	Resource ObjectReference `json:"resource"`
	// As the policy says.
	// +optional
	PropagateDeps bool `json:"propagateDeps,omitempty"`
	// What each replica needs.
	// +optional
	ReplicaRequirements *ReplicaRequirements `json:"replicaRequirements,omitempty"`
	// Of the template.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// Clusters that have it.
	// +optional
	Clusters []TargetCluster `json:"clusters,omitempty"`
	// As the policy says.
	// +optional
	Placement *policyv1alpha1.Placement `json:"placement,omitempty"`
	// Clusters that it is leaving.
	// +optional
	GracefulEvictionTasks []GracefulEvictionTask `json:"gracefulEvictionTasks,omitempty"`
	// As the policy says.
	// +optional
	SchedulerName string `json:"schedulerName,omitempty"`
	// As the policy says.
	// +optional
	Failover *policyv1alpha1.Failover `json:"failover,omitempty"`
	// As the policy says.
	// +kubebuilder:default="Abort"
	// +kubebuilder:validation:Enum=Abort;Overwrite
	// +optional
	ConflictResolution policyv1alpha1.ConflictResolution `json:"conflictResolution,omitempty"`
	// As the policy says.
	// +optional
	Suspension *policyv1alpha1.Suspension `json:"suspension,omitempty"`
	// As the policy says.
	// +optional
	PreserveResourcesOnDeletion *bool `json:"preserveResourcesOnDeletion,omitempty"`
}

// ObjectReference names a template.
type ObjectReference struct {
	// Of the template.
	APIVersion string `json:"apiVersion"`
	// Of the template.
	Kind string `json:"kind"`
	// Empty: it has none.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// Of the template.
	Name string `json:"name"`
	// Of the template.
	// +optional
	UID types.UID `json:"uid,omitempty"`
	// Not written by fedns, for it changes with every status.
	// +optional
	ResourceVersion string `json:"resourceVersion,omitempty"`
}

// ReplicaRequirements is what each replica needs.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ReplicaRequirements struct {
	// Requests of its containers, summed.
	// +optional
	ResourceRequest corev1.ResourceList `json:"resourceRequest,omitempty"`
}

// TargetCluster is a cluster that has it.
type TargetCluster struct {
	// Of the cluster.
	Name string `json:"name"`
	// How many are there.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
}

// GracefulEvictionTask is a cluster that it is leaving.
//
// +kubebuilder:pruning:PreserveUnknownFields
type GracefulEvictionTask struct {
	// The cluster.
	FromCluster string `json:"fromCluster"`
	// How many were there.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// One word for machines.
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:MinLength=1
	Reason string `json:"reason"`
	// For people.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`
	// Who decided it.
	Producer string `json:"producer"`
	// Seconds that it is kept at the most.
	// +optional
	GracePeriodSeconds *int32 `json:"gracePeriodSeconds,omitempty"`
	// Since when it is leaving.
	// +optional
	CreationTimestamp *metav1.Time `json:"creationTimestamp,omitempty"`
}

// ResourceBindingStatus is what came of it.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ResourceBindingStatus struct {
	// Generation that was decided upon.
	// +optional
	SchedulerObservedGeneration int64 `json:"schedulerObservedGeneration,omitempty"`
	// The group of clusters that was chosen.
	// +optional
	SchedulerObservedAffinityName string `json:"schedulerObservingAffinityName,omitempty"`
	// When it was decided last.
	// +optional
	LastScheduledTime *metav1.Time `json:"lastScheduledTime,omitempty"`
	// Scheduled, FullyApplied.
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// By cluster.
	// +optional
	AggregatedStatus []AggregatedStatusItem `json:"aggregatedStatus,omitempty"`
}

// AggregatedStatusItem is what came of it in a cluster.
type AggregatedStatusItem struct {
	// The cluster.
	ClusterName string `json:"clusterName"`
	// As the cluster has it.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Status *runtime.RawExtension `json:"status,omitempty"`
	// The cluster has it as it is to be.
	// +optional
	Applied bool `json:"applied,omitempty"`
	// Why not.
	// +optional
	AppliedMessage string `json:"appliedMessage,omitempty"`
	// Whether it does its work.
	// +kubebuilder:validation:Enum=Healthy;Unhealthy;Unknown
	// +optional
	Health string `json:"health,omitempty"`
}

// Types of conditions, and their reasons.
const (
	Scheduled    = "Scheduled"
	FullyApplied = "FullyApplied"

	ReasonSuccess          = "Success"
	ReasonSchedulerError   = "SchedulerError"
	ReasonNoClusterFit     = "NoClusterFit"
	ReasonUnschedulable    = "Unschedulable"
	ReasonAppliedSuccess   = "FullyAppliedSuccess"
	ReasonAppliedFailed    = "FullyAppliedFailed"
	ReasonTaintUntolerated = "TaintUntolerated"
)
