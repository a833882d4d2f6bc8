package override

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fedns/fedns/federation/workload"
)

// container is one, and the pointer to it.
type container struct {
	fields map[string]any
	path   string
}

// containers are those of a workload: first those that prepare, then the others.
func containers(o *unstructured.Unstructured) ([]container, error) {
	kind := o.GroupVersionKind().GroupKind()
	at := workload.PodSpec(kind)
	if at == nil {
		return nil, fmt.Errorf("%s: where its containers are is not known; name the field's path", kind)
	}
	var all []container
	for _, list := range []string{"initContainers", "containers"} {
		path := append(slices.Clone(at), list)
		v, ok := lookup(o.Object, path)
		items, isList := v.([]any)
		if ok && !isList {
			return nil, fmt.Errorf("%s: is no list", pointer(path))
		}
		for i, item := range items {
			fields, ok := item.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s/%d: is no container", pointer(path), i)
			}
			all = append(all, container{fields: fields, path: fmt.Sprintf("%s/%d", pointer(path), i)})
		}
	}
	return all, nil
}

// arguments changes a list of words of a container: args or command.
func arguments(o *unstructured.Unstructured, list string, a Arguments) error {
	all, err := containers(o)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(c container) bool { return c.fields["name"] == a.Container })
	if i < 0 {
		return fmt.Errorf("container %q: there is none", a.Container)
	}
	words, ok := all[i].fields[list].([]any)
	if !ok && all[i].fields[list] != nil {
		return fmt.Errorf("%s/%s: is no list", all[i].path, list)
	}
	switch a.Op {
	case Add:
		words = slices.Clone(words)
		for _, v := range a.Values {
			words = append(words, v)
		}
	case Remove:
		words = slices.DeleteFunc(slices.Clone(words), func(w any) bool {
			text, ok := w.(string)
			return ok && slices.Contains(a.Values, text)
		})
	default:
		return fmt.Errorf("%s of container %q: op %q: must be add or remove", list, a.Container, a.Op)
	}
	if len(words) == 0 {
		delete(all[i].fields, list)
		return nil
	}
	all[i].fields[list] = words
	return nil
}
