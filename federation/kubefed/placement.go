package kubefed

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	typesv1beta1 "github.com/fedns/fedns/federation/api/kubefed/types/v1beta1"
	"github.com/fedns/fedns/federation/placement"
)

// affinity translates a placement.
func affinity(p *typesv1beta1.Placement, field string) (placement.Affinity, error) {
	switch {
	case p.Clusters != nil:
		a := placement.Affinity{None: len(p.Clusters) == 0}
		for i, c := range p.Clusters {
			if c.Name == "" {
				return a, wrong(fmt.Sprintf("%s.clusters[%d].name", field, i), "missing")
			}
			if !slices.Contains(a.Clusters, c.Name) {
				a.Clusters = append(a.Clusters, c.Name)
			}
		}
		return a, nil
	case p.ClusterSelector != nil:
		if _, err := metav1.LabelSelectorAsSelector(p.ClusterSelector); err != nil {
			return placement.Affinity{}, wrong(field+".clusterSelector", "%w", err)
		}
		if len(p.ClusterSelector.MatchLabels)+len(p.ClusterSelector.MatchExpressions) == 0 {
			return placement.Affinity{}, nil
		}
		return placement.Affinity{Labels: p.ClusterSelector}, nil
	}
	return placement.Affinity{None: true}, nil
}

// both selects what two affinities, as affinity makes them, select both.
func both(a, b placement.Affinity) placement.Affinity {
	if a.None || b.None {
		return placement.Affinity{None: true}
	}
	all := placement.Affinity{Clusters: a.Clusters, Labels: a.Labels}
	switch {
	case len(a.Clusters) == 0:
		all.Clusters = b.Clusters
	case len(b.Clusters) > 0:
		all.Clusters = slices.DeleteFunc(slices.Clone(a.Clusters), func(c string) bool { return !slices.Contains(b.Clusters, c) })
		all.None = len(all.Clusters) == 0
	}
	switch {
	case a.Labels == nil:
		all.Labels = b.Labels
	case b.Labels != nil:
		all.Labels = &metav1.LabelSelector{MatchExpressions: append(expressions(a.Labels), expressions(b.Labels)...)}
	}
	return all
}

// expressions are a selector's, sorted labels among them.
func expressions(s *metav1.LabelSelector) (all []metav1.LabelSelectorRequirement) {
	for key, value := range s.MatchLabels {
		all = append(all, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value}})
	}
	slices.SortFunc(all, func(a, b metav1.LabelSelectorRequirement) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return append(all, s.MatchExpressions...)
}
