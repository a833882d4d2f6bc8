package hosted

import (
	"fmt"
	"strings"
)

// Change is one Entry before and after. Old has to be exactly what the hosted
// zone holds: a provider that finds anything else makes no change of the whole
// Batch (compare-and-swap). Old empty: created. New empty: deleted.
type Change struct {
	Old, New Entry
}

// Key is the Entry's.
func (c Change) Key() Key {
	if c.New.IsEmpty() {
		return c.Old.Key
	}
	return c.New.Key
}

// String shows the Change to people.
func (c Change) String() string {
	switch {
	case c.Old.IsEmpty():
		return "create " + c.New.String()
	case c.New.IsEmpty():
		return "delete " + c.Old.String()
	}
	return fmt.Sprintf("replace %s by %s", c.Old, strings.TrimPrefix(c.New.String(), KeyString(c.New.Key)+" "))
}

// Batch is what a provider makes in one call: all of it or, on an error, nothing.
// No two Changes have the same Key. Their order means nothing: a provider makes them
// in whichever it has to, or all at once. The Batch is the caller's, who may make it
// again, or the half of it: Apply only reads Changes, and so sorts a copy.
type Batch struct {
	Changes []Change
	// Urgent batches go before others where a rate is shared: they take away what is
	// dead, and bring what is new.
	Urgent bool
	// Comment is for the provider's own log, where it keeps one; at most 256 octets.
	Comment string
}
