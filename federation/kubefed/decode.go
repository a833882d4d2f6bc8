package kubefed

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/json"
)

// decode reads an object into its type. Fields that the type does not have are
// no error, for upstream may have more than is read here: each gives a finding.
func decode(o *unstructured.Unstructured, into any) (unknown []Finding, err error) {
	body, err := o.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("not of the form of its kind: %w", err)
	}
	strict, err := json.UnmarshalStrict(body, into)
	if other, ok := errors.AsType[*stdjson.UnmarshalTypeError](err); ok && other.Field != "" {
		return nil, wrong(other.Field, "got %s, which it cannot hold", other.Value)
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
			unknown = append(unknown, Finding{Object: referenceTo(o).String(), Field: path, Text: "is not read, and changes nothing"})
		}
	}
	return unknown, nil
}
