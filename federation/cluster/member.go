package cluster

import (
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// OfMember is a MemberCluster as federation sees it: with the taints that its
// standing gives, and what people stated of its capacity before what was measured.
// A resource that was not stated counts as measured, if there is any.
func OfMember(m *v1alpha1.MemberCluster) *Cluster {
	s := &m.Spec
	c := &Cluster{Name: m.Name, Labels: maps.Clone(m.Labels), Provider: s.Provider, Region: s.Region, Zones: texts(s.Zones), Networks: texts(s.Networks)}
	for _, t := range s.Taints {
		c.Taints = append(c.Taints, t.Core())
	}
	standing, since := Standing(m.Status.Standing), time.Time{}
	if m.Status.StandingSince != nil {
		since = m.Status.StandingSince.Time
	}
	switch {
	case standing == "":
		standing = Syncing // nobody has looked yet
	case s.Drain && standing != Evicted && standing != Drained:
		standing, since = Drained, time.Time{} // and does not wait until that is told
	}
	c.Taints = append(c.Taints, TaintsOf(standing, since)...)
	if s.Price != nil {
		c.Price = s.Price.AsApproximateFloat64()
	}
	if measured := m.Status.Capacity; measured != nil {
		c.Capacity = Capacity{Known: true, Allocatable: thousandths(measured.Allocatable), Requested: thousandths(measured.Requested)}
	}
	if len(s.Capacity) > 0 {
		c.Capacity.Known, c.Capacity.Stated = true, true
		if c.Capacity.Allocatable == nil {
			c.Capacity.Allocatable = map[corev1.ResourceName]int64{}
		}
		maps.Copy(c.Capacity.Allocatable, thousandths(s.Capacity))
	}
	return c
}

func texts(labels []v1alpha1.DNSLabel) (all []string) {
	for _, l := range labels {
		all = append(all, string(l))
	}
	return all
}

func thousandths(amounts map[corev1.ResourceName]resource.Quantity) map[corev1.ResourceName]int64 {
	out := make(map[corev1.ResourceName]int64, len(amounts))
	for name, q := range amounts {
		out[name] = q.MilliValue()
	}
	return out
}
