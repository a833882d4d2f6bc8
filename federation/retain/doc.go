// Package retain keeps in an object what belongs to the cluster it is in: fields
// that its API server or its controllers have filled in and that a template cannot
// know, or may not change. Server-side apply leaves alone what is not stated; this
// is for what a template states and should not, and for what would fall back to its
// default if it were stated once and then no longer. A pure function.
package retain
