package kubefed

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	schedulingv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/scheduling/v1alpha1"
	"github.com/fedns/fedns/federation/placement"
)

// preference is a ReplicaSchedulingPreference.
type preference struct {
	reference
	kind       string // federated, of its target
	replicas   int32
	own        bool // within the target's own placement
	scheduling placement.Scheduling
	err        error // of what it says now; kind may be that which it said before
}

// readPreference reads a preference. before is what it said before; nil: nothing.
func readPreference(o *unstructured.Unstructured, before *preference) (*preference, []Finding) {
	p := &preference{reference: referenceTo(o)}
	var stated schedulingv1alpha1.ReplicaSchedulingPreference
	findings, err := decode(o, &stated)
	if err == nil {
		err = p.read(&stated.Spec)
	}
	if p.err = err; err != nil && p.kind == "" && before != nil {
		p.kind = before.kind
	}
	return p, findings
}

func (p *preference) read(s *schedulingv1alpha1.ReplicaSchedulingPreferenceSpec) error {
	p.kind, p.replicas, p.own = s.TargetKind, s.TotalReplicas, s.IntersectWithClusterSelector
	switch {
	case s.TargetKind == "":
		return wrong("spec.targetKind", "missing, want FederatedDeployment or FederatedReplicaSet")
	case s.TotalReplicas < 0:
		return wrong("spec.totalReplicas", "got %d, want none or more", s.TotalReplicas)
	}
	p.scheduling = placement.Scheduling{Mode: placement.Weighted, Rebalance: s.Rebalance, SpillOver: true}
	if len(s.Clusters) == 0 {
		return nil // all are alike
	}
	none := int32(0)
	p.scheduling.Limits = map[string]placement.Limit{"*": {Max: &none}}
	for name, c := range s.Clusters {
		field := fmt.Sprintf("spec.clusters[%s]", name)
		l, err := limit(&c, field)
		if err != nil {
			return err
		}
		p.scheduling.Limits[name] = l
	}
	return nil
}

// limit is a cluster's. A weight that is not stated is 0, as KubeFed has it.
func limit(c *schedulingv1alpha1.ClusterPreferences, field string) (l placement.Limit, err error) {
	switch {
	case c.MinReplicas < 0 || c.MinReplicas > math.MaxInt32:
		return l, wrong(field+".minReplicas", "got %d, want 0 to %d", c.MinReplicas, math.MaxInt32)
	case c.MaxReplicas != nil && (*c.MaxReplicas < 0 || *c.MaxReplicas > math.MaxInt32):
		return l, wrong(field+".maxReplicas", "got %d, want 0 to %d", *c.MaxReplicas, math.MaxInt32)
	case c.MaxReplicas != nil && *c.MaxReplicas < c.MinReplicas:
		return l, wrong(field+".maxReplicas", "got %d, less than minReplicas, %d", *c.MaxReplicas, c.MinReplicas)
	case c.Weight < 0:
		return l, wrong(field+".weight", "got %d, want none or more", c.Weight)
	}
	l = placement.Limit{Min: int32(c.MinReplicas), Weight: &c.Weight}
	if c.MaxReplicas != nil {
		most := int32(*c.MaxReplicas)
		l.Max = &most
	}
	return l, nil
}
