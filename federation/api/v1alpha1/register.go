package v1alpha1

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is that of all kinds here.
var GroupVersion = schema.GroupVersion{Group: "fedns.io", Version: "v1alpha1"}

// Resources, as their CustomResourceDefinitions name them.
var (
	MemberClusters = GroupVersion.WithResource("memberclusters")
	Bindings       = GroupVersion.WithResource("bindings")
)

// AddToScheme has a scheme know the kinds.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &MemberCluster{}, &MemberClusterList{}, &Binding{}, &BindingList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	if !s.IsVersionRegistered(GroupVersion) {
		return fmt.Errorf("%s is not registered", GroupVersion)
	}
	return nil
}
