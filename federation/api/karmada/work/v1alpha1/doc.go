// Package v1alpha1 has Work of Karmada's group work.karmada.io: one object as it
// is in one member cluster. fedns writes Works for people and their tools to read;
// it does not read them.
//
// Types only: it imports apimachinery.
//
// +kubebuilder:object:generate=true
// +groupName=work.karmada.io
// +versionName=v1alpha1
package v1alpha1
