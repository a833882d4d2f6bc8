package deploy

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/fedns/fedns/federation/api/v1alpha1"
)

// schema is a part of a CustomResourceDefinition's schema, as far as Go types say it.
type schema struct {
	Type                 string            `json:"type"`
	Properties           map[string]schema `json:"properties"`
	Items                *schema           `json:"items"`
	AdditionalProperties *schema           `json:"additionalProperties"`
	Required             []string          `json:"required"`
}

type definition struct {
	Spec struct {
		Versions []struct {
			Name   string `json:"name"`
			Schema struct {
				OpenAPIV3Schema schema `json:"openAPIV3Schema"`
			} `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

// TestDefinitionsAreCurrent: what the Go types have, the definitions have, and
// nothing else. Otherwise `make generate` was forgotten, and API servers drop fields.
func TestDefinitionsAreCurrent(t *testing.T) {
	for file, kind := range map[string]any{
		"fedns.io_memberclusters.yaml": v1alpha1.MemberCluster{},
		"fedns.io_bindings.yaml":       v1alpha1.Binding{},
	} {
		text, err := os.ReadFile(filepath.Join("crds", file))
		if err != nil {
			t.Fatal(err)
		}
		var d definition
		if err := yaml.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		if len(d.Spec.Versions) == 0 {
			t.Fatalf("%s: no versions", file)
		}
		for _, v := range d.Spec.Versions {
			compare(t, file+": "+v.Name, v.Schema.OpenAPIV3Schema, reflect.TypeOf(kind))
		}
	}
}

var scalars = map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int32: "integer", reflect.Int64: "integer", reflect.Int: "integer"}

// compare compares a schema with a Go type.
func compare(t *testing.T, at string, s schema, of reflect.Type) {
	t.Helper()
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch of {
	case reflect.TypeFor[metav1.ObjectMeta](), reflect.TypeFor[metav1.Time](), reflect.TypeFor[resource.Quantity]():
		return // theirs to say
	}
	switch {
	case of.Kind() == reflect.Struct:
		compareFields(t, at, s, of)
	case of.Kind() == reflect.Slice && s.Items != nil:
		compare(t, at+"[]", *s.Items, of.Elem())
	case of.Kind() == reflect.Map && s.AdditionalProperties != nil:
		compare(t, at+"{}", *s.AdditionalProperties, of.Elem())
	case scalars[of.Kind()] == "" || scalars[of.Kind()] != s.Type:
		t.Errorf("%s is %q, and in Go %s: run make generate", at, s.Type, of)
	}
}

func compareFields(t *testing.T, at string, s schema, of reflect.Type) {
	t.Helper()
	here := map[string]bool{}
	for _, f := range fields(of) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		here[name] = true
		own, ok := s.Properties[name]
		if !ok {
			t.Errorf("%s has no %s, and %s has: run make generate", at, name, of)
			continue
		}
		if required := slices.Contains(s.Required, name); required == strings.Contains(options, "omitempty") {
			t.Errorf("%s.%s: required is %v, and its JSON is %q", at, name, required, options)
		}
		compare(t, at+"."+name, own, f.Type)
	}
	for name := range s.Properties {
		if !here[name] {
			t.Errorf("%s has %s, and %s has not: run make generate", at, name, of)
		}
	}
}

// fields are a type's own, and those of what it has inline.
func fields(of reflect.Type) (all []reflect.StructField) {
	for i := range of.NumField() {
		f := of.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.Anonymous && name == "" {
			all = append(all, fields(f.Type)...)
		} else if f.IsExported() {
			all = append(all, f)
		}
	}
	return all
}
