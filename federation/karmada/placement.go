package karmada

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
)

// tolerated is for how many seconds a cluster's loss is tolerated unless a policy
// says how long.
const tolerated = 300

// request translates a Placement, but for what the template says. Errors name the
// field below field.
func request(p *policyv1alpha1.Placement, field string) (r placement.Request, err error) {
	if r.Affinities, err = affinities(p, field); err != nil {
		return r, err
	}
	if r.Scheduling, err = scheduling(p.ReplicaScheduling, field+".replicaScheduling"); err != nil {
		return r, err
	}
	spread, err := spread(p.SpreadConstraints, field+".spreadConstraints")
	if err != nil {
		return r, err
	}
	if r.Scheduling.Mode != placement.Weighted {
		r.Spread = spread
	}
	r.Tolerations = tolerations(p.ClusterTolerations)
	return r, nil
}

// tolerations are those of a policy, and those that all have unless it has its own.
func tolerations(own []corev1.Toleration) []corev1.Toleration {
	all := append([]corev1.Toleration(nil), own...)
	for _, key := range []string{cluster.TaintNotReady, cluster.TaintUnreachable} {
		stated := false
		for _, t := range own {
			stated = stated || (t.Key == key || t.Key == "" && t.Operator == corev1.TolerationOpExists) && (t.Effect == "" || t.Effect == corev1.TaintEffectNoExecute)
		}
		if !stated {
			seconds := int64(tolerated)
			all = append(all, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds})
		}
	}
	return all
}

// spread translates constraints.
func spread(all []policyv1alpha1.SpreadConstraint, field string) ([]placement.Spread, error) {
	var into []placement.Spread
	for i, c := range all {
		field := fmt.Sprintf("%s[%d]", field, i)
		s := placement.Spread{Domain: placement.ByCluster, Min: max(c.MinGroups, 1), Max: c.MaxGroups}
		switch {
		case c.SpreadByField != "" && c.SpreadByLabel != "":
			return nil, wrong(field+".spreadByLabel", "not together with spreadByField")
		case c.MinGroups < 0:
			return nil, wrong(field+".minGroups", "got %d, want none or more", c.MinGroups)
		case c.MaxGroups < 0:
			return nil, wrong(field+".maxGroups", "got %d, want none or more", c.MaxGroups)
		case c.MaxGroups > 0 && c.MaxGroups < s.Min:
			return nil, wrong(field+".maxGroups", "got %d, less than minGroups, %d", c.MaxGroups, s.Min)
		case c.SpreadByLabel != "":
			s.Domain, s.Label = placement.ByLabel, c.SpreadByLabel
		case c.SpreadByField != "":
			s.Domain = placement.Domain(c.SpreadByField)
			switch s.Domain {
			case placement.ByCluster, placement.ByRegion, placement.ByZone, placement.ByProvider:
			default:
				return nil, wrong(field+".spreadByField", "got %.80q, want cluster, region, zone or provider", c.SpreadByField)
			}
		}
		into = append(into, s)
	}
	return into, nil
}

// scheduling translates how replicas are told out. Static weights are followed
// whenever they are computed; by the other ways, what runs stays where it is.
func scheduling(s *policyv1alpha1.ReplicaScheduling, field string) (placement.Scheduling, error) {
	if s == nil {
		return placement.Scheduling{Mode: placement.Duplicated}, nil
	}
	switch s.ReplicaSchedulingType {
	case policyv1alpha1.Duplicated:
		return placement.Scheduling{Mode: placement.Duplicated}, nil
	case policyv1alpha1.Divided, "":
	default:
		return placement.Scheduling{}, wrong(field+".replicaSchedulingType", "got %.80q, want Duplicated or Divided", s.ReplicaSchedulingType)
	}
	switch s.ReplicaDivisionPreference {
	case policyv1alpha1.Aggregated:
		return placement.Scheduling{Mode: placement.Aggregated}, nil
	case policyv1alpha1.Weighted, "":
		return weights(s.WeightPreference, field+".weightPreference")
	}
	return placement.Scheduling{}, wrong(field+".replicaDivisionPreference", "got %.80q, want Aggregated or Weighted", s.ReplicaDivisionPreference)
}

// weights translates preferences; nil: all clusters are alike.
func weights(p *policyv1alpha1.ClusterPreferences, field string) (placement.Scheduling, error) {
	into := placement.Scheduling{Mode: placement.Weighted, Rebalance: true}
	switch {
	case p == nil:
		return into, nil
	case p.DynamicWeight == policyv1alpha1.AvailableReplicas:
		return placement.Scheduling{Mode: placement.Dynamic}, nil
	case p.DynamicWeight != "":
		return into, wrong(field+".dynamicWeight", "got %.80q, want AvailableReplicas", p.DynamicWeight)
	}
	for i, w := range p.StaticWeightList {
		field := fmt.Sprintf("%s.staticWeightList[%d]", field, i)
		if w.Weight < 1 {
			return into, wrong(field+".weight", "got %d, want 1 or more", w.Weight)
		}
		a, err := affinity(&w.TargetCluster, field+".targetCluster")
		if err != nil {
			return into, err
		}
		into.Weights = append(into.Weights, placement.Weight{Affinity: a, Weight: w.Weight})
	}
	return into, nil
}
