package karmada

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/fedns/fedns/federation/work"
)

// successor says whether a policy selects by another version of its kind a template that
// none selects by this one: versions are forms of one object, and what was placed by this
// one is placed by that from then on. stands: the order of that was given, so that
// nothing is removed when this one's ends. mu is held.
func (d *desk) successor(key work.Key, template *unstructured.Unstructured) (succeeds, stands bool) {
	for _, p := range d.policies {
		for _, s := range p.selectors {
			other := key
			other.Kind = s.kind
			if !isVersion(other.Kind, key.Kind) || d.absent[other.Kind] || d.read[other.Kind] && d.templates[other.Kind][other] == nil {
				continue
			}
			if choose(d.policiesOf(other), asVersion(template, other.Kind), reference{}) != nil {
				return true, d.standing[other] != nil
			}
		}
	}
	return false, false
}

// stands says that an object is ordered by another version of its kind.
func (d *desk) stands(key work.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for kind := range d.templates {
		other := key
		if other.Kind = kind; isVersion(kind, key.Kind) && d.standing[other] != nil {
			return true
		}
	}
	return false
}

// markVersions has the order of an object by other versions looked at; mu is held.
func (d *desk) markVersions(key work.Key) {
	for kind := range d.templates {
		other := key
		if other.Kind = kind; isVersion(kind, key.Kind) && d.standing[other] != nil {
			d.dirty[other] = true
		}
	}
}

// asVersion is a template as it is selected by another version of its kind.
func asVersion(o *unstructured.Unstructured, kind schema.GroupVersionKind) *unstructured.Unstructured {
	other := &unstructured.Unstructured{Object: map[string]any{"metadata": o.Object["metadata"]}}
	other.SetGroupVersionKind(kind)
	return other
}

// isVersion says that one kind is another version of another.
func isVersion(a, b schema.GroupVersionKind) bool {
	return a != b && a.GroupKind() == b.GroupKind()
}
