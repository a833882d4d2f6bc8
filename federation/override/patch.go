package override

import (
	"encoding/json"
	"fmt"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
)

// operation is how RFC 6902 writes a Patch.
type operation struct {
	Op    Op              `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

// patch makes operations of a JSON patch in an object.
func patch(o *unstructured.Unstructured, ops []Patch) error {
	text, err := o.MarshalJSON()
	if err != nil {
		return err
	}
	if text, err = patchText(text, ops); err != nil {
		return err
	}
	changed := map[string]any{}
	if err := unmarshal(text, &changed); err != nil {
		return fmt.Errorf("after the patch it is no object any more: %w", err)
	}
	o.Object = changed
	return nil
}

// patchText makes operations of a JSON patch in a document. An object that a path
// leads into and that is not there is made for Add and Replace, as users of
// KubeFed and Karmada expect of annotations and labels; Remove of what is not there
// changes nothing.
func patchText(document []byte, ops []Patch) ([]byte, error) {
	for _, p := range ops {
		if err := p.check(); err != nil {
			return nil, err
		}
		changed, err := patchOnce(document, p)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", p.Op, p.Path, err)
		}
		document = changed
	}
	return document, nil
}

// check says what is wrong with a patch as such.
func (p Patch) check() error {
	switch {
	case p.Path != "" && !strings.HasPrefix(p.Path, "/"):
		return fmt.Errorf("%s %q: a path begins with a slash (RFC 6901)", p.Op, p.Path)
	case p.Op != Add && p.Op != Remove && p.Op != Replace:
		return fmt.Errorf("op %q: must be add, remove or replace", p.Op)
	case p.Op != Remove && len(p.Value) == 0:
		return fmt.Errorf("%s %s: a value is needed", p.Op, p.Path)
	}
	return nil
}

// patchOnce makes one operation.
func patchOnce(document []byte, p Patch) ([]byte, error) {
	var v any
	if err := unmarshal(document, &v); err != nil {
		return nil, err
	}
	op := operation(p)
	tokens := split(p.Path)
	if _, there := lookup(v, tokens); op.Op == Replace && !there {
		op.Op = Add // a field that is left out has its default: to replace it is to set it
	}
	if op.Op == Remove {
		op.Value = nil
	}
	ops := []operation{op}
	if op.Op == Add {
		ops = append(missing(v, tokens), op)
	}
	text, err := json.Marshal(ops)
	if err != nil {
		return nil, err
	}
	decoded, err := jsonpatch.DecodePatch(text)
	if err != nil {
		return nil, err
	}
	options := jsonpatch.NewApplyOptions()
	options.AllowMissingPathOnRemove = true
	options.SupportNegativeIndices = false
	return decoded.ApplyWithOptions(document, options)
}

// missing are operations that make the objects which a pointer leads through and
// which are not there. Lists are not made: what their other elements would be,
// nobody said.
func missing(v any, tokens []string) (ops []operation) {
	for i := 1; i < len(tokens); i++ {
		if _, there := lookup(v, tokens[:i]); there {
			continue
		}
		if len(ops) == 0 {
			parent, _ := lookup(v, tokens[:i-1])
			if _, ok := parent.(map[string]any); !ok {
				return nil
			}
		}
		ops = append(ops, operation{Op: Add, Path: pointer(tokens[:i]), Value: json.RawMessage("{}")})
	}
	return ops
}

// unmarshal reads JSON as unstructured objects hold it: integers as int64, and
// keys as they are written.
func unmarshal(text []byte, into any) error {
	return kjson.UnmarshalCaseSensitivePreserveInts(text, into)
}
