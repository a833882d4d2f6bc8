package override

import (
	"encoding/json"

	"github.com/fedns/fedns/federation/placement"
)

// Rule changes a template for the clusters that Target selects. Rules are applied
// in order, and the Changes of each in order.
type Rule struct {
	Origin  string // what states it, for errors: OverridePolicy default/example-override, rule 0
	Target  placement.Affinity
	Changes []Change
}

// Op is what a change does.
type Op string

// All Ops.
const (
	Add     Op = "add"
	Remove  Op = "remove"
	Replace Op = "replace"
)

// Change is one of its fields.
type Change struct {
	Patch   *Patch
	Image   *Image
	Args    *Arguments // of args
	Command *Arguments // of command
	Labels  *Metadata
	Annots  *Metadata
	Field   *Field
}

// Patch is an operation of a JSON patch (RFC 6902).
type Patch struct {
	Op    Op
	Path  string          // a JSON pointer (RFC 6901)
	Value json.RawMessage // not for Remove
}

// Component is a part of an image's name.
type Component string

// All Components.
const (
	Registry   Component = "Registry"
	Repository Component = "Repository"
	Tag        Component = "Tag" // or digest
)

// Image changes a part of images' names: at Path, or, without one, of all
// containers of the kinds of workloads that are known.
type Image struct {
	Path      string
	Component Component
	Op        Op
	Value     string
}

// Arguments changes what a container is started with.
type Arguments struct {
	Container string
	Op        Op // Add appends, Remove takes out those that equal one of Values
	Values    []string
}

// Metadata changes labels or annotations. Replace changes only what is there.
type Metadata struct {
	Op     Op
	Values map[string]string
}

// Field changes a document, in JSON or YAML, that is the text of a field (a key of
// a ConfigMap, say).
type Field struct {
	Path string // of the field whose text is the document
	JSON []Patch
	YAML []Patch
}
