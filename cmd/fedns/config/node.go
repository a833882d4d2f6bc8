package config

import (
	"fmt"
	"iter"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is a place in the file: a YAML node and the field it belongs to.
type value struct {
	node *yaml.Node
	path string // clusters[2].name
}

// reader walks a document and collects what is wrong with it. It belongs to one
// call of Parse.
type reader struct {
	name   string // of the file, as errors show it
	dir    string // relative paths start here
	faults []*FieldError

	seen     map[string]value // by path: each known field that the file gives
	mappings map[string]value // by path, "" for the file itself: what is a mapping
}

func newReader(name, dir string) *reader {
	return &reader{name: name, dir: dir, seen: map[string]value{}, mappings: map[string]value{}}
}

// fault notes that something is wrong with v.
func (r *reader) fault(v value, format string, args ...any) {
	r.faultAt(v.node.Line, v.path, format, args...)
}

func (r *reader) faultAt(line int, path, format string, args ...any) {
	r.faults = append(r.faults, &FieldError{File: r.name, Line: line, Field: path, Text: fmt.Sprintf(format, args...)})
}

// want notes that v is not what it should be.
func (r *reader) want(v value, want string) {
	r.fault(v, "got %s, want %s", describe(v.node), want)
}

// fields yields the fields of the mapping v that are known. It notes unknown
// fields and fields given twice. A field without a value is as if left out:
// that is what remains when the lines below it are commented out.
func (r *reader) fields(v value) iter.Seq2[string, value] {
	return func(yield func(string, value) bool) {
		if v.node.Kind != yaml.MappingNode || !r.plain(v) {
			r.want(v, "a mapping")
			return
		}
		r.mappings[v.path] = v
		known := children[pattern(v.path)]
		first := map[string]int{}
		for i := 0; i+1 < len(v.node.Content); i += 2 {
			key, node := v.node.Content[i], v.node.Content[i+1]
			if key.Kind != yaml.ScalarNode {
				r.faultAt(key.Line, v.path, "got %s as a field's name, want one of %s", describe(key), strings.Join(known, ", "))
				continue
			}
			path := below(v.path, key.Value)
			if line, twice := first[key.Value]; twice {
				r.faultAt(key.Line, path, "given twice, first on line %d", line)
				continue
			}
			first[key.Value] = key.Line
			if !r.known(key, path, known) || isNull(node) {
				continue
			}
			field := value{node, path}
			r.seen[path] = field
			if !yield(key.Value, field) {
				return
			}
		}
	}
}

func (r *reader) known(key *yaml.Node, path string, known []string) bool {
	for _, k := range known {
		if k == key.Value {
			return true
		}
	}
	switch near := nearest(key.Value, known); {
	case near != "":
		r.faultAt(key.Line, clean(path), "unknown field, did you mean %s?", near)
	default:
		r.faultAt(key.Line, clean(path), "unknown field, want one of %s", strings.Join(known, ", "))
	}
	return false
}

// some notes that the list v is empty and should not be.
func (r *reader) some(v value, want string) {
	if v.node.Kind == yaml.SequenceNode && len(v.node.Content) == 0 {
		r.want(v, "at least "+want)
	}
}

// items yields the elements of the list v.
func (r *reader) items(v value, want string) iter.Seq[value] {
	return func(yield func(value) bool) {
		if v.node.Kind != yaml.SequenceNode || !r.plain(v) {
			r.want(v, want)
			return
		}
		for i, n := range v.node.Content {
			if !yield(value{n, fmt.Sprintf("%s[%d]", v.path, i)}) {
				return
			}
		}
	}
}

// text is the scalar v as it is written: a zone called 1e3 or no is taken at
// its word, not as a number or a truth value.
func (r *reader) text(v value, want string) (string, bool) {
	if v.node.Kind != yaml.ScalarNode || isNull(v.node) || v.node.Value == "" || !r.plain(v) {
		r.want(v, want)
		return "", false
	}
	return v.node.Value, true
}

// truth is the truth value v.
func (r *reader) truth(v value) bool {
	text, ok := r.text(v, "true or false")
	if ok && text != "true" && text != "false" {
		r.want(v, "true or false")
	}
	return text == "true"
}

// plain says that v is written out in place, without a tag of YAML's.
func (r *reader) plain(v value) bool { return v.node.Style&yaml.TaggedStyle == 0 }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// describe is a node in a few words, always on one line.
func describe(n *yaml.Node) string {
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		return "a value tagged " + clean(n.Tag)
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		return "an empty list"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case isNull(n):
		return "nothing"
	}
	return fmt.Sprintf("%q", short(n.Value))
}

// clean keeps a name from the file on one line.
func clean(s string) string {
	s = fmt.Sprintf("%q", short(s))
	return s[1 : len(s)-1]
}

// short cuts what would fill the screen: a whole certificate pasted at the
// wrong place.
func short(s string) string {
	const longest = 80
	if len(s) > longest {
		return s[:longest] + "…"
	}
	return s
}

// below is the path of a field within the mapping at path.
func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// pattern is path with indices left out: clusters[2].name becomes clusters[].name.
func pattern(path string) string {
	var b strings.Builder
	within := false
	for i := range len(path) {
		c := path[i]
		if c == ']' {
			within = false
		}
		if !within {
			b.WriteByte(c)
		}
		if c == '[' {
			within = true
		}
	}
	return b.String()
}
