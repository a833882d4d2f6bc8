package karmada

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	"github.com/fedns/fedns/federation/placement"
)

// affinity translates a ClusterAffinity; nil selects all clusters.
func affinity(a *policyv1alpha1.ClusterAffinity, field string) (placement.Affinity, error) {
	if a == nil {
		return placement.Affinity{}, nil
	}
	into := placement.Affinity{Clusters: a.ClusterNames, Exclude: a.ExcludeClusters, Labels: a.LabelSelector}
	if a.LabelSelector != nil {
		if _, err := metav1.LabelSelectorAsSelector(a.LabelSelector); err != nil {
			return into, wrong(field+".labelSelector", "%w", err)
		}
	}
	if a.FieldSelector != nil {
		for i, r := range a.FieldSelector.MatchExpressions {
			field := fmt.Sprintf("%s.fieldSelector.matchExpressions[%d]", field, i)
			switch {
			case !slices.Contains([]string{"provider", "region", "zone"}, r.Key):
				return into, wrong(field+".key", "got %.80q, want provider, region or zone", r.Key)
			case r.Operator != corev1.NodeSelectorOpIn && r.Operator != corev1.NodeSelectorOpNotIn:
				return into, wrong(field+".operator", "got %.80q, want In or NotIn", r.Operator)
			case len(r.Values) == 0:
				return into, wrong(field+".values", "missing")
			}
		}
		into.Fields = a.FieldSelector.MatchExpressions
	}
	return into, nil
}

// affinities are a Placement's, in order.
func affinities(p *policyv1alpha1.Placement, field string) ([]placement.Affinity, error) {
	if p.ClusterAffinity != nil && len(p.ClusterAffinities) > 0 {
		return nil, wrong(field+".clusterAffinities", "not together with clusterAffinity")
	}
	if len(p.ClusterAffinities) == 0 {
		a, err := affinity(p.ClusterAffinity, field+".clusterAffinity")
		return []placement.Affinity{a}, err
	}
	var all []placement.Affinity
	seen := map[string]bool{}
	for i, term := range p.ClusterAffinities {
		field := fmt.Sprintf("%s.clusterAffinities[%d]", field, i)
		switch {
		case term.AffinityName == "":
			return nil, wrong(field+".affinityName", "missing")
		case seen[term.AffinityName]:
			return nil, wrong(field+".affinityName", "%s is there twice", term.AffinityName)
		}
		seen[term.AffinityName] = true
		a, err := affinity(&term.ClusterAffinity, field)
		if err != nil {
			return nil, err
		}
		a.Name = term.AffinityName
		all = append(all, a)
	}
	return all, nil
}
