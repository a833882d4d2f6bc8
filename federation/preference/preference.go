package preference

import (
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"

	schedulingv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/scheduling/v1alpha1"
	"github.com/fedns/fedns/federation/cluster"
	"github.com/fedns/fedns/federation/placement"
)

// moved is for how many seconds a cluster that cannot be reached keeps replicas that
// are told out, as both systems do.
const moved = 60

// Scheduling tells replicas out by preferences. Clusters that are not named have
// those of "*", or get nothing without it. Errors name what is below field.
func Scheduling(rebalance bool, clusters map[string]schedulingv1alpha1.ClusterPreferences, field string) (placement.Scheduling, error) {
	none := int32(0)
	s := placement.Scheduling{Mode: placement.Weighted, Rebalance: rebalance, SpillOver: true, Limits: map[string]placement.Limit{"*": {Max: &none}}}
	for name, c := range clusters {
		l, err := limit(&c, fmt.Sprintf("%s[%s]", field, name))
		if err != nil {
			return placement.Scheduling{}, err
		}
		s.Limits[name] = l
	}
	return s, nil
}

// Alike tells replicas out evenly.
func Alike(rebalance bool) placement.Scheduling {
	return placement.Scheduling{Mode: placement.Weighted, Rebalance: rebalance, SpillOver: true}
}

// limit is a cluster's. A weight that is not stated is 0, as both systems have it.
func limit(c *schedulingv1alpha1.ClusterPreferences, field string) (l placement.Limit, err error) {
	switch {
	case c.MinReplicas < 0 || c.MinReplicas > math.MaxInt32:
		return l, fmt.Errorf("%s.minReplicas: got %d, want 0 to %d", field, c.MinReplicas, math.MaxInt32)
	case c.MaxReplicas != nil && (*c.MaxReplicas < 0 || *c.MaxReplicas > math.MaxInt32):
		return l, fmt.Errorf("%s.maxReplicas: got %d, want 0 to %d", field, *c.MaxReplicas, math.MaxInt32)
	case c.MaxReplicas != nil && *c.MaxReplicas < c.MinReplicas:
		return l, fmt.Errorf("%s.maxReplicas: got %d, less than minReplicas, %d", field, *c.MaxReplicas, c.MinReplicas)
	case c.Weight < 0:
		return l, fmt.Errorf("%s.weight: got %d, want none or more", field, c.Weight)
	}
	l = placement.Limit{Min: int32(c.MinReplicas), Weight: &c.Weight}
	if c.MaxReplicas != nil {
		most := int32(*c.MaxReplicas)
		l.Max = &most
	}
	return l, nil
}

// Tolerations have objects be, and stay, in clusters that cannot be reached: neither
// system moves them. Replicas that are told out (divided) go elsewhere after a minute.
func Tolerations(divided bool) (all []corev1.Toleration) {
	for _, key := range []string{cluster.TaintNotReady, cluster.TaintUnreachable} {
		t := corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists}
		if divided {
			seconds := int64(moved)
			t.Effect, t.TolerationSeconds = corev1.TaintEffectNoExecute, &seconds
		}
		all = append(all, t)
	}
	return all
}
