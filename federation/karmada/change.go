package karmada

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	policyv1alpha1 "github.com/fedns/fedns/federation/api/karmada/policy/v1alpha1"
	"github.com/fedns/fedns/federation/override"
)

// changes are a rule's, in the order in which Karmada makes them.
func changes(o *policyv1alpha1.Overriders, field string) ([]override.Change, error) {
	var all []override.Change
	for _, part := range []func(*policyv1alpha1.Overriders, string) ([]override.Change, error){images, starts, metadata, documents, plaintext} {
		some, err := part(o, field)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// op reads an operator.
func op(operator, field string, allowed ...override.Op) (override.Op, error) {
	if !slices.Contains(allowed, override.Op(operator)) {
		return "", wrong(field+".operator", "got %.80q, want one of %v", operator, allowed)
	}
	return override.Op(operator), nil
}

// pointer checks a JSON pointer.
func pointer(p, field string) error {
	if !strings.HasPrefix(p, "/") {
		return wrong(field, "got %.80q, want a JSON pointer, which begins with /", p)
	}
	return nil
}

func images(o *policyv1alpha1.Overriders, field string) (all []override.Change, err error) {
	for i, s := range o.ImageOverrider {
		field := fmt.Sprintf("%s.imageOverrider[%d]", field, i)
		c := &override.Image{Component: override.Component(s.Component), Value: s.Value}
		if c.Op, err = op(s.Operator, field, override.Add, override.Remove, override.Replace); err != nil {
			return nil, err
		}
		switch {
		case !slices.Contains([]override.Component{override.Registry, override.Repository, override.Tag}, c.Component):
			return nil, wrong(field+".component", "got %.80q, want Registry, Repository or Tag", s.Component)
		case c.Op != override.Remove && s.Value == "":
			return nil, wrong(field+".value", "missing, as operator is %s", s.Operator)
		}
		if s.Predicate != nil {
			if err := pointer(s.Predicate.Path, field+".predicate.path"); err != nil {
				return nil, err
			}
			c.Path = s.Predicate.Path
		}
		all = append(all, override.Change{Image: c})
	}
	return all, nil
}

// starts are commands, then arguments.
func starts(o *policyv1alpha1.Overriders, field string) (all []override.Change, err error) {
	read := func(list []policyv1alpha1.CommandArgsOverrider, name string, into func(*override.Arguments) override.Change) error {
		for i, s := range list {
			field := fmt.Sprintf("%s.%s[%d]", field, name, i)
			c := &override.Arguments{Container: s.ContainerName, Values: s.Value}
			if c.Op, err = op(s.Operator, field, override.Add, override.Remove); err != nil {
				return err
			}
			if s.ContainerName == "" {
				return wrong(field+".containerName", "missing")
			}
			all = append(all, into(c))
		}
		return nil
	}
	if err := read(o.CommandOverrider, "commandOverrider", func(a *override.Arguments) override.Change { return override.Change{Command: a} }); err != nil {
		return nil, err
	}
	err = read(o.ArgsOverrider, "argsOverrider", func(a *override.Arguments) override.Change { return override.Change{Args: a} })
	return all, err
}

// metadata is labels, then annotations.
func metadata(o *policyv1alpha1.Overriders, field string) (all []override.Change, err error) {
	read := func(list []policyv1alpha1.LabelAnnotationOverrider, name string, into func(*override.Metadata) override.Change) error {
		for i, s := range list {
			c := &override.Metadata{Values: s.Value}
			if c.Op, err = op(s.Operator, fmt.Sprintf("%s.%s[%d]", field, name, i), override.Add, override.Remove, override.Replace); err != nil {
				return err
			}
			all = append(all, into(c))
		}
		return nil
	}
	if err := read(o.LabelsOverrider, "labelsOverrider", func(m *override.Metadata) override.Change { return override.Change{Labels: m} }); err != nil {
		return nil, err
	}
	err = read(o.AnnotationsOverrider, "annotationsOverrider", func(m *override.Metadata) override.Change { return override.Change{Annots: m} })
	return all, err
}

func documents(o *policyv1alpha1.Overriders, field string) (all []override.Change, err error) {
	for i, s := range o.FieldOverrider {
		field := fmt.Sprintf("%s.fieldOverrider[%d]", field, i)
		if err := pointer(s.FieldPath, field+".fieldPath"); err != nil {
			return nil, err
		}
		if len(s.JSON) > 0 && len(s.YAML) > 0 {
			return nil, wrong(field+".yaml", "not together with json")
		}
		c := &override.Field{Path: s.FieldPath}
		if c.JSON, err = patches(s.JSON, field+".json"); err != nil {
			return nil, err
		}
		if c.YAML, err = patches(s.YAML, field+".yaml"); err != nil {
			return nil, err
		}
		all = append(all, override.Change{Field: c})
	}
	return all, nil
}

func patches(list []policyv1alpha1.DocumentPatch, field string) (all []override.Patch, err error) {
	for i, s := range list {
		p, err := patch(s.SubPath, s.Operator, s.Value, fmt.Sprintf("%s[%d]", field, i), "subPath")
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func plaintext(o *policyv1alpha1.Overriders, field string) (all []override.Change, err error) {
	for i, s := range o.Plaintext {
		p, err := patch(s.Path, s.Operator, s.Value, fmt.Sprintf("%s.plaintext[%d]", field, i), "path")
		if err != nil {
			return nil, err
		}
		all = append(all, override.Change{Patch: &p})
	}
	return all, nil
}

// patch reads an operation. A value that is missing is null, as JSON has it, but
// for remove, which has none.
func patch(path, operator string, value runtime.RawExtension, field, name string) (p override.Patch, err error) {
	if p.Op, err = op(operator, field, override.Add, override.Remove, override.Replace); err != nil {
		return p, err
	}
	p.Path = path
	if p.Op != override.Remove {
		if p.Value = value.Raw; len(p.Value) == 0 {
			p.Value = []byte("null")
		}
	}
	return p, pointer(path, field+"."+name)
}
