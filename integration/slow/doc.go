// Package slow holds the test of what one slow cluster costs all others, which is
// nothing. It counts seconds, so nothing else runs while it does: see ALONE in the
// Makefile.
package slow
