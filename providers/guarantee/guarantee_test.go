package guarantee

import "testing"

// TestHolds: a program that is built as usual keeps every promise.
func TestHolds(t *testing.T) {
	for _, n := range Names() {
		if !Holds(n) {
			t.Errorf("%s is not kept", n)
		}
	}
}
