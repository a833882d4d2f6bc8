package members

import (
	"fmt"
	"strings"
)

// object is one as it is at a version. It is not changed: what changes it makes
// another one.
type object struct {
	form       *form
	manager    string
	version    uint64
	generation int32
	uid        uint32
	applied    bool // it is owned by an apply; otherwise by its creation
}

// created is when every object was: nobody here looks at it.
const created = "2026-01-01T00:00:00Z"

func (o *object) uidText(m *Member) string {
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", o.uid, m.number)
}

// write writes the object of a member as an API server answers it, in its order of
// fields; metadata alone when partial.
func (o *object) write(b *strings.Builder, m *Member, apiVersion string, partial bool) {
	operation := "Update"
	if o.applied {
		operation = "Apply"
	}
	head := o.form.head
	if partial {
		_, name, _ := strings.Cut(head, `"metadata":`)
		head = `"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":` + name
	}
	fmt.Fprintf(b, `{%s,"uid":%q,"resourceVersion":"%d","generation":%d,"creationTimestamp":%q%s,"managedFields":[{"manager":%q,"operation":%q,"apiVersion":%q,"time":%q,"fieldsType":"FieldsV1","fieldsV1":%s}]}`,
		head, o.uidText(m), o.version, o.generation, created, o.form.meta, o.manager, operation, apiVersion, created, o.form.fields)
	if !partial {
		b.WriteString(o.form.rest)
	}
	if !partial && o.form.status != "" {
		fmt.Fprintf(b, `,"status":{"observedGeneration":%d,%s}`, o.generation, o.form.status)
	}
	b.WriteByte('}')
}

// selected says whether a label selector of one equation, or an empty one, selects it.
func (o *object) selected(selector string) bool {
	if o == nil {
		return false
	}
	key, value, ok := strings.Cut(selector, "=")
	if !ok {
		return selector == "" || o.form.labels[key] != ""
	}
	return o.form.labels[key] == strings.TrimPrefix(value, "=")
}
