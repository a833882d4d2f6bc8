package finding

import (
	"fmt"
	"slices"
	"strings"
)

// Finding is something in an object that people should know of and that holds
// nothing up by itself.
type Finding struct {
	Object string // PropagationPolicy shop/web
	Field  string // spec.schedulerName; empty: all of it
	Text   string
}

// String is the finding as a line.
func (f Finding) String() string {
	if f.Field == "" {
		return fmt.Sprintf("%s: %s", f.Object, f.Text)
	}
	return fmt.Sprintf("%s: %s: %s", f.Object, f.Field, f.Text)
}

// Sort sorts findings by their lines, in place.
func Sort(all []Finding) {
	slices.SortFunc(all, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
}
