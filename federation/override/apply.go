package override

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/cluster"
)

// Error says which change of which rule cannot be made.
type Error struct {
	Origin string // Rule.Origin
	Index  int    // of Rule.Changes
	Err    error
}

// Error names the rule and the change.
func (e *Error) Error() string { return fmt.Sprintf("%s: change %d: %v", e.Origin, e.Index, e.Err) }

// Unwrap is what the change met with.
func (e *Error) Unwrap() error { return e.Err }

// Apply makes the changes of all rules whose Target selects c, in their order, in
// a copy of o. Without any it returns o itself. On an error, which is an *Error,
// it returns nil: a template that is half changed goes nowhere.
//
// apiVersion, kind, metadata.name and metadata.namespace stay what they are: a
// change of one of them is an error.
func Apply(o *unstructured.Unstructured, c *cluster.Cluster, rules []Rule) (*unstructured.Unstructured, error) {
	changed := o
	for _, rule := range rules {
		if len(rule.Changes) == 0 || !rule.Target.Selects(c) {
			continue
		}
		if changed == o {
			changed = o.DeepCopy()
		}
		for i, change := range rule.Changes {
			if err := apply(changed, change); err != nil {
				return nil, &Error{Origin: rule.Origin, Index: i, Err: err}
			}
			if err := identical(o, changed); err != nil {
				return nil, &Error{Origin: rule.Origin, Index: i, Err: err}
			}
		}
	}
	return changed, nil
}

// apply makes one change in place.
func apply(o *unstructured.Unstructured, c Change) error {
	switch {
	case c.Patch != nil:
		return patch(o, []Patch{*c.Patch})
	case c.Image != nil:
		return image(o, *c.Image)
	case c.Args != nil:
		return arguments(o, "args", *c.Args)
	case c.Command != nil:
		return arguments(o, "command", *c.Command)
	case c.Labels != nil:
		return metadata(o, "labels", *c.Labels)
	case c.Annots != nil:
		return metadata(o, "annotations", *c.Annots)
	case c.Field != nil:
		return field(o, *c.Field)
	}
	return errors.New("nothing to change")
}

// identical says that a change left alone what an object is known by.
func identical(before, after *unstructured.Unstructured) error {
	for _, f := range []struct{ name, before, after string }{
		{"apiVersion", before.GetAPIVersion(), after.GetAPIVersion()},
		{"kind", before.GetKind(), after.GetKind()},
		{"metadata.name", before.GetName(), after.GetName()},
		{"metadata.namespace", before.GetNamespace(), after.GetNamespace()},
	} {
		if f.before != f.after {
			return fmt.Errorf("%s: is what the object is known by, and cannot become %q", f.name, f.after)
		}
	}
	return nil
}
