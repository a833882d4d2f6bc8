package manifest

import (
	"fmt"
	"strings"
)

// Finding is what is wrong at one place of a manifest, for people.
type Finding struct {
	File    string // path
	Line    int    // 1-based; 0: unknown
	Object  string // kind namespace/name; empty: none yet
	Field   string // as in spec.ports[0].port; empty: the object itself
	Problem string // what was expected
}

// Error is one line: file:line: object: field: problem.
func (f *Finding) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	for _, s := range []string{f.Object, f.Field, f.Problem} {
		if s != "" {
			b.WriteString(": " + strings.Join(strings.Fields(s), " "))
		}
	}
	return b.String()
}
