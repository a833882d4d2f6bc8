package karmada

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	clusterv1alpha1 "github.com/fedns/fedns/federation/api/karmada/cluster/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/finding"
)

// Convert is a Karmada's Cluster as federation sees it. Its taints are those that
// are stated; what its evidence gives comes beside. What it serves counts only
// when Karmada could read all of it.
func Convert(o *unstructured.Unstructured) (*cluster.Cluster, error) {
	var stated clusterv1alpha1.Cluster
	if _, err := finding.Decode(o, &stated); err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
	}
	s := &stated.Spec
	c := &cluster.Cluster{Name: o.GetName(), Labels: o.GetLabels(), Provider: s.Provider, Region: s.Region, Taints: s.Taints}
	for _, z := range s.Zones {
		if z != "" && !slices.Contains(c.Zones, z) {
			c.Zones = append(c.Zones, z)
		}
	}
	if len(c.Zones) == 0 && s.Zone != "" {
		c.Zones = []string{s.Zone}
	}
	c.Capacity = capacity(stated.Status.ResourceSummary)
	var err error
	if meta.IsStatusConditionTrue(stated.Status.Conditions, clusterv1alpha1.CompleteAPIEnablements) {
		c.Kinds, err = kinds(stated.Status.APIEnablements)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return c, nil
}

// capacity is a summary's; what is being placed is taken as well.
func capacity(s *clusterv1alpha1.ResourceSummary) (c cluster.Capacity) {
	if s == nil || len(s.Allocatable) == 0 {
		return c
	}
	c.Known = true
	c.Allocatable, c.Requested = map[corev1.ResourceName]int64{}, map[corev1.ResourceName]int64{}
	for name, q := range s.Allocatable {
		c.Allocatable[name] = q.MilliValue()
	}
	for _, list := range []corev1.ResourceList{s.Allocated, s.Allocating} {
		for name, q := range list {
			c.Requested[name] += q.MilliValue()
		}
	}
	return c
}

// kinds are those that a cluster serves.
func kinds(all []clusterv1alpha1.APIEnablement) (cluster.Kinds, error) {
	served := cluster.Kinds{}
	for i, e := range all {
		version, err := schema.ParseGroupVersion(e.GroupVersion)
		if err != nil {
			return nil, wrong(fmt.Sprintf("status.apiEnablements[%d].groupVersion", i), "%w", err)
		}
		for _, r := range e.Resources {
			served[version.WithKind(r.Kind)] = true
		}
	}
	return served, nil
}
