package finding

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/json"
)

// Decode reads an object into its type. Fields of the spec that the type does not have
// are no error, for upstream may have more than is read here: each gives a Finding. An
// error names the field, where one is wrong.
func Decode(o *unstructured.Unstructured, into any) (unknown []Finding, err error) {
	body, err := o.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("not of the form of its kind: %w", err)
	}
	strict, err := json.UnmarshalStrict(body, into)
	if other, ok := errors.AsType[*stdjson.UnmarshalTypeError](err); ok && other.Field != "" {
		return nil, fmt.Errorf("%s: got %s, which it cannot hold", other.Field, other.Value)
	}
	if err != nil {
		return nil, fmt.Errorf("not of the form of its kind: %w", err)
	}
	for _, s := range strict {
		var field json.FieldError
		path := ""
		if errors.As(s, &field) {
			path = strings.TrimPrefix(field.FieldPath(), ".")
		}
		if strings.HasPrefix(path, "spec") {
			unknown = append(unknown, Finding{Object: nameOf(o), Field: path, Text: "is not read, and changes nothing"})
		}
	}
	return unknown, nil
}

// nameOf is an object's name for people: PropagationPolicy shop/web.
func nameOf(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetKind() + " " + o.GetName()
	}
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}
