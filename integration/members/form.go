package members

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// form is an object as it was stated, without what an API server adds: members that
// are given the same share one. It is not changed once it is made.
type form struct {
	head        string // kind, version, and the first of its metadata, as they stand first
	meta        string // of the other metadata, what stands between the braces
	rest        string // of the object without head, metadata and status, likewise
	status      string // what a controller would make of it at once; empty: nothing
	spec        string // a digest of what has a generation
	fields      string // FieldsV1
	namespace   string
	name        string
	labels      map[string]string
	annotations map[string]string
}

// stated is what a client sent, with what it expects to be there.
type stated struct {
	*form
	version, uid string
}

// read makes a form of what was sent; the same text makes the same form.
func (f *Fleet) read(text []byte) (stated, error) {
	var o map[string]json.RawMessage
	var m map[string]json.RawMessage
	if err := json.Unmarshal(text, &o); err != nil {
		return stated{}, fmt.Errorf("read the object: %w", err)
	}
	if err := json.Unmarshal(o["metadata"], &m); err != nil {
		return stated{}, fmt.Errorf("read its metadata: %w", err)
	}
	var s stated
	s.version, s.uid = word(m["resourceVersion"]), word(m["uid"])
	for _, own := range []string{"resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"} {
		delete(m, own)
	}
	delete(o, "metadata")
	delete(o, "status")
	meta, rest := inside(m), inside(o)
	key := meta + "\n" + rest
	f.mu.Lock()
	s.form = f.forms[key]
	f.mu.Unlock()
	if s.form != nil {
		return s, nil
	}
	s.form = &form{spec: string(o["spec"]), name: word(m["name"]), namespace: word(m["namespace"])}
	s.form.head = fmt.Sprintf(`"kind":%q,"apiVersion":%q,"metadata":{"name":%q`, word(o["kind"]), word(o["apiVersion"]), s.form.name)
	if s.form.namespace != "" {
		s.form.head += fmt.Sprintf(`,"namespace":%q`, s.form.namespace)
	}
	for key, into := range map[string]*map[string]string{"labels": &s.labels, "annotations": &s.annotations} {
		if raw := m[key]; raw != nil {
			if err := json.Unmarshal(raw, into); err != nil {
				return s, fmt.Errorf("read its %s: %w", key, err)
			}
		}
	}
	isDeployment := word(o["kind"]) == "Deployment"
	for _, first := range []string{"kind", "apiVersion"} {
		delete(o, first)
	}
	for _, first := range []string{"name", "namespace"} {
		delete(m, first)
	}
	s.form.meta, s.form.rest = leading(inside(m)), leading(inside(o))
	fields, err := fieldsOf(m, o)
	if err != nil {
		return s, err
	}
	s.fields = fields
	if isDeployment {
		s.status = ready(o["spec"])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forms[key] = s.form
	return s, nil
}

// word is a string of JSON, empty if it is none.
func word(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s)
	return s
}

// inside is an object's text without its braces, its keys in order.
func inside(o map[string]json.RawMessage) string {
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", key, o[key])
	}
	return b.String()
}

// leading puts a comma before a text that is not empty.
func leading(text string) string {
	if text == "" {
		return ""
	}
	return "," + text
}

// fieldsOf says in the form of FieldsV1 what was stated.
func fieldsOf(meta, rest map[string]json.RawMessage) (string, error) {
	all := map[string]any{}
	metaFields := map[string]any{}
	for into, from := range map[*map[string]any]map[string]json.RawMessage{&all: rest, &metaFields: meta} {
		for key, raw := range from {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				return "", err
			}
			(*into)["f:"+key] = fieldOf(v)
		}
	}
	all["f:metadata"] = metaFields
	text, err := json.Marshal(all)
	return string(text), err
}

func fieldOf(v any) map[string]any {
	out := map[string]any{}
	if m, ok := v.(map[string]any); ok {
		for key, v := range m {
			out["f:"+key] = fieldOf(v)
		}
	}
	return out
}

// ready is the status of a Deployment whose Pods run.
func ready(spec json.RawMessage) string {
	s := struct{ Replicas *int }{}
	_ = json.Unmarshal(spec, &s) // one that cannot be read has one replica
	n := 1
	if s.Replicas != nil {
		n = *s.Replicas
	}
	return fmt.Sprintf(`"replicas":%[1]d,"updatedReplicas":%[1]d,"readyReplicas":%[1]d,"availableReplicas":%[1]d`, n)
}
