package kubefed

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	schedulingv1alpha1 "github.com/fedns/fedns/federation/api/kubefed/scheduling/v1alpha1"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/preference"
)

// choice is a ReplicaSchedulingPreference.
type choice struct {
	reference
	kind       string // federated, of its target
	replicas   int32
	own        bool // within the target's own placement
	scheduling placement.Scheduling
	err        error // of what it says now; kind may be that which it said before
}

// readPreference reads a preference. before is what it said before; nil: nothing.
func readPreference(o *unstructured.Unstructured, before *choice) (*choice, []finding.Finding) {
	p := &choice{reference: referenceTo(o)}
	var stated schedulingv1alpha1.ReplicaSchedulingPreference
	findings, err := finding.Decode(o, &stated)
	if err == nil {
		err = p.read(&stated.Spec)
	}
	if p.err = err; err != nil && p.kind == "" && before != nil {
		p.kind = before.kind
	}
	return p, findings
}

func (p *choice) read(s *schedulingv1alpha1.ReplicaSchedulingPreferenceSpec) error {
	p.kind, p.replicas, p.own = s.TargetKind, s.TotalReplicas, s.IntersectWithClusterSelector
	switch {
	case s.TargetKind == "":
		return wrong("spec.targetKind", "missing, want FederatedDeployment or FederatedReplicaSet")
	case s.TotalReplicas < 0:
		return wrong("spec.totalReplicas", "got %d, want none or more", s.TotalReplicas)
	}
	if len(s.Clusters) == 0 {
		p.scheduling = preference.Alike(s.Rebalance)
		return nil
	}
	var err error
	p.scheduling, err = preference.Scheduling(s.Rebalance, s.Clusters, "spec.clusters")
	return err
}
