package override

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// metadata changes labels or annotations.
func metadata(o *unstructured.Unstructured, field string, c Metadata) error {
	all, _, err := unstructured.NestedStringMap(o.Object, "metadata", field)
	if err != nil {
		return err
	}
	if all == nil {
		all = map[string]string{}
	}
	for key, value := range c.Values {
		_, there := all[key]
		switch c.Op {
		case Add:
			all[key] = value
		case Replace:
			if there {
				all[key] = value
			}
		case Remove:
			delete(all, key)
		default:
			return fmt.Errorf("metadata.%s: op %q: must be add, remove or replace", field, c.Op)
		}
	}
	if len(all) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
		return nil
	}
	return unstructured.SetNestedStringMap(o.Object, all, "metadata", field)
}
