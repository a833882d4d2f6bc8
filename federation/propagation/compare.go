package propagation

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// mostDifferences are as many as are looked at: more would say no more.
const mostDifferences = 32

// differences are fields that are stated and are otherwise in a member, as
// path=value there.
type differences []string

// compare says where live is not as want states. Fields that want does not state
// do not count. A field that is otherwise and still ours (owned, of managedFields)
// is no difference: whoever changes it takes it from us, so it is what the API server
// made of what we stated, by its own form of it or by admission. Of those, made has the
// paths.
func compare(want, live *unstructured.Unstructured, owned map[string]any) (d differences, made []string) {
	c := &comparison{}
	for k, v := range want.Object {
		switch k {
		case "apiVersion", "kind":
		case "metadata":
			w, _ := v.(map[string]any)
			l, _ := live.Object[k].(map[string]any)
			o := child(owned, "f:metadata")
			for _, part := range []string{"labels", "annotations", "finalizers", "ownerReferences"} {
				if w[part] != nil {
					c.value("metadata."+part, w[part], l[part], child(o, "f:"+part))
				}
			}
		default:
			c.value(k, v, live.Object[k], child(owned, "f:"+k))
		}
	}
	return c.found, c.made
}

type comparison struct {
	found differences
	made  []string
}

func (c *comparison) differ(path string, live any) {
	if len(c.found) < mostDifferences {
		text, _ := json.Marshal(live)
		c.found = append(c.found, path+"="+string(text))
	}
}

// value compares at a path. owned is nil where the field is not ours. Where it is,
// and is a map or a list, that says nothing of what is in it: managedFields has the
// same for one that is ours as a whole and one of which nothing is ours any more.
func (c *comparison) value(path string, want, live any, owned map[string]any) {
	switch w := want.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			if !empty(w) || live != nil {
				c.differ(path, live)
			}
			return
		}
		for k, v := range w {
			if path == "metadata.annotations" && k == AnnotationTerm {
				continue // whoever led then, it is right now
			}
			c.value(path+"."+k, v, l[k], child(owned, "f:"+k))
		}
	case []any:
		l, ok := live.([]any)
		if !ok {
			if !empty(w) || live != nil {
				c.differ(path, live)
			}
			return
		}
		c.list(path, w, l, owned)
	default:
		if owned != nil && live != nil && !compound(live) {
			// Nobody has taken it from us.
			if want != live && !same(path, want, live) && len(c.made) < mostDifferences {
				c.made = append(c.made, path)
			}
			return
		}
		if !same(path, want, live) {
			c.differ(path, live)
		}
	}
}

func compound(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// list compares lists. In one whose items have owners of their own, others may
// have items too.
func (c *comparison) list(path string, want, live []any, owned map[string]any) {
	if !parted(owned) {
		if len(want) != len(live) {
			c.differ(path, live)
			return
		}
		for i := range want {
			c.value(fmt.Sprintf("%s[%d]", path, i), want[i], live[i], nil)
		}
		return
	}
	for i, w := range want {
		at := fmt.Sprintf("%s[%d]", path, i)
		node, keys := owner(w, owned)
		found := false
		for _, l := range live {
			if matches(w, l, keys) {
				c.value(at, w, l, node)
				found = true
				break
			}
		}
		if !found {
			c.differ(at, nil)
		}
	}
}

// parted says that a list's items are owned one by one.
func parted(owned map[string]any) bool {
	for k := range owned {
		if strings.HasPrefix(k, "k:") || strings.HasPrefix(k, "v:") {
			return true
		}
	}
	return false
}

// owner finds the node of managedFields that is of an item, and the keys the item
// is known by. keys is nil where items are plain values, or the item is not ours.
func owner(item any, owned map[string]any) (node map[string]any, keys []string) {
	m, isMap := item.(map[string]any)
	if !isMap {
		return nil, nil
	}
	for k := range owned {
		text, ok := strings.CutPrefix(k, "k:")
		if !ok {
			continue
		}
		key := map[string]any{}
		if json.Unmarshal([]byte(text), &key) != nil {
			continue
		}
		fits := true
		keys = keys[:0]
		for name, v := range key {
			keys = append(keys, name)
			// What the item leaves out has been defaulted in the key.
			fits = fits && (m[name] == nil || fmt.Sprint(m[name]) == fmt.Sprint(v))
		}
		if fits {
			return child(owned, k), keys
		}
	}
	return nil, keys
}

func matches(want, live any, keys []string) bool {
	w, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(want, live)
	}
	l, ok := live.(map[string]any)
	if !ok {
		return false
	}
	for _, k := range keys {
		if w[k] != nil && fmt.Sprint(w[k]) != fmt.Sprint(l[k]) {
			return false
		}
	}
	return len(keys) > 0
}

func child(owned map[string]any, key string) map[string]any {
	if owned == nil {
		return nil
	}
	node, _ := owned[key].(map[string]any)
	return node
}

// same compares single values. What is empty may be left out, and amounts may be
// written in several ways.
func same(path string, want, live any) bool {
	if live == nil {
		return empty(want)
	}
	if reflect.DeepEqual(want, live) {
		return true
	}
	if x, ok := number(want); ok {
		if y, ok := number(live); ok {
			return x == y
		}
	}
	if !amount(path) {
		return false
	}
	x, err := resource.ParseQuantity(fmt.Sprint(want))
	if err != nil {
		return false
	}
	y, err := resource.ParseQuantity(fmt.Sprint(live))
	return err == nil && x.Cmp(y) == 0
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// amount says that a field of Kubernetes' own kinds may hold a quantity. Elsewhere
// "1.10" and "1.1" are two things: an image's tags, say.
func amount(path string) bool {
	for _, part := range []string{".limits.", ".requests.", ".capacity.", ".hard.", ".overhead.", ".max.", ".min.", ".default.", ".defaultRequest.", ".maxLimitRequestRatio."} {
		if strings.Contains(path, part) && !strings.HasPrefix(path, "metadata.") {
			return true
		}
	}
	for _, end := range []string{".sizeLimit", ".divisor", ".averageValue"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

// empty says that a value is as if it were left out.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case int64:
		return v == 0
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, inner := range v {
			if !empty(inner) {
				return false
			}
		}
		return true
	}
	return false
}

// mostShown is how much of a value is shown: nobody reads a list of Pods in a message.
const mostShown = 100

// shown is a difference for people; of what is secret only where it is.
func shown(difference string, secret bool) string {
	path, value, _ := strings.Cut(difference, "=")
	switch {
	case secret:
		return path
	case len(value) > mostShown:
		value = strings.ToValidUTF8(value[:mostShown], "") + "…"
	}
	return path + "=" + value
}

// mostFields are named in a message.
const mostFields = 8

// fields names, sorted, where an object is otherwise than stated.
func fields(d differences, made []string) string {
	all := slices.Clone(made)
	for _, one := range d {
		path, _, _ := strings.Cut(one, "=")
		all = append(all, path)
	}
	slices.Sort(all)
	if n := len(all) - mostFields; n > 0 {
		all = append(all[:mostFields], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(all, ", ")
}

// sum tells differences from others, whatever their order.
func (d differences) sum() uint64 {
	var all uint64
	for _, one := range d {
		h := fnv.New64a()
		_, _ = h.Write([]byte(one))
		all += h.Sum64()
	}
	return all
}
