// Package guarantee names what providers promises, and has each promise tested by
// its absence, as discovery/guarantee does for discovery: built with the tag
// unguarded, a program reads from $FEDNS_UNGUARDED which of them it does without.
// Without the tag Holds is the constant true.
//
// docs/guarantees.md tells of each promise what accident it comes from, and which
// test proves it. It imports the standard library only.
package guarantee
