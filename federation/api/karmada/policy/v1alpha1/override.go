package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// OverridePolicy changes templates of its namespace for some clusters.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=overridepolicies,scope=Namespaced,shortName=op,categories={karmada-io}
type OverridePolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What is changed, and where.
	Spec OverrideSpec `json:"spec"`
}

// ClusterOverridePolicy changes templates of any namespace, and of none, for some clusters.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=clusteroverridepolicies,scope=Cluster,shortName=cop,categories={karmada-io}
type ClusterOverridePolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What is changed, and where.
	Spec OverrideSpec `json:"spec"`
}

// OverrideSpec is what both kinds of policies say.
//
// +kubebuilder:pruning:PreserveUnknownFields
type OverrideSpec struct {
	// Templates that are changed. None: all.
	// +optional
	ResourceSelectors []ResourceSelector `json:"resourceSelectors,omitempty"`
	// Rules, applied in this order.
	// +optional
	OverrideRules []RuleWithCluster `json:"overrideRules,omitempty"`
	// The older form: clusters of overriders.
	// +optional
	TargetCluster *ClusterAffinity `json:"targetCluster,omitempty"`
	// The older form: a single rule.
	// +optional
	Overriders Overriders `json:"overriders,omitempty"`
}

// RuleWithCluster changes templates for the clusters that it selects.
type RuleWithCluster struct {
	// The clusters. None: all.
	// +optional
	TargetCluster *ClusterAffinity `json:"targetCluster,omitempty"`
	// The changes.
	Overriders Overriders `json:"overriders"`
}

// Overriders are changes. They are applied in this order: images, commands,
// arguments, labels, annotations, fields, plaintext.
//
// +kubebuilder:pruning:PreserveUnknownFields
type Overriders struct {
	// JSON patches.
	// +optional
	Plaintext []PlaintextOverrider `json:"plaintext,omitempty"`
	// Parts of images' names.
	// +optional
	ImageOverrider []ImageOverrider `json:"imageOverrider,omitempty"`
	// What containers run.
	// +optional
	CommandOverrider []CommandArgsOverrider `json:"commandOverrider,omitempty"`
	// Its arguments.
	// +optional
	ArgsOverrider []CommandArgsOverrider `json:"argsOverrider,omitempty"`
	// Labels of the template.
	// +optional
	LabelsOverrider []LabelAnnotationOverrider `json:"labelsOverrider,omitempty"`
	// Annotations of the template.
	// +optional
	AnnotationsOverrider []LabelAnnotationOverrider `json:"annotationsOverrider,omitempty"`
	// Documents that are texts of fields.
	// +optional
	FieldOverrider []FieldOverrider `json:"fieldOverrider,omitempty"`
}

// PlaintextOverrider is an operation of a JSON patch (RFC 6902).
type PlaintextOverrider struct {
	// A JSON pointer (RFC 6901).
	Path string `json:"path"`
	// What is done there.
	// +kubebuilder:validation:Enum=add;remove;replace
	Operator string `json:"operator"`
	// With which value; not for remove.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Value runtime.RawExtension `json:"value,omitempty"`
}

// ImageOverrider changes a part of images' names.
type ImageOverrider struct {
	// Where the image is. None: in all containers of kinds that are known.
	// +optional
	Predicate *ImagePredicate `json:"predicate,omitempty"`
	// The part: [registry/]repository[:tag or @digest].
	// +kubebuilder:validation:Enum=Registry;Repository;Tag
	Component string `json:"component"`
	// What is done with it.
	// +kubebuilder:validation:Enum=add;remove;replace
	Operator string `json:"operator"`
	// With which value; not for remove.
	// +optional
	Value string `json:"value,omitempty"`
}

// ImagePredicate says where an image is.
type ImagePredicate struct {
	// A JSON pointer (RFC 6901).
	Path string `json:"path"`
}

// CommandArgsOverrider changes what a container is started with.
type CommandArgsOverrider struct {
	// The container.
	ContainerName string `json:"containerName"`
	// Whether values are appended or taken out.
	// +kubebuilder:validation:Enum=add;remove
	Operator string `json:"operator"`
	// The values.
	// +optional
	Value []string `json:"value,omitempty"`
}

// LabelAnnotationOverrider changes labels or annotations.
type LabelAnnotationOverrider struct {
	// What is done with them. replace changes only those that are there.
	// +kubebuilder:validation:Enum=add;remove;replace
	Operator string `json:"operator"`
	// Their keys and values.
	Value map[string]string `json:"value,omitempty"`
}

// FieldOverrider changes a document that is the text of a field. It is either JSON
// or YAML.
type FieldOverrider struct {
	// A JSON pointer (RFC 6901) to the field.
	FieldPath string `json:"fieldPath"`
	// Changes of a JSON document.
	// +optional
	JSON []DocumentPatch `json:"json,omitempty"`
	// Changes of a YAML document.
	// +optional
	YAML []DocumentPatch `json:"yaml,omitempty"`
}

// DocumentPatch is an operation within a document.
type DocumentPatch struct {
	// A JSON pointer (RFC 6901) within the document.
	SubPath string `json:"subPath"`
	// What is done there.
	// +kubebuilder:validation:Enum=add;remove;replace
	Operator string `json:"operator"`
	// With which value; not for remove.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Value runtime.RawExtension `json:"value,omitempty"`
}
