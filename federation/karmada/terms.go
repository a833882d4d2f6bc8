package karmada

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	workv1alpha2 "github.com/fedns/fedns/federation/api/karmada/work/v1alpha2"
	"github.com/fedns/fedns/federation/placement"
	"github.com/fedns/fedns/federation/work"
)

// Labels and annotations of templates that say how they are propagated.
const (
	conflictResolution = "work.karmada.io/conflict-resolution" // overwrite or abort, before the policy's
	retainReplicas     = "resourcetemplate.karmada.io/retain-replicas"
)

// grace is how long an object is kept where it is leaving, unless a policy says how long.
const grace = 10 * time.Minute

// terms are what a policy says of how its templates are propagated. A
// ResourceBinding has them too, and so keeps them when the policy is gone.
type terms struct {
	placement  policyv1alpha1.Placement
	deps       bool
	conflict   policyv1alpha1.ConflictResolution
	suspension *policyv1alpha1.Suspension
	preserve   bool
	failover   *policyv1alpha1.Failover

	request placement.Request // of placement
	suspend []string          // of suspension
	move    work.Failover     // of failover
}

// termsOf are a policy's.
func termsOf(s *policyv1alpha1.PropagationSpec) (*terms, error) {
	return (&terms{
		placement: s.Placement, deps: s.PropagateDeps || s.Association, conflict: s.ConflictResolution,
		suspension: s.Suspension, preserve: s.PreserveResourcesOnDeletion != nil && *s.PreserveResourcesOnDeletion, failover: s.Failover,
	}).read("spec")
}

// termsBound are a ResourceBinding's.
func termsBound(s *workv1alpha2.ResourceBindingSpec) (*terms, error) {
	t := &terms{
		deps: s.PropagateDeps, conflict: s.ConflictResolution,
		suspension: s.Suspension, preserve: s.PreserveResourcesOnDeletion != nil && *s.PreserveResourcesOnDeletion, failover: s.Failover,
	}
	if s.Placement != nil {
		t.placement = *s.Placement
	}
	return t.read("spec")
}

// read translates what does not depend on the template.
func (t *terms) read(field string) (_ *terms, err error) {
	if t.request, err = request(&t.placement, field+".placement"); err != nil {
		return nil, err
	}
	if t.suspend, err = suspended(t.suspension, field+".suspension"); err != nil {
		return nil, err
	}
	if t.move, err = failover(t.failover, field+".failover"); err != nil {
		return nil, err
	}
	switch t.conflict {
	case policyv1alpha1.ConflictAbort, policyv1alpha1.ConflictOverwrite:
	case "":
		t.conflict = policyv1alpha1.ConflictAbort
	default:
		return nil, wrong(field+".conflictResolution", "got %.80q, want Abort or Overwrite", t.conflict)
	}
	return t, nil
}

// suspended are the clusters to which nothing is written; "*": any.
func suspended(s *policyv1alpha1.Suspension, field string) ([]string, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.Dispatching != nil && *s.Dispatching && s.DispatchingOnClusters != nil:
		return nil, wrong(field+".dispatchingOnClusters", "not together with dispatching")
	case s.Dispatching != nil && *s.Dispatching:
		return []string{"*"}, nil
	case s.DispatchingOnClusters != nil:
		return s.DispatchingOnClusters.ClusterNames, nil
	}
	return nil, nil
}

// failover says how templates move; of several purge modes, that for clusters counts.
func failover(f *policyv1alpha1.Failover, field string) (into work.Failover, err error) {
	into.Grace = grace
	if f == nil {
		return into, nil
	}
	if a := f.Application; a != nil {
		into.Unhealthy = tolerated * time.Second
		if s := a.DecisionConditions.TolerationSeconds; s != nil {
			if *s < 0 {
				return into, wrong(field+".application.decisionConditions.tolerationSeconds", "got %d, want none or more", *s)
			}
			into.Unhealthy = max(time.Duration(*s)*time.Second, time.Nanosecond) // 0 s: at once; 0: never
		}
		if s := a.GracePeriodSeconds; s != nil {
			if *s < 1 {
				return into, wrong(field+".application.gracePeriodSeconds", "got %d, want 1 or more", *s)
			}
			into.Grace = time.Duration(*s) * time.Second
		}
		if into.Purge, err = purge(a.PurgeMode, field+".application.purgeMode"); err != nil {
			return into, err
		}
	}
	if c := f.Cluster; c != nil {
		into.Purge, err = purge(c.PurgeMode, field+".cluster.purgeMode")
	}
	return into, err
}

func purge(m policyv1alpha1.PurgeMode, field string) (work.Purge, error) {
	switch m {
	case policyv1alpha1.PurgeDirectly, policyv1alpha1.PurgeImmediately:
		return work.Immediately, nil
	case policyv1alpha1.PurgeGracefully, policyv1alpha1.PurgeGraciously, "":
		return work.Graciously, nil
	case policyv1alpha1.PurgeNever:
		return work.NeverPurged, nil
	}
	return "", wrong(field, "got %.80q, want Directly, Gracefully or Never", m)
}

// options are how a template is propagated. What the template says of itself comes
// before what the policy says.
func (t *terms) options(template *unstructured.Unstructured) work.Options {
	o := work.Options{
		Existing: work.Leave, Orphan: t.preserve, Suspend: t.suspend, Dependencies: t.deps, Failover: t.move,
		RetainReplicas: template.GetLabels()[retainReplicas] == "true",
	}
	overwrite := t.conflict == policyv1alpha1.ConflictOverwrite
	switch strings.ToLower(template.GetAnnotations()[conflictResolution]) {
	case "overwrite":
		overwrite = true
	case "abort":
		overwrite = false
	}
	if overwrite {
		o.Existing = work.Adopt
	}
	return o
}
