package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// FieldError is one fault in a configuration file. The error of Load and Parse
// joins one or more of them, in the order of their lines.
type FieldError struct {
	File  string
	Line  int    // from 1; 0: the file as a whole
	Field string // clusters[2].name; empty: no field in particular
	Text  string // one line
}

// Error is FILE:LINE: FIELD: TEXT, without what is unknown.
func (e *FieldError) Error() string {
	s := e.File + ": "
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d: ", e.File, e.Line)
	}
	if e.Field != "" {
		s += e.Field + ": "
	}
	return s + e.Text
}

// join puts faults in the order of their lines; nil when there are none.
func join(faults []*FieldError) error {
	slices.SortStableFunc(faults, func(a, b *FieldError) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(faults))
	for i, f := range faults {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// nearest is the candidate that differs from word by the fewest edits; empty
// when none is close enough to be meant.
func nearest(word string, candidates []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b in octets, letter case left out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if lower(a[i]) != lower(b[j]) {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
