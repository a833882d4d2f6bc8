package karmada

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkOrders: 1,000 templates, each with a policy and an override of its own,
// from nothing.
func BenchmarkOrders(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		name := fmt.Sprintf("web-%d", i)
		selector := fmt.Sprintf("resourceSelectors: [{apiVersion: apps/v1, kind: Deployment, name: %s}]", name)
		text.WriteString(pp(name, selector))
		fmt.Fprintf(&text, "apiVersion: policy.karmada.io/v1alpha1\nkind: OverridePolicy\nmetadata: {name: %s}\nspec: {%s, overrideRules: [{overriders: {labelsOverrider: [{operator: add, value: {a: b}}]}}]}\n---\n", name, selector)
		text.WriteString(strings.ReplaceAll(nginx, "name: nginx", "name: "+name))
	}
	t := &testing.T{}
	all := objects(t, text.String())
	b.ResetTimer()
	for b.Loop() {
		s := newStage(t, false)
		for _, o := range all {
			switch o.GetKind() {
			case propagationPolicy.Kind:
				s.putPolicy(o)
			case overridePolicy.Kind:
				s.putOverrider(o)
			default:
				s.putTemplate(o)
			}
		}
		s.synced(keyOf(all[2]).Kind, false)
		if n := len(s.orders()); n != 1000 {
			b.Fatalf("%d orders", n)
		}
	}
}
