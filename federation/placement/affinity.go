package placement

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fedns/fedns/federation/cluster"
)

// Selects says whether an Affinity selects a cluster. A selector that cannot be
// read selects nothing: whoever makes an Affinity has checked it.
func (a Affinity) Selects(c *cluster.Cluster) bool {
	switch {
	case a.None, slices.Contains(a.Exclude, c.Name):
		return false
	case len(a.Clusters) > 0 && !slices.Contains(a.Clusters, c.Name):
		return false
	case !selectsLabels(a.Labels, c.Labels):
		return false
	}
	return true
}

// selectsLabels says whether a selector, nil for any, selects labels.
func selectsLabels(selector *metav1.LabelSelector, all map[string]string) bool {
	if selector == nil {
		return true
	}
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(all))
}
