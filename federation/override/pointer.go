package override

import (
	"fmt"
	"strconv"
	"strings"
)

// split is the tokens of a JSON pointer (RFC 6901 §3, §4).
func split(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, t := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
	}
	return tokens
}

// pointer is the JSON pointer of tokens.
func pointer(tokens []string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(t))
	}
	return b.String()
}

// lookup follows tokens into a value.
func lookup(v any, tokens []string) (any, bool) {
	for _, t := range tokens {
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[t]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(t)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// put sets what a pointer leads to, which is there, to another text.
func put(v any, pointer, text string) error {
	tokens := split(pointer)
	if len(tokens) == 0 {
		return fmt.Errorf("path %q: leads to the whole object", pointer)
	}
	parent, _ := lookup(v, tokens[:len(tokens)-1])
	last := tokens[len(tokens)-1]
	switch in := parent.(type) {
	case map[string]any:
		in[last] = text
		return nil
	case []any:
		if i, err := strconv.Atoi(last); err == nil && i >= 0 && i < len(in) {
			in[i] = text
			return nil
		}
	}
	return fmt.Errorf("path %q: there is nothing", pointer)
}
