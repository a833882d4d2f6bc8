package host

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedns/fedns/discovery/inventory"
)

// Name is an object's namespace and name.
type Name struct{ Namespace, Name string }

// Secrets are those that objects may refer to.
type Secrets map[Name]*corev1.Secret

// put takes in a Secret, and says whether it is another one than before.
func (s Secrets) put(o *unstructured.Unstructured) (changed bool) {
	secret := &corev1.Secret{}
	if err := Decode(o, secret); err != nil {
		return false // an API server gives none such
	}
	name := Name{o.GetNamespace(), o.GetName()}
	old := s[name]
	s[name] = secret
	return old == nil || !reflect.DeepEqual(old.Data, secret.Data) || !maps.Equal(old.Labels, secret.Labels)
}

// Labelled are those with a label, by namespace and name.
func (s Secrets) Labelled(key, value string) []*corev1.Secret {
	var found []*corev1.Secret
	for _, secret := range s {
		if got, ok := secret.Labels[key]; ok && got == value {
			found = append(found, secret)
		}
	}
	slices.SortFunc(found, func(a, b *corev1.Secret) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return found
}

// Value is a key of a Secret's data. The error says which Secret and key were
// looked for, never what was found.
func (s Secrets) Value(namespace, name, key string) ([]byte, error) {
	secret := s[Name{namespace, name}]
	if secret == nil {
		return nil, fmt.Errorf("there is no Secret %s/%s", namespace, name)
	}
	value := secret.Data[key]
	if len(value) == 0 {
		return nil, fmt.Errorf("the Secret %s/%s has no data.%s", namespace, name, key)
	}
	return value, nil
}

// Decode turns an object into a typed one. The error names the field.
func Decode(o *unstructured.Unstructured, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
		return fmt.Errorf("not of the form of its kind: %w", err)
	}
	return nil
}

// Unreadable is an object that is not of the form of its kind.
func Unreadable(err error) inventory.Object {
	return inventory.Object{Broken: true, Findings: []inventory.Finding{{Text: err.Error()}}}
}

// Labels are an object's, in a map of their own.
func Labels(o *unstructured.Unstructured) map[string]string { return maps.Clone(o.GetLabels()) }
