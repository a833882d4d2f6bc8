package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Version is the group and version of the types here.
var Version = schema.GroupVersion{Group: "policy.karmada.io", Version: "v1alpha1"}

// PropagationPolicy sends templates of its own namespace to clusters.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=propagationpolicies,scope=Namespaced,shortName=pp,categories={karmada-io}
// +kubebuilder:printcolumn:JSONPath=`.spec.conflictResolution`,name="CONFLICT-RESOLUTION",type=string
// +kubebuilder:printcolumn:JSONPath=`.spec.priority`,name="PRIORITY",type=string
// +kubebuilder:printcolumn:JSONPath=`.metadata.creationTimestamp`,name="AGE",type=date
type PropagationPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What goes where.
	Spec PropagationSpec `json:"spec"`
}

// ClusterPropagationPolicy sends templates of any namespace, and of none, to clusters.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=clusterpropagationpolicies,scope=Cluster,shortName=cpp,categories={karmada-io}
// +kubebuilder:printcolumn:JSONPath=`.spec.conflictResolution`,name="CONFLICT-RESOLUTION",type=string
// +kubebuilder:printcolumn:JSONPath=`.spec.priority`,name="PRIORITY",type=string
// +kubebuilder:printcolumn:JSONPath=`.metadata.creationTimestamp`,name="AGE",type=date
type ClusterPropagationPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What goes where.
	Spec PropagationSpec `json:"spec"`
}

// PropagationSpec is what both kinds of policies say.
//
// +kubebuilder:pruning:PreserveUnknownFields
type PropagationSpec struct {
	// Templates that the policy is for.
	// +kubebuilder:validation:MinItems=1
	ResourceSelectors []ResourceSelector `json:"resourceSelectors"`

	// The older name of propagateDeps.
	// +optional
	Association bool `json:"association,omitempty"`

	// ConfigMaps, Secrets and whatever else templates refer to go along.
	// +optional
	PropagateDeps bool `json:"propagateDeps,omitempty"`

	// Clusters that the templates go to. None stated: all.
	// +optional
	Placement Placement `json:"placement,omitempty"`

	// Of several policies for a template the one with the greatest priority counts.
	// +kubebuilder:default=0
	// +optional
	Priority *int32 `json:"priority,omitempty"`

	// Whether templates are taken over from policies with less priority.
	// +kubebuilder:default="Never"
	// +kubebuilder:validation:Enum=Always;Never
	// +optional
	Preemption Preemption `json:"preemption,omitempty"`

	// OverridePolicies of the namespace that have to exist before anything is placed.
	// +optional
	DependentOverrides []string `json:"dependentOverrides,omitempty"`

	// Not read by fedns, which has one scheduler.
	// +kubebuilder:default="default-scheduler"
	// +optional
	SchedulerName string `json:"schedulerName,omitempty"`

	// How templates move away from clusters that are lost.
	// +optional
	Failover *Failover `json:"failover,omitempty"`

	// What is done with objects that members have already, and that were not propagated.
	// +kubebuilder:default="Abort"
	// +kubebuilder:validation:Enum=Abort;Overwrite
	// +optional
	ConflictResolution ConflictResolution `json:"conflictResolution,omitempty"`

	// Lazy: a change of the policy counts for a template with that template's next change.
	// +kubebuilder:validation:Enum=Lazy
	// +optional
	ActivationPreference ActivationPreference `json:"activationPreference,omitempty"`

	// What is not written for the time being.
	// +optional
	Suspension *Suspension `json:"suspension,omitempty"`

	// Members keep their objects when the template is deleted.
	// +optional
	PreserveResourcesOnDeletion *bool `json:"preserveResourcesOnDeletion,omitempty"`
}

// ResourceSelector selects templates. With a name, labelSelector does not count.
type ResourceSelector struct {
	// Of the templates, as in their manifests.
	APIVersion string `json:"apiVersion"`
	// Of the templates.
	Kind string `json:"kind"`
	// Empty: the policy's own, or any for policies without a namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// Empty: any.
	// +optional
	Name string `json:"name,omitempty"`
	// Labels of the templates.
	// +optional
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
}

// Preemption says whether templates are taken over from other policies.
type Preemption string

// All Preemptions.
const (
	PreemptAlways Preemption = "Always"
	PreemptNever  Preemption = "Never"
)

// ConflictResolution is what is done with objects that are there already.
type ConflictResolution string

// All of them.
const (
	ConflictAbort     ConflictResolution = "Abort"
	ConflictOverwrite ConflictResolution = "Overwrite"
)

// ActivationPreference says when a change of a policy counts.
type ActivationPreference string

// LazyActivation waits for the template's next change.
const LazyActivation ActivationPreference = "Lazy"

// Suspension says what is not written for the time being.
//
// +kubebuilder:pruning:PreserveUnknownFields
type Suspension struct {
	// Nothing is written to any cluster.
	// +optional
	Dispatching *bool `json:"dispatching,omitempty"`
	// Nothing is written to these clusters. Not together with dispatching.
	// +optional
	DispatchingOnClusters *SuspendClusters `json:"dispatchingOnClusters,omitempty"`
}

// SuspendClusters names clusters.
type SuspendClusters struct {
	// Their names.
	// +optional
	ClusterNames []string `json:"clusterNames,omitempty"`
}

// Failover says how templates move.
//
// +kubebuilder:pruning:PreserveUnknownFields
type Failover struct {
	// When what runs in a cluster is not healthy.
	// +optional
	Application *ApplicationFailover `json:"application,omitempty"`
	// When a cluster is lost.
	// +optional
	Cluster *ClusterFailover `json:"cluster,omitempty"`
}

// ApplicationFailover says how templates move away from where they are not healthy.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ApplicationFailover struct {
	// What has to be so before anything moves.
	DecisionConditions DecisionConditions `json:"decisionConditions"`
	// What becomes of the old one.
	// +kubebuilder:validation:Enum=Directly;Immediately;Graciously;Gracefully;Never
	// +kubebuilder:default=Gracefully
	// +optional
	PurgeMode PurgeMode `json:"purgeMode,omitempty"`
	// Seconds that the old one is kept at the most while the new ones are not healthy.
	// +optional
	GracePeriodSeconds *int32 `json:"gracePeriodSeconds,omitempty"`
}

// DecisionConditions say when what is not healthy moves.
type DecisionConditions struct {
	// Seconds that it is not healthy.
	// +kubebuilder:default=300
	// +optional
	TolerationSeconds *int32 `json:"tolerationSeconds,omitempty"`
}

// ClusterFailover says how templates move away from clusters that are lost.
//
// +kubebuilder:pruning:PreserveUnknownFields
type ClusterFailover struct {
	// What becomes of the old one.
	// +kubebuilder:validation:Enum=Directly;Gracefully
	// +kubebuilder:default=Gracefully
	// +optional
	PurgeMode PurgeMode `json:"purgeMode,omitempty"`
}

// PurgeMode is what becomes of an object in the cluster that it moved away from.
type PurgeMode string

// All PurgeModes. Directly and Gracefully are the newer names.
const (
	PurgeDirectly    PurgeMode = "Directly"
	PurgeImmediately PurgeMode = "Immediately"
	PurgeGracefully  PurgeMode = "Gracefully"
	PurgeGraciously  PurgeMode = "Graciously"
	PurgeNever       PurgeMode = "Never"
)
