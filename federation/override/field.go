package override

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// field changes the document that a field's text is. YAML loses its comments and
// the order of its keys: what is kept is what it says.
func field(o *unstructured.Unstructured, f Field) error {
	v, ok := lookup(o.Object, split(f.Path))
	text, isText := v.(string)
	switch {
	case !ok:
		return fmt.Errorf("field %s: there is none", f.Path)
	case !isText:
		return fmt.Errorf("field %s: is no text", f.Path)
	case len(f.JSON) > 0 && len(f.YAML) > 0:
		return errors.New("field " + f.Path + ": is either JSON or YAML")
	}
	document := []byte(text)
	if len(f.YAML) > 0 {
		var err error
		if document, err = yaml.YAMLToJSONStrict(document); err != nil {
			return fmt.Errorf("field %s: %w", f.Path, err)
		}
	}
	document, err := patchText(document, append(f.JSON, f.YAML...))
	if err != nil {
		return fmt.Errorf("field %s: %w", f.Path, err)
	}
	if len(f.YAML) > 0 {
		if document, err = yaml.JSONToYAML(document); err != nil {
			return fmt.Errorf("field %s: %w", f.Path, err)
		}
	}
	return put(o.Object, f.Path, string(document))
}
