package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Binding is what the engine has decided for one template. It is the only store of
// what is where: who deletes one has the engine place the template anew, as if it
// had never been placed. People read Bindings; only the engine writes them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=fb,categories=fedns
// +kubebuilder:printcolumn:name="Kind",type=string,JSONPath=`.spec.template.kind`
// +kubebuilder:printcolumn:name="Template",type=string,JSONPath=`.spec.template.name`
// +kubebuilder:printcolumn:name="Clusters",type=string,JSONPath=`.status.placed`
// +kubebuilder:printcolumn:name="Propagated",type=string,JSONPath=`.status.conditions[?(@.type=="Propagated")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Dialect",type=string,priority=1,JSONPath=`.spec.dialect`
// +kubebuilder:printcolumn:name="Source",type=string,priority=1,JSONPath=`.spec.source.name`
// +kubebuilder:printcolumn:name="Why",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Propagated")].message`
type Binding struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec BindingSpec `json:"spec"`
	// +optional
	Status BindingStatus `json:"status,omitempty"`
}

// BindingSpec is a decision.
type BindingSpec struct {
	// Template is the object as it is in the members.
	// +required
	// +kubebuilder:validation:XValidation:rule="self.kind == oldSelf.kind && self.name == oldSelf.name && (has(self.__namespace__) ? self.__namespace__ : '') == (has(oldSelf.__namespace__) ? oldSelf.__namespace__ : '') && self.apiVersion.split('/').size() == oldSelf.apiVersion.split('/').size() && (self.apiVersion.contains('/') ? self.apiVersion.split('/')[0] == oldSelf.apiVersion.split('/')[0] : true)",message="kind, API group, namespace and name are immutable: what is in the members under the old ones would be forgotten"
	Template Template `json:"template"`
	// Dialect that ordered it: kubefed, karmada, federation-v1. Another one can take it
	// over when its own has taken its order back.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Dialect string `json:"dialect"`
	// Source is the object in the host that people wrote.
	// +optional
	Source *Source `json:"source,omitempty"`

	// Targets are the clusters that are to have the template.
	// +optional
	// +listType=map
	// +listMapKey=cluster
	// +kubebuilder:validation:MaxItems=10000
	Targets []Target `json:"targets,omitempty"`
	// Leaving are clusters whose object stays until others have taken its place.
	// +optional
	// +listType=map
	// +listMapKey=cluster
	// +kubebuilder:validation:MaxItems=10000
	Leaving []Leaving `json:"leaving,omitempty"`
	// Evicted are clusters that get nothing, although placement would choose them,
	// until they have shown that they can be trusted again.
	// +optional
	// +listType=map
	// +listMapKey=cluster
	// +kubebuilder:validation:MaxItems=10000
	Evicted []Evicted `json:"evicted,omitempty"`
	// Removing are clusters that are to have the template no more, and may still.
	// +optional
	// +listType=map
	// +listMapKey=cluster
	// +kubebuilder:validation:MaxItems=10000
	Removing []Removing `json:"removing,omitempty"`
	// Dependencies are objects that went along with the template, and where they may be.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	Dependencies []Dependency `json:"dependencies,omitempty"`
	// Affinity is the name of the affinity group that counted.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Affinity string `json:"affinity,omitempty"`
	// Orphan leaves the objects in the members when the Binding ends.
	// +optional
	Orphan bool `json:"orphan,omitempty"`
	// Deleted says that the order was taken back. The Binding stays until nothing is
	// left in the members.
	// +optional
	Deleted bool `json:"deleted,omitempty"`
}

// Template names an object in members.
type Template struct {
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	APIVersion string `json:"apiVersion"`
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// Namespace is empty for kinds that have none.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// UID of the template in the host, where it is an object of its own there.
	// +optional
	UID types.UID `json:"uid,omitempty"`
}

// Source names an object in the host.
type Source struct {
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	APIVersion string `json:"apiVersion"`
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// +optional
	UID types.UID `json:"uid,omitempty"`
	// Generation that was decided on when this was written last. A later one that
	// changed nothing here is not written.
	// +optional
	Generation int64 `json:"generation,omitempty"`
}

// Target is a cluster that is to have the template.
type Target struct {
	// +required
	Cluster DNSLabel `json:"cluster"`
	// Replicas there; 0 for templates without any.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas int32 `json:"replicas,omitempty"`
	// Since when it is a target.
	// +required
	Since metav1.Time `json:"since"`
}

// Leaving is a cluster whose object stays until others have taken its place.
//
// +kubebuilder:validation:XValidation:rule="!has(self.until) || self.until >= self.since",fieldPath=".until",message="must not be before since"
type Leaving struct {
	// +required
	Cluster DNSLabel `json:"cluster"`
	// Why it leaves, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Why string `json:"why,omitempty"`
	// Replicas that it had; they stay until it has left.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas int32 `json:"replicas,omitempty"`
	// Since when it leaves.
	// +required
	Since metav1.Time `json:"since"`
	// Until when it stays at the latest.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// Removing is a cluster that is to have the template no more.
type Removing struct {
	// +required
	Cluster DNSLabel `json:"cluster"`
	// +required
	Since metav1.Time `json:"since"`
}

// Dependency is an object that a template refers to.
type Dependency struct {
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	APIVersion string `json:"apiVersion"`
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// Clusters where it may be because of this template.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=10000
	// +kubebuilder:validation:items:MaxLength=63
	Clusters []string `json:"clusters,omitempty"`
}

// Evicted is a cluster that gets nothing for now.
type Evicted struct {
	// +required
	Cluster DNSLabel `json:"cluster"`
	// Why, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Why string `json:"why,omitempty"`
	// +required
	Since metav1.Time `json:"since"`
	// Unhealthy says that the cluster was not lost: the template did not work there.
	// +optional
	Unhealthy bool `json:"unhealthy,omitempty"`
}

// BindingList is a list of Bindings.
//
// +kubebuilder:object:root=true
type BindingList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Binding `json:"items"`
}
