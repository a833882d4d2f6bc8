// Package guarantee names what discovery promises, and has each promise tested
// by its absence: built with the tag unguarded, a program reads from
// $FEDNS_UNGUARDED_DISCOVERY which of them it does without. A test that passes
// then tests nothing.
//
//	if m.GetResourceVersion() == "" && guarantee.Holds(guarantee.ListsHaveVersions) {
//
// Holds stands in the very line that is the guard. Where a promise is kept
// by something not being done, what must not be done stands behind
// !Holds, so that it can be. Without the tag Holds is the constant true: neither
// a branch nor the variable is in the daemon.
//
// docs/guarantees.md tells of each promise what accident it comes from, which
// test proves it and where its guard is; a test in cmd/archtest holds that table
// to be complete, and one in integration/guarantee breaks each promise.
//
// It imports the standard library only.
package guarantee
