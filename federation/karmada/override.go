package karmada

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	"github.com/fedns/fedns/federation/finding"
	"github.com/fedns/fedns/federation/override"
	"github.com/fedns/fedns/federation/placement"
)

// overrider is an OverridePolicy or a ClusterOverridePolicy.
type overrider struct {
	reference
	selectors []selector // none: all templates
	rules     []override.Rule
	err       error // of what it says now; selectors may be those it said before
}

// selects says how exactly a template is selected.
func (p *overrider) selects(o *unstructured.Unstructured) match {
	if p.namespace != "" && o.GetNamespace() != p.namespace {
		return noMatch
	}
	if len(p.selectors) == 0 {
		return byKind
	}
	return best(p.selectors, o)
}

// overridesOf are those of all policies that select a template, in the order in
// which they are applied: policies without a namespace first, the more exact ones
// last, by name.
func overridesOf(policies map[reference]*overrider, o *unstructured.Unstructured) (rules []override.Rule, err error) {
	type found struct {
		*overrider
		match
	}
	var all []found
	for _, p := range policies {
		if m := p.selects(o); m != noMatch {
			all = append(all, found{p, m})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), cmp.Compare(a.match, b.match), strings.Compare(a.name, b.name)) // ClusterOverridePolicy < OverridePolicy
	})
	for _, p := range all {
		if p.err != nil {
			return nil, fmt.Errorf("%s: %w", p.reference, p.err)
		}
		rules = append(rules, p.rules...)
	}
	return rules, nil
}

// readOverrider reads a policy. before is what it said before; nil: nothing.
func readOverrider(o *unstructured.Unstructured, before *overrider) (*overrider, []finding.Finding) {
	p := &overrider{reference: referenceTo(o)}
	var stated policyv1alpha1.OverridePolicy // the cluster-wide one differs in its scope only
	unknown, err := finding.Decode(o, &stated)
	if err == nil {
		p.selectors, err = selectors(stated.Spec.ResourceSelectors, p.namespace)
	}
	if err != nil {
		p.err = err
		if before != nil {
			p.selectors = before.selectors
		} else {
			p.selectors = []selector{{}} // selects nothing: what it is for cannot be read
		}
		return p, unknown
	}
	p.rules, p.err = rules(p.reference, &stated.Spec)
	return p, unknown
}

// rules are a policy's. The older form counts when there is nothing in the newer.
func rules(origin reference, s *policyv1alpha1.OverrideSpec) ([]override.Rule, error) {
	if len(s.OverrideRules) == 0 {
		r, err := rule(origin.String(), s.TargetCluster, &s.Overriders, "spec")
		if err != nil || len(r.Changes) == 0 {
			return nil, err
		}
		return []override.Rule{r}, nil
	}
	var all []override.Rule
	for i := range s.OverrideRules {
		stated := &s.OverrideRules[i]
		r, err := rule(fmt.Sprintf("%s, rule %d", origin, i), stated.TargetCluster, &stated.Overriders, fmt.Sprintf("spec.overrideRules[%d]", i))
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func rule(origin string, target *policyv1alpha1.ClusterAffinity, o *policyv1alpha1.Overriders, field string) (r override.Rule, err error) {
	r.Origin = origin
	if r.Target, err = affinity(target, field+".targetCluster"); err != nil {
		return r, err
	}
	if target == nil {
		r.Target = placement.Affinity{}
	}
	r.Changes, err = changes(o, field+".overriders")
	return r, err
}
