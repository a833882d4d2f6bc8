package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FederatedTypeConfig says that a kind's objects are propagated, and which kind
// holds their templates. Its name is the target's plural name and group:
// deployments.apps.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=federatedtypeconfigs,scope=Namespaced,shortName=ftc
type FederatedTypeConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which kinds.
	Spec FederatedTypeConfigSpec `json:"spec"`
	// What is done with them.
	// +optional
	Status FederatedTypeConfigStatus `json:"status,omitempty"`
}

// FederatedTypeConfigSpec says which kinds.
//
// +kubebuilder:pruning:PreserveUnknownFields
type FederatedTypeConfigSpec struct {
	// The kind that members get.
	TargetType APIResource `json:"targetType"`
	// Disabled: what is in members stands, and nothing is written.
	Propagation PropagationMode `json:"propagation"`
	// The kind that holds template, placement and overrides.
	FederatedType APIResource `json:"federatedType"`
	// Not read: the federated kind has the status.
	// +optional
	StatusType *APIResource `json:"statusType,omitempty"`
	// Enabled: the statuses that members' objects have are in the federated object's.
	// +optional
	StatusCollection *StatusCollectionMode `json:"statusCollection,omitempty"`
}

// APIResource names a kind.
//
// +kubebuilder:pruning:PreserveUnknownFields
type APIResource struct {
	// Empty: the core group; of a target, what the name of the object says.
	// +optional
	Group string `json:"group,omitempty"`
	// Its version.
	Version string `json:"version"`
	// ConfigMap.
	Kind string `json:"kind"`
	// configmaps.
	PluralName string `json:"pluralName"`
	// Whether its objects have namespaces.
	// +kubebuilder:validation:Enum=Namespaced;Cluster
	Scope string `json:"scope"`
}

// Namespaced says that the kind's objects have namespaces.
func (r *APIResource) Namespaced() bool { return r.Scope != "Cluster" }

// PropagationMode says whether objects are propagated.
//
// +kubebuilder:validation:Enum=Enabled;Disabled
type PropagationMode string

// All PropagationModes.
const (
	PropagationEnabled  PropagationMode = "Enabled"
	PropagationDisabled PropagationMode = "Disabled"
)

// StatusCollectionMode says whether statuses are gathered.
//
// +kubebuilder:validation:Enum=Enabled;Disabled
type StatusCollectionMode string

// All StatusCollectionModes.
const (
	StatusCollectionEnabled  StatusCollectionMode = "Enabled"
	StatusCollectionDisabled StatusCollectionMode = "Disabled"
)

// ControllerStatus says whether something is done.
type ControllerStatus string

// All ControllerStatuses.
const (
	ControllerRunning    ControllerStatus = "Running"
	ControllerNotRunning ControllerStatus = "NotRunning"
)

// FederatedTypeConfigStatus says what is done with objects of a kind.
//
// +kubebuilder:pruning:PreserveUnknownFields
type FederatedTypeConfigStatus struct {
	// The generation that was read.
	ObservedGeneration int64 `json:"observedGeneration"`
	// Whether objects are propagated.
	PropagationController ControllerStatus `json:"propagationController"`
	// Whether statuses are gathered.
	// +optional
	StatusController *ControllerStatus `json:"statusController,omitempty"`
	// Findings has what is wrong or odd; upstream has no such field.
	// +optional
	Findings []string `json:"findings,omitempty"`
}
