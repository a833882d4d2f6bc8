package karmada

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	"github.com/fedns/fedns/federation/finding"
)

// Where a template, and its ResourceBinding, say which policy claimed them.
const (
	policyNameAnnotation        = "propagationpolicy.karmada.io/name"
	policyNamespaceAnnotation   = "propagationpolicy.karmada.io/namespace"
	policyIDLabel               = "propagationpolicy.karmada.io/permanent-id"
	clusterPolicyNameAnnotation = "clusterpropagationpolicy.karmada.io/name"
	clusterPolicyIDLabel        = "clusterpropagationpolicy.karmada.io/permanent-id"
)

// policy is a PropagationPolicy or a ClusterPropagationPolicy.
type policy struct {
	reference
	id         string // permanent
	selectors  []selector
	priority   int32
	preempts   bool
	lazy       bool
	depends    []string // OverridePolicies that have to exist
	terms      *terms   // nil when err is not
	err        error    // of what it says now; selectors may be those it said before
	generation int64
}

// readPolicy reads a policy. before is what it said before; nil: nothing. One that
// cannot be read goes on selecting what it selected, so that nobody else claims it.
func readPolicy(o *unstructured.Unstructured, before *policy) (*policy, []finding.Finding) {
	p := &policy{reference: referenceTo(o), generation: o.GetGeneration()}
	label := policyIDLabel
	if p.namespace == "" {
		label = clusterPolicyIDLabel
	}
	p.id = cmp.Or(o.GetLabels()[label], string(o.GetUID()))
	var stated policyv1alpha1.PropagationPolicy // the cluster-wide one differs in its scope only
	findings, err := finding.Decode(o, &stated)
	s := &stated.Spec
	if err == nil && len(s.ResourceSelectors) == 0 {
		err = wrong("spec.resourceSelectors", "missing, want at least one")
	}
	if err == nil {
		p.selectors, err = selectors(s.ResourceSelectors, p.namespace)
	}
	if err != nil {
		p.err = err
		if before != nil {
			p.selectors, p.priority, p.preempts = before.selectors, before.priority, before.preempts
		}
		return p, findings
	}
	if s.Priority != nil {
		p.priority = *s.Priority
	}
	p.preempts, p.lazy, p.depends = s.Preemption == policyv1alpha1.PreemptAlways, s.ActivationPreference == policyv1alpha1.LazyActivation, s.DependentOverrides
	switch s.Preemption {
	case policyv1alpha1.PreemptAlways, policyv1alpha1.PreemptNever, "":
		p.terms, p.err = termsOf(s)
	default:
		p.err = wrong("spec.preemption", "got %.80q, want Always or Never", s.Preemption)
	}
	if s.SchedulerName != "" && s.SchedulerName != "default-scheduler" {
		findings = append(findings, finding.Finding{Object: p.String(), Field: "spec.schedulerName", Text: fmt.Sprintf("fedns places what %s would have placed", s.SchedulerName)})
	}
	return p, findings
}

// claimant is the policy that a template says it was claimed by; the zero
// reference: none.
func claimant(o *unstructured.Unstructured) reference {
	a := o.GetAnnotations()
	switch {
	case a[policyNameAnnotation] != "" && a[policyNamespaceAnnotation] != "":
		return reference{propagationPolicy.Kind, a[policyNamespaceAnnotation], a[policyNameAnnotation]}
	case a[clusterPolicyNameAnnotation] != "":
		return reference{clusterPropagationPolicy.Kind, "", a[clusterPolicyNameAnnotation]}
	}
	return reference{}
}

// choose is, of policies, that of a template: that which claimed it, as long as it selects
// it and no other preempts it, otherwise the first of all that select it. nil: none.
func choose(policies map[reference]*policy, o *unstructured.Unstructured, claimed reference) *policy {
	type found struct {
		*policy
		match
	}
	var all []found
	for _, p := range policies {
		if p.namespace != "" && p.namespace != o.GetNamespace() {
			continue
		}
		if m := best(p.selectors, o); m != noMatch {
			all = append(all, found{p, m})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(
			-strings.Compare(a.kind, b.kind), // PropagationPolicy before ClusterPropagationPolicy
			cmp.Compare(b.priority, a.priority), cmp.Compare(b.match, a.match), strings.Compare(a.name, b.name))
	})
	if len(all) == 0 {
		return nil
	}
	i := slices.IndexFunc(all, func(f found) bool { return f.reference == claimed })
	if i < 0 {
		return all[0].policy
	}
	holder := all[i].policy
	for _, f := range all {
		if f.preempts && f.beats(holder) {
			return f.policy
		}
	}
	return holder
}

// beats says whether a policy that preempts takes a template from its holder: any
// from a policy without a namespace, if it has one itself; otherwise with more
// priority, and never from a policy with a namespace if it has none.
func (p *policy) beats(holder *policy) bool {
	if p.kind == holder.kind {
		return p.priority > holder.priority
	}
	return p.kind == propagationPolicy.Kind
}
