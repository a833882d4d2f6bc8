// Package guarantee names what providers promises, and has each promise tested by
// its absence, as discovery/guarantee does for discovery: built with the tag
// unguarded, a program reads from $FEDNS_UNGUARDED_PROVIDERS which of them it does
// without. Without the tag Holds is the constant true.
//
// docs/guarantees.md tells of each promise what accident it comes from, which test
// proves it and where its guard is; a test in cmd/archtest holds that table to be
// complete, and one in integration/guarantee breaks each promise.
//
// It imports the standard library only.
package guarantee
