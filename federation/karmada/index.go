package karmada

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// target is what a selector can be found by: fields that are empty are any.
type target struct {
	kind            schema.GroupVersionKind
	namespace, name string
}

// index finds policies by the templates that they may select, so that a template
// is not held against all policies there are.
type index map[target]map[reference]bool

// put has a policy be found by its selectors.
func (x index) put(p reference, all []selector) {
	for _, t := range targets(p, all) {
		if x[t] == nil {
			x[t] = map[reference]bool{}
		}
		x[t][p] = true
	}
}

// drop undoes put.
func (x index) drop(p reference, all []selector) {
	for _, t := range targets(p, all) {
		delete(x[t], p)
		if len(x[t]) == 0 {
			delete(x, t)
		}
	}
}

// targets are those of a policy. Without selectors it is found by its namespace.
func targets(p reference, all []selector) []target {
	if len(all) == 0 {
		return []target{{namespace: p.namespace}}
	}
	some := make([]target, len(all))
	for i, s := range all {
		some[i] = target{s.kind, s.namespace, s.name}
	}
	return some
}

// of calls do with each policy that may select a template, perhaps more than once.
func (x index) of(k work.Key, do func(reference)) {
	whose := []target{
		{k.Kind, k.Namespace, k.Name}, {k.Kind, "", k.Name}, {k.Kind, k.Namespace, ""}, {k.Kind, "", ""},
		{namespace: k.Namespace}, {},
	}
	if k.Namespace == "" {
		whose = []target{{k.Kind, "", k.Name}, {k.Kind, "", ""}, {}}
	}
	for _, t := range whose {
		for p := range x[t] {
			do(p)
		}
	}
}
