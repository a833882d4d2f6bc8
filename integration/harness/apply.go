package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// fieldOwner is whom server-side apply takes the harness for.
const fieldOwner = "harness"

// Apply applies every document of a YAML text by server-side apply, in order,
// and takes over fields that others own. An object without a namespace that
// needs one goes to "default". After a CustomResourceDefinition it waits until
// the kind is served, so the next document may use it.
func (c *Cluster) Apply(ctx context.Context, text string) error {
	return c.each(text, func(o *unstructured.Unstructured) error {
		resource, err := c.resource(o)
		if err != nil {
			return err
		}
		_, err = resource.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: fieldOwner, Force: true})
		if err != nil || o.GetKind() != "CustomResourceDefinition" {
			return err
		}
		return c.waitServed(ctx, resource, o.GetName())
	})
}

// Delete deletes every object that a YAML text names. What is not there is no
// error, and what has finalizers may still be there when it returns.
func (c *Cluster) Delete(ctx context.Context, text string) error {
	return c.each(text, func(o *unstructured.Unstructured) error {
		resource, err := c.resource(o)
		if err != nil {
			return err
		}
		background := metav1.DeletePropagationBackground
		err = resource.Delete(ctx, o.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	})
}

// each calls do with every object of a YAML text, those inside a List too.
func (c *Cluster) each(text string, do func(*unstructured.Unstructured) error) error {
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cluster %s: read YAML: %w", c.Name, err)
		}
		if len(o.Object) == 0 {
			continue // only comments between two separators
		}
		named := func(o *unstructured.Unstructured) error {
			if err := do(o); err != nil {
				return fmt.Errorf("cluster %s: %s %s: %w", c.Name, o.GetKind(), o.GetName(), err)
			}
			return nil
		}
		if !o.IsList() {
			err = named(o)
		} else {
			err = o.EachListItem(func(item runtime.Object) error { return named(item.(*unstructured.Unstructured)) })
		}
		if err != nil {
			return err
		}
	}
}

// resource finds where the API server keeps objects of this kind. A kind that
// is not known may have been defined since discovery was last read.
func (c *Cluster) resource(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := o.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dyn.Resource(mapping.Resource), nil
	}
	if o.GetNamespace() == "" {
		o.SetNamespace("default")
	}
	return c.dyn.Resource(mapping.Resource).Namespace(o.GetNamespace()), nil
}

// waitServed waits until a definition is established and its kind discoverable.
func (c *Cluster) waitServed(ctx context.Context, definitions dynamic.ResourceInterface, name string) error {
	return Wait(ctx, func(ctx context.Context) error {
		o, err := definitions.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, item := range conditions {
			condition, _ := item.(map[string]any)
			if condition["type"] == "Established" && condition["status"] == "True" {
				return nil
			}
		}
		return errors.New("not established")
	})
}
