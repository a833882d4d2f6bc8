package v1beta1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Version is the group and version of the federated kinds that KubeFed makes.
var Version = schema.GroupVersion{Group: "types.kubefed.io", Version: "v1beta1"}

// Federated is an object of a federated kind.
type Federated struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What goes where.
	Spec FederatedSpec `json:"spec,omitempty"`
	// What came of it.
	Status FederatedStatus `json:"status,omitempty"`
}

// FederatedSpec says what goes where.
type FederatedSpec struct {
	// Template is the object as members get it but for overrides. Its kind and its
	// name are the federated object's.
	Template runtime.RawExtension `json:"template,omitempty"`
	// Placement says where.
	Placement Placement `json:"placement,omitempty"`
	// Overrides are differences, by cluster.
	Overrides []Override `json:"overrides,omitempty"`
	// RetainReplicas leaves spec.replicas to the members.
	RetainReplicas bool `json:"retainReplicas,omitempty"`
}

// Placement selects clusters: by Clusters, if they are there at all (an empty list
// selects none), else by ClusterSelector. Without either, none.
type Placement struct {
	Clusters        []ClusterReference    `json:"clusters,omitempty"`
	ClusterSelector *metav1.LabelSelector `json:"clusterSelector,omitempty"`
}

// ClusterReference names a cluster.
type ClusterReference struct {
	Name string `json:"name"`
}

// Override has the changes for one cluster.
type Override struct {
	ClusterName      string            `json:"clusterName"`
	ClusterOverrides []ClusterOverride `json:"clusterOverrides,omitempty"`
}

// ClusterOverride is an operation of a JSON patch.
type ClusterOverride struct {
	Op    string               `json:"op,omitempty"` // add, remove, replace; empty: replace
	Path  string               `json:"path"`
	Value runtime.RawExtension `json:"value,omitempty"`
}

// FederatedStatus is what came of it.
type FederatedStatus struct {
	ObservedGeneration int64           `json:"observedGeneration,omitempty"`
	Conditions         []Condition     `json:"conditions,omitempty"`
	Clusters           []ClusterStatus `json:"clusters,omitempty"`
}

// Condition is of the Type Propagation. Its times are RFC 3339.
type Condition struct {
	Type               string                 `json:"type"`
	Status             metav1.ConditionStatus `json:"status"`
	LastUpdateTime     string                 `json:"lastUpdateTime,omitempty"`
	LastTransitionTime string                 `json:"lastTransitionTime,omitempty"`
	Reason             Reason                 `json:"reason,omitempty"`
}

// ClusterStatus is what came of it in a cluster.
type ClusterStatus struct {
	Name   string            `json:"name"`
	Status PropagationStatus `json:"status,omitempty"`
	// RemoteStatus is the status that the object has there.
	RemoteStatus json.RawMessage `json:"remoteStatus,omitempty"`
}

// Propagation is the Type of the Condition that there is.
const Propagation = "Propagation"

// Reason is why propagation is not complete. Empty: it is.
type Reason string

// Reasons that fedns gives.
const (
	CheckClusters          Reason = "CheckClusters"
	ComputePlacementFailed Reason = "ComputePlacementFailed"
)

// PropagationStatus is how far it is in a cluster. Empty: it is as it is to be.
type PropagationStatus string

// PropagationStatuses that fedns gives.
const (
	WaitingForRemoval     PropagationStatus = "WaitingForRemoval"
	ClusterNotReady       PropagationStatus = "ClusterNotReady"
	ComputeResourceFailed PropagationStatus = "ComputeResourceFailed"
	ApplyOverridesFailed  PropagationStatus = "ApplyOverridesFailed"
	AlreadyExists         PropagationStatus = "AlreadyExists"
	CreationFailed        PropagationStatus = "CreationFailed"
	UpdateFailed          PropagationStatus = "UpdateFailed"
	DeletionFailed        PropagationStatus = "DeletionFailed"
	CreationTimedOut      PropagationStatus = "CreationTimedOut"
	UpdateTimedOut        PropagationStatus = "UpdateTimedOut"
	DeletionTimedOut      PropagationStatus = "DeletionTimedOut"
)
