//go:build unguarded

package guarantee

import (
	"os"
	"slices"
	"strings"
)

// Holds says whether a promise is to be kept: those that
// Variable lists are not.
func Holds(n Name) bool { return !slices.Contains(off, n) }

var off = parse(os.Getenv(Variable))

// parse panics on what is no promise: a test that it does not turn off would
// seem to test nothing.
func parse(list string) (names []Name) {
	for text := range strings.SplitSeq(list, ",") {
		if text == "" {
			continue
		}
		if !slices.Contains(Names(), Name(text)) {
			panic(Variable + ": there is no promise " + text)
		}
		names = append(names, Name(text))
	}
	return names
}
