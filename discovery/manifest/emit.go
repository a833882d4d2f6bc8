package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth is deeper than any Kubernetes object, and stops an alias that
	// contains itself.
	maxDepth = 64
	// maxJSON stops aliases of aliases of aliases, which make gigabytes out of
	// a few lines. An object in etcd has at most 1.5 MB.
	maxJSON = 2 << 20
	// maxMerges stops the same thing done with merge keys.
	maxMerges = 10_000
)

// emitter writes a tree as JSON, for the strict decoder of Kubernetes, and
// remembers where in the file each value came from.
type emitter struct {
	buf   bytes.Buffer
	marks []mark // in order of offset

	merges int // maps looked through for merge keys
}

// mark says which field the JSON value at offset is.
type mark struct {
	offset int
	line   int // of its key, or of itself in a list
	path   string
}

// emit writes object's JSON.
func emit(object *yaml.Node) (*emitter, *Finding) {
	e := &emitter{}
	return e, e.value(object, object.Line, "", 0)
}

// line is where the field at path stands; the closest one above it when it is not there.
func (e *emitter) line(path string) int {
	for {
		for _, m := range e.marks {
			if m.path == path {
				return m.line
			}
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return e.marks[0].line
		}
		path = path[:cut]
	}
}

// before is the field whose value starts last before offset.
func (e *emitter) before(offset int64) mark {
	last := e.marks[0]
	for _, m := range e.marks {
		if int64(m.offset) < offset {
			last = m
		}
	}
	return last
}

func (e *emitter) value(n *yaml.Node, line int, path string, depth int) *Finding {
	if n = resolved(n); n == nil || depth > maxDepth || e.buf.Len() > maxJSON {
		return &Finding{Line: line, Field: path, Problem: fmt.Sprintf("want at most %d levels and %d MB with all aliases expanded", maxDepth, maxJSON>>20)}
	}
	e.marks = append(e.marks, mark{e.buf.Len(), line, path})
	switch n.Kind {
	case yaml.MappingNode:
		return e.mapping(n, path, depth)
	case yaml.SequenceNode:
		e.buf.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				e.buf.WriteByte(',')
			}
			if f := e.value(item, item.Line, fmt.Sprintf("%s[%d]", path, i), depth+1); f != nil {
				return f
			}
		}
		e.buf.WriteByte(']')
		return nil
	}
	return e.scalar(n, line, path)
}

func (e *emitter) mapping(n *yaml.Node, path string, depth int) *Finding {
	keys, values, f := e.pairs(n, path)
	if f != nil {
		return f
	}
	e.buf.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		e.quote(key.Value)
		e.buf.WriteByte(':')
		if f := e.value(values[i], key.Line, below(path, key.Value), depth+1); f != nil {
			return f
		}
	}
	e.buf.WriteByte('}')
	return nil
}

// pairs lists a mapping's keys and values, those of merge keys (<<) behind its
// own, and finds keys that come twice.
func (e *emitter) pairs(n *yaml.Node, path string) (keys, values []*yaml.Node, f *Finding) {
	seen := map[string]bool{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolved(n.Content[i]), n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			return nil, nil, &Finding{Line: n.Content[i].Line, Field: path, Problem: "want text for a key"}
		case key.ShortTag() == "!!merge":
			merged = append(merged, value)
			continue
		case seen[key.Value]:
			return nil, nil, &Finding{Line: n.Content[i].Line, Field: below(path, key.Value), Problem: "want this field once; it is there twice"}
		}
		seen[key.Value] = true
		keys, values = append(keys, key), append(values, value)
	}
	for len(merged) > 0 {
		if e.merges++; e.merges > maxMerges {
			return nil, nil, &Finding{Line: n.Line, Field: path, Problem: fmt.Sprintf("want at most %d merges (<<) in an object, and none of a map into itself", maxMerges)}
		}
		from := resolved(merged[0])
		merged = merged[1:]
		if from.Kind == yaml.SequenceNode && len(merged) == 0 {
			merged = from.Content
			continue
		}
		if from.Kind != yaml.MappingNode {
			return nil, nil, &Finding{Line: from.Line, Field: path, Problem: "want a map, or a list of maps, behind a merge key (<<)"}
		}
		more, moreValues, f := e.pairs(from, path)
		if f != nil {
			return nil, nil, f
		}
		for i, key := range more {
			if !seen[key.Value] {
				seen[key.Value] = true
				keys, values = append(keys, key), append(values, moreValues[i])
			}
		}
	}
	return keys, values, nil
}

// yaml11 are the plain scalars that kubectl takes for true and false and
// YAML 1.2 does not.
var yaml11 = map[string]bool{
	"y": true, "Y": true, "yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true,
	"n": false, "N": false, "no": false, "No": false, "NO": false, "off": false, "Off": false, "OFF": false,
}

const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle

func (e *emitter) scalar(n *yaml.Node, line int, path string) *Finding {
	bad := func(want string) *Finding {
		return &Finding{Line: line, Field: path, Problem: "want " + want + ", got " + strconv.Quote(n.Value)}
	}
	switch n.ShortTag() {
	case "!!null":
		e.buf.WriteString("null")
	case "!!bool":
		var v bool
		if n.Decode(&v) != nil {
			return bad("true or false")
		}
		e.buf.WriteString(strconv.FormatBool(v))
	case "!!int":
		var v int64
		if n.Decode(&v) != nil {
			return bad("a whole number of 64 bits")
		}
		e.buf.WriteString(strconv.FormatInt(v, 10))
	case "!!float":
		var v float64
		if n.Decode(&v) != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return bad("a number")
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return bad("a number")
		}
		e.buf.Write(raw)
	default:
		if v, ok := yaml11[n.Value]; ok && n.Style&quoted == 0 {
			e.buf.WriteString(strconv.FormatBool(v))
		} else {
			e.quote(n.Value)
		}
	}
	return nil
}

func (e *emitter) quote(s string) {
	raw, _ := json.Marshal(s) // a string always has a form in JSON
	e.buf.Write(raw)
}

// below is the path of a field in the form Kubernetes' decoder uses.
func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
