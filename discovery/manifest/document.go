package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// documents parses a file into the trees of its documents, each node with its
// line. JSON has its own parser, for YAML does not take all of it.
func documents(content []byte, isJSON bool) ([]*yaml.Node, *Finding) {
	if isJSON {
		return jsonDocuments(content)
	}
	var docs []*yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(content))
	for {
		doc := &yaml.Node{}
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, yamlFinding(err)
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
			docs = append(docs, doc.Content[0])
		}
	}
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlFinding takes the line out of the parser's text, the only place it has it.
func yamlFinding(err error) *Finding {
	f := &Finding{Problem: "want YAML: " + err.Error()}
	if m := yamlLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " ")); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		f.Problem = "want YAML: " + m[2]
	}
	return f
}

func jsonDocuments(content []byte) ([]*yaml.Node, *Finding) {
	p := &jsonParser{dec: json.NewDecoder(bytes.NewReader(content))}
	p.dec.UseNumber()
	for i, c := range content {
		if c == '\n' {
			p.newlines = append(p.newlines, i)
		}
	}
	var docs []*yaml.Node
	for {
		doc, err := p.value(0)
		if errors.Is(err, io.EOF) && doc == nil {
			return docs, nil
		}
		if err != nil {
			offset := p.dec.InputOffset()
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				offset = syntax.Offset
			}
			return nil, &Finding{Line: p.line(offset), Problem: "want JSON: " + err.Error()}
		}
		docs = append(docs, doc)
	}
}

// jsonParser makes of JSON the tree that YAML gives.
type jsonParser struct {
	dec      *json.Decoder
	newlines []int // offsets
}

func (p *jsonParser) line(offset int64) int {
	return 1 + sort.SearchInts(p.newlines, int(offset))
}

// value reads one value. Its error is io.EOF where there is none at all.
func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	token, err := p.dec.Token()
	if err != nil {
		if depth > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: p.line(p.dec.InputOffset() - 1)}
	switch token := token.(type) {
	case json.Delim:
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		if token == '{' {
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
		}
		for p.dec.More() {
			child, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		if _, err := p.dec.Token(); err != nil { // the closing one
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	case string:
		n.Tag, n.Value, n.Style = "!!str", token, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!float", token.String()
		if !strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!int"
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(token)
	case nil:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}

// field finds a key of a mapping; nil: it is not there, or n is no mapping.
func field(n *yaml.Node, key string) *yaml.Node {
	n = resolved(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolved(n.Content[i+1])
		}
	}
	return nil
}

// text is the value of a scalar field; empty where there is none.
func text(n *yaml.Node, path ...string) string {
	for _, key := range path {
		n = field(n, key)
	}
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}

// resolved follows an alias to what it stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
